//! What is noted of a credential that Vault lent: all that is needed to renew it, to undo it, and to tell whether it
//! is in use.

use std::fmt;

use jiff::Timestamp;
use lockstep_api::generator::FreeJson;
use serde::{Deserialize, Serialize};

use crate::engine::fingerprint;
use crate::engine::lease::{Life, Term};

/// The note. It holds no token that can be read, but a lease's id, with which the lease can be revoked: nothing of it is
/// printed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Note {
    pub made: Timestamp,
    /// Makes what is sealed and what is fingerprinted that of this note alone.
    pub nonce: String,
    /// Of the login that was made for this credential alone. With the token goes all that was made with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Term>,
    /// Whether there is a credential, and not only the intent.
    #[serde(default)]
    pub complete: bool,
    /// Stands for the values that the target was given with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Token {
    pub sealed: String,
    pub term: Term,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Lease {
    pub id: String,
    pub term: Term,
}

impl Note {
    pub fn new(made: Timestamp, nonce: String) -> Self {
        Self {
            made,
            nonce,
            token: None,
            lease: None,
            certificate: None,
            complete: false,
            target: None,
        }
    }

    /// `None`: it is none of ours.
    pub fn read(content: &FreeJson) -> Option<Self> {
        Self::deserialize(content.as_value()).ok()
    }

    pub fn write(&self) -> FreeJson {
        // Texts, numbers and times: it can always be written.
        serde_json::to_value(self).unwrap_or_default().into()
    }

    /// The token first: it is renewed first.
    pub fn terms(&self) -> impl Iterator<Item = Term> {
        let token = self.token.as_ref().map(|token| token.term);
        let lease = self.lease.as_ref().map(|lease| lease.term);
        token.into_iter().chain(lease).chain(self.certificate)
    }

    pub fn life(&self) -> Life {
        Life::remembered(&self.nonce, self.terms())
    }

    /// Notes which values go into the target with it; `None` where that cannot be told beforehand.
    pub fn mark(&mut self, data_hash: Option<&str>) {
        self.target = data_hash.map(|hash| self.fingerprint(hash));
    }

    /// Whether it went into a target with these values. `None`: nobody can tell.
    pub fn fits(&self, data_hash: Option<&str>) -> Option<bool> {
        let target = self.target.as_ref()?;
        Some(data_hash.is_some_and(|hash| self.fingerprint(hash) == *target))
    }

    /// With the nonce in it, equal values do not show.
    fn fingerprint(&self, data_hash: &str) -> String {
        fingerprint::of_text(&format!("{} {data_hash}", self.nonce))
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Note")
            .field("made", &self.made)
            .field("complete", &self.complete)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::lease::Sort;

    fn note() -> Note {
        let term = Term {
            granted: Timestamp::UNIX_EPOCH,
            span: 60,
            sort: Sort::Renewable,
        };
        Note {
            token: Some(Token {
                sealed: "canary".to_owned(),
                term,
            }),
            lease: Some(Lease {
                id: "canary/1".to_owned(),
                term,
            }),
            complete: true,
            ..Note::new(Timestamp::UNIX_EPOCH, "canary-nonce".to_owned())
        }
    }

    #[test]
    fn a_note_is_read_as_it_was_written_and_prints_nothing() {
        let written = note().write();
        let read = Note::read(&written).expect("a note");
        assert_eq!(read.write(), written);
        assert_eq!(read.terms().count(), 2);
        assert!(!format!("{read:?}{:?}{:?}{written:?}", read.token, read.lease).contains("canary"));
        let of_eso = serde_json::json!({"projectID": "42", "tokenID": 1}).into();
        assert!(Note::read(&of_eso).is_none());
    }

    #[test]
    fn the_target_tells_which_note_it_was_written_with() {
        let mut one = note();
        assert_eq!(one.fits(Some("hash")), None);
        one.mark(Some("hash"));
        assert_eq!(one.fits(Some("hash")), Some(true));
        assert_eq!(one.fits(Some("other")), Some(false));
        assert_eq!(one.fits(None), Some(false));
        let mut other = Note::new(one.made, "b".to_owned());
        other.mark(Some("hash"));
        assert_ne!(one.target, other.target);
    }
}
