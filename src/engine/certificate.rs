//! When the certificates end that a Secret holds.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::values::Values;

/// What a value begins with that is a certificate, or a chain of them.
const BEGINNING: &[u8] = b"-----BEGIN CERTIFICATE-----";
/// As far as a value is looked at. A certificate takes a few kilobytes, and the first of a chain is the leaf.
const FAR_ENOUGH: usize = 64 * 1024;
/// Certificates of one Secret that are told. So many that no one misses the others.
const MOST: usize = 16;

/// By key; of many, those that end first.
pub fn ends(values: &Values) -> BTreeMap<String, Timestamp> {
    let ends = values.iter().filter_map(|(key, value)| {
        let end = end(value.expose())?;
        Some((end, key))
    });
    let mut ends: Vec<(Timestamp, &String)> = ends.collect();
    ends.sort_unstable();
    ends.truncate(MOST);
    ends.into_iter().map(|(end, key)| (key.clone(), end)).collect()
}

fn end(value: &[u8]) -> Option<Timestamp> {
    if !value.starts_with(BEGINNING) {
        return None;
    }
    let beginning = &value[..value.len().min(FAR_ENOUGH)];
    Timestamp::from_second(lockstep_gotemplate::certificate_end(beginning)?).ok()
}

#[cfg(test)]
mod tests;
