//! Which names a certificate authority may certify. Only the form is looked at.

use super::names::{ascii, is_domain};
use crate::crypto::der::{self, Element, Reader, tag};
use crate::fault::{Fault, Outcome};

pub(super) fn check(mut value: Reader) -> Outcome<()> {
    let mut fields = value.sequence()?;
    let permitted = fields.optional(tag::explicit(0))?.unwrap_or_default();
    let excluded = fields.optional(tag::explicit(1))?.unwrap_or_default();
    if !value.is_empty() || !fields.is_empty() || permitted.is_empty() && excluded.is_empty() {
        return Err(der::malformed());
    }
    for subtrees in [permitted, excluded] {
        let mut subtrees = Reader::new(subtrees);
        while !subtrees.is_empty() {
            if !is_constraint(subtrees.sequence()?.any()?) {
                return Err(Fault::new("a certificate with a malformed name constraint"));
            }
        }
    }
    Ok(())
}

fn is_constraint(base: Element) -> bool {
    let domain = base.content.strip_prefix(b".").unwrap_or(base.content);
    let is_domain = || ascii(base.content).is_ok() && is_domain(domain) && base.content != b".";
    match (base.tag & 0x1f, base.tag) {
        (1, _) if base.content.contains(&b'@') => ascii(base.content).is_ok(),
        (number @ (1 | 2 | 6), tag) if tag == tag::implicit(number) => is_domain(),
        (7, _) => match base.content.len() {
            8 => is_mask(&base.content[4..]),
            32 => is_mask(&base.content[16..]),
            _ => false,
        },
        _ => true,
    }
}

/// Ones, then zeros.
fn is_mask(mask: &[u8]) -> bool {
    let ones = mask.iter().take_while(|byte| **byte == 0xff).count();
    match &mask[ones..] {
        [] => true,
        [first, zeros @ ..] => {
            first.leading_ones() == first.count_ones() && zeros.iter().all(|byte| *byte == 0)
        }
    }
}
