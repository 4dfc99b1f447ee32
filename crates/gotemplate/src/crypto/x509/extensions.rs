//! Extensions of certificates: those that tell who is who are kept, the others are held against their form.

use std::collections::BTreeSet;

use super::read::Extensions;
use super::{constraints, names};
use crate::crypto::der::{self, Reader, tag};
use crate::fault::{Fault, Outcome};

/// `2.5.29`, before the number of the extension.
const CERTIFICATE: [u8; 2] = [0x55, 0x1d];
const AUTHORITY_INFORMATION: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
const TRUE: u8 = 0xff;

pub(super) fn read(mut fields: Reader) -> Outcome<Extensions> {
    let mut extensions = Extensions::default();
    let mut seen = BTreeSet::new();
    while !fields.is_empty() {
        let mut extension = fields.sequence()?;
        let kind = extension.oid()?;
        let critical = extension.peek() == Some(tag::BOOLEAN) && extension.boolean()?;
        let value = Reader::new(extension.element(tag::OCTET_STRING)?);
        if !seen.insert(kind) {
            return Err(Fault::new("a certificate with an extension twice"));
        }
        read_one(&mut extensions, kind, critical, value)?;
    }
    Ok(extensions)
}

fn read_one(extensions: &mut Extensions, kind: &[u8], critical: bool, mut value: Reader) -> Outcome<()> {
    if critical && matches!(kind, [0x55, 0x1d, 14 | 35] | AUTHORITY_INFORMATION) {
        return Err(Fault::new("an extension of a certificate must not be critical"));
    }
    match kind {
        AUTHORITY_INFORMATION => check_authority_information(value.sequence()?),
        [first, second, number] if [*first, *second] == CERTIFICATE => match number {
            14 => {
                extensions.subject_key_id = Some(value.element(tag::OCTET_STRING)?.to_vec());
                Ok(())
            }
            15 => value.bit_string().map(drop),
            17 => {
                extensions.names = names::read(value.sequence()?)?;
                Ok(())
            }
            19 => check_basic_constraints(value.sequence()?),
            30 => constraints::check(value),
            31 => check_distribution_points(value.sequence()?),
            32 => check_policies(value.sequence()?),
            33 => check_mappings(value.sequence()?),
            35 => {
                let id = value.sequence()?.optional(tag::implicit(0))?;
                extensions.authority_key_id = id.map(<[u8]>::to_vec);
                Ok(())
            }
            36 => check_policy_constraints(value.sequence()?),
            37 => check_usages(value.sequence()?),
            54 => value.small_integer().map(drop),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn check_authority_information(mut fields: Reader) -> Outcome<()> {
    while !fields.is_empty() {
        let mut description = fields.sequence()?;
        description.oid()?;
        description.optional(tag::implicit(6))?;
    }
    Ok(())
}

fn check_basic_constraints(mut fields: Reader) -> Outcome<()> {
    if fields.peek() == Some(tag::BOOLEAN) {
        fields.boolean()?;
    }
    if fields.peek() == Some(tag::INTEGER) && fields.small_integer()? < 0 {
        return Err(der::malformed());
    }
    Ok(())
}

fn check_distribution_points(mut points: Reader) -> Outcome<()> {
    while !points.is_empty() {
        let Some(name) = points.sequence()?.optional(tag::explicit(0))? else {
            continue;
        };
        let mut full = Reader::new(Reader::new(name).element(tag::explicit(0))?);
        while full.peek() == Some(tag::implicit(6)) {
            full.any()?;
        }
    }
    Ok(())
}

fn check_policies(mut policies: Reader) -> Outcome<()> {
    let mut seen = BTreeSet::new();
    while !policies.is_empty() {
        if !seen.insert(policies.sequence()?.oid()?) {
            return Err(Fault::new("a certificate with a policy twice"));
        }
    }
    Ok(())
}

fn check_mappings(mut mappings: Reader) -> Outcome<()> {
    while !mappings.is_empty() {
        let mut mapping = mappings.sequence()?;
        mapping.element(tag::OID)?;
        mapping.element(tag::OID)?;
    }
    Ok(())
}

fn check_policy_constraints(mut fields: Reader) -> Outcome<()> {
    for number in [tag::implicit(0), tag::implicit(1)] {
        if let Some(content) = fields.optional(number)? {
            der::to_i64(der::check_integer(content)?)?;
        }
    }
    Ok(())
}

fn check_usages(mut usages: Reader) -> Outcome<()> {
    while !usages.is_empty() {
        usages.oid()?;
    }
    Ok(())
}

/// An extension to be written.
pub(super) fn write(number: u8, critical: bool, value: &[u8]) -> der::Der {
    let critical: &[u8] = if critical { &[tag::BOOLEAN, 1, TRUE] } else { &[] };
    let kind = der::oid(&[CERTIFICATE[0], CERTIFICATE[1], number]);
    der::sequence(&[&kind, critical, &der::octets(value)])
}
