//! What stands between `%` and the verb.

#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are Go's flags, one a character"
)]
pub(super) struct Flags {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`: structs with the names of their fields. Then `plus` is not set.
    pub(super) plus_v: bool,
    /// `%#v`: Go's syntax. Then `sharp` is not set.
    pub(super) sharp_v: bool,
}

impl Flags {
    pub(super) fn set(&mut self, flag: u8) -> bool {
        match flag {
            b'#' => self.sharp = true,
            b'0' => self.zero = true,
            b'+' => self.plus = true,
            b'-' => self.minus = true,
            b' ' => self.space = true,
            _ => return false,
        }
        true
    }

    /// For `%v`, whose plus and sharp mean something of their own.
    pub(super) fn turn_to_value(&mut self) {
        self.plus_v = std::mem::take(&mut self.plus);
        self.sharp_v = std::mem::take(&mut self.sharp);
    }

    /// What fills up on the left.
    pub(super) fn filler(&self) -> u8 {
        if self.zero && !self.minus { b'0' } else { b' ' }
    }

    /// The sign in front of a number that is not negative.
    pub(super) fn positive_sign(&self) -> &'static str {
        match (self.plus, self.space) {
            (true, _) => "+",
            (false, true) => " ",
            (false, false) => "",
        }
    }
}
