//! Addresses.

use super::Printer;
use super::integer::Integer;
use crate::fault::Outcome;

/// Go prints where a value is in memory, which is another place in each run. Here everything is in the same place.
pub(super) const ADDRESS: u64 = 0xc0_0001_0000;

/// Verbs for addresses.
pub(super) const VERBS: &str = "vpbodxX";

impl Printer<'_> {
    /// An address, zero for nil.
    pub(super) fn pointer(&mut self, type_name: &str, address: u64, verb: char) -> Outcome<()> {
        match verb {
            'v' if self.flags.sharp_v => {
                self.push(format!("({type_name})(").as_bytes())?;
                if address == 0 {
                    self.push(b"nil")?;
                } else {
                    self.hex(address, true)?;
                }
                self.push(b")")
            }
            _ if !VERBS.contains(verb) => {
                self.push(format!("%!{verb}({type_name}=").as_bytes())?;
                self.pointer(type_name, address, 'v')?;
                self.push(b")")
            }
            'v' if address == 0 => self.pad(b"<nil>"),
            'v' | 'p' => self.hex(address, !self.flags.sharp),
            _ => self.integer(Integer::unsigned(address), verb),
        }
    }
}
