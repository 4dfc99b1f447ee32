//! The order of certificates from the leaf to the root, told by the identifiers of their keys alone. That no more
//! proves trust than it does in the original: no signature is looked at.

use super::Certificate;
use crate::fault::{Fault, Outcome};

/// More certificates are no chain.
const MAX: usize = 1000;

impl Certificate {
    /// Whether nobody else seems to have signed it.
    pub(crate) fn is_root(&self) -> bool {
        let ids = &self.extensions;
        ids.authority_key_id.is_none() || self.is_signed_by(self)
    }

    fn is_signed_by(&self, other: &Self) -> bool {
        self.extensions.authority_key_id.as_deref().unwrap_or_default()
            == other.extensions.subject_key_id.as_deref().unwrap_or_default()
    }
}

/// One chain of all certificates. Fails where there is more than one, or a circle.
pub(crate) fn order(certificates: &[Certificate]) -> Outcome<Vec<&Certificate>> {
    if certificates.len() > MAX {
        return Err(Fault::new(format!("more than {MAX} certificates")));
    }
    let parents: Vec<Option<usize>> = certificates
        .iter()
        .enumerate()
        .map(|(nth, certificate)| {
            let is_parent =
                |(other, parent): (usize, &Certificate)| other != nth && certificate.is_signed_by(parent);
            certificates.iter().enumerate().position(is_parent)
        })
        .collect();
    let mut leaves = (0..certificates.len()).filter(|nth| !parents.contains(&Some(*nth)));
    let leaf = leaves
        .next()
        .ok_or_else(|| Fault::new("no leaf certificate found"))?;
    if leaves.next().is_some() {
        return Err(Fault::new("found multiple leaf or disjunct certificates"));
    }
    let mut chain = Vec::new();
    let mut next = Some(leaf);
    while let Some(nth) = next {
        if chain.len() == certificates.len() {
            return Err(Fault::new("constructing chain resulted in cycle"));
        }
        chain.push(&certificates[nth]);
        next = parents[nth];
    }
    Ok(chain)
}
