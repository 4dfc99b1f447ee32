//! Is what was fetched believable? A backend that answers with blanks, or with a fraction of what it had, is more often
//! broken or misused than meant.
//!
//! Held back is what would blank a value that was not blank, or leave less than half of the keys. An edit of the
//! object is always believed, and so is what the deletion policy has to say about missing secrets.

use std::collections::BTreeMap;

use super::fallback::StandIn;
use super::fingerprint;
use super::problem::Problem;
use super::target::{Digest, Target};
use super::values::Values;

/// On an ExternalSecret: lets through, once, what was held back under this fingerprint.
pub const ACCEPT: &str = "lockstep.dev/accept-shrink";

/// How many keys a message names.
const SHOWN: usize = 5;

/// What there was: which keys, and which of them were blank. No value can be told from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape(BTreeMap<String, bool>);

impl Shape {
    pub fn of_values(values: &Values) -> Self {
        Self(
            values
                .iter()
                .map(|(key, value)| (key.clone(), value.is_empty()))
                .collect(),
        )
    }

    /// What one of our field managers holds in a Secret.
    pub fn of_target(target: &Target, manager: &str) -> Self {
        let blank = Digest::of(&super::secret_bytes::SecretBytes::default());
        let ours = target
            .managed
            .get(manager)
            .into_iter()
            .flat_map(|fields| &fields.data);
        let known = ours.filter_map(|key| Some((key.clone(), *target.keys.get(key)? == blank)));
        Self(known.collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What the judgement rests on.
#[derive(Debug)]
pub struct Evidence<'a> {
    pub before: &'a Shape,
    /// Tells one state of the target from another, so that no permission serves twice.
    pub state: &'a str,
    pub now: &'a Values,
    /// Secrets are missing at the backend, and the deletion policy lets that pass.
    pub some_missing: bool,
    /// Stores that do not answer, and who answered in their place.
    pub stand_ins: &'a [StandIn],
    /// The value of [`ACCEPT`].
    pub accepted: Option<&'a str>,
}

/// Lets through what is believable, or what somebody has accepted.
pub fn check(evidence: &Evidence) -> Result<(), Problem> {
    let blanked = blanked(evidence);
    let lost = lost(evidence);
    let why = match (blanked.as_slice(), lost.as_slice()) {
        ([], []) => return Ok(()),
        ([], lost) => format!(
            "{} of {} keys would be lost ({})",
            lost.len(),
            evidence.before.0.len(),
            name(lost)
        ),
        (blanked, _) => format!("the values of {} would become blank", name(blanked)),
    };
    let accept = fingerprint_of(evidence, &blanked, &lost);
    // What stands in may be older, or hold less: whoever accepts has to know.
    let why = evidence
        .stand_ins
        .iter()
        .fold(why, |why, stand_in| format!("{why}; {}", stand_in.sentence()));
    if evidence.accepted == Some(accept.as_str()) {
        return Ok(());
    }
    Err(Problem::HeldBack { why, accept })
}

fn blanked<'a>(evidence: &'a Evidence) -> Vec<&'a str> {
    let now = evidence.now.iter().filter(|(_, value)| value.is_empty());
    now.filter(|(key, _)| evidence.before.0.get(*key) == Some(&false))
        .map(|(key, _)| key.as_str())
        .collect()
}

/// The keys that would go, if that leaves less than half of what there was.
fn lost<'a>(evidence: &'a Evidence) -> Vec<&'a str> {
    let before = &evidence.before.0;
    if evidence.some_missing || evidence.now.len() * 2 >= before.len() {
        return Vec::new();
    }
    let gone = before.keys().filter(|key| !evidence.now.contains_key(*key));
    gone.map(String::as_str).collect()
}

fn name(keys: &[&str]) -> String {
    let more = if keys.len() > SHOWN { ", …" } else { "" };
    let shown = &keys[..keys.len().min(SHOWN)];
    format!("{}{more}", shown.join(", "))
}

fn fingerprint_of(evidence: &Evidence, blanked: &[&str], lost: &[&str]) -> String {
    let mut text = format!("{}|{}|{}", evidence.state, blanked.join(","), lost.join(","));
    for stand_in in evidence.stand_ins {
        text.push('|');
        text.push_str(&stand_in.fallback().to_string());
    }
    let mut fingerprint = fingerprint::of_text(&text);
    fingerprint.truncate(12);
    fingerprint
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::object::StoreKey;

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).into()))
            .collect()
    }

    const FOUR: [(&str, &str); 4] = [("a", "1"), ("b", "2"), ("c", ""), ("d", "4")];

    fn judge(now: &[(&str, &str)], some_missing: bool, accepted: Option<&str>) -> Result<(), Problem> {
        check(&Evidence {
            before: &Shape::of_values(&values(&FOUR)),
            state: "hash",
            now: &values(now),
            some_missing,
            stand_ins: &[],
            accepted,
        })
    }

    #[test]
    fn who_stood_in_is_told_and_accepted_for_itself_alone() {
        let stand_ins = [StandIn {
            store: StoreKey::Cluster("a".to_owned()),
            fallback: StoreKey::Cluster("b".to_owned()),
            cause: "HTTP 503".to_owned(),
        }];
        let judge = |stand_ins: &[StandIn], accepted: Option<&str>| {
            check(&Evidence {
                before: &Shape::of_values(&values(&FOUR)),
                state: "hash",
                now: &values(&[("a", "1")]),
                some_missing: false,
                stand_ins,
                accepted,
            })
        };
        let Err(Problem::HeldBack { why, accept }) = judge(&stand_ins, None) else {
            panic!("not held back");
        };
        assert!(why.contains("ClusterSecretStore b has answered"), "{why}");
        assert_eq!(judge(&stand_ins, Some(&accept)), Ok(()));
        assert!(judge(&[], Some(&accept)).is_err(), "the store itself says so now");
    }

    #[test]
    fn blanks_and_heavy_losses_are_held_back() {
        for (now, why) in [
            (&FOUR[..], None),
            (&[("a", "9"), ("b", "2")], None),
            (&[("x", "1"), ("y", "2"), ("z", "3")], None),
            (&[("a", "1"), ("b", "2"), ("c", ""), ("d", "4"), ("e", "")], None),
            (
                &[("a", ""), ("b", "2"), ("c", ""), ("d", "4")],
                Some("the values of a would become blank"),
            ),
            (&[("a", "1")], Some("3 of 4 keys would be lost (b, c, d)")),
        ] {
            let told = judge(now, false, None).err().map(|problem| problem.to_string());
            assert_eq!(
                told.as_ref().map(|told| told.contains(why.unwrap_or("never"))),
                why.map(|_| true),
                "{now:?}: {told:?}"
            );
        }
        assert_eq!(
            judge(&[("a", "1")], true, None),
            Ok(()),
            "the deletion policy speaks"
        );
    }

    #[test]
    fn what_was_accepted_passes_and_nothing_else_does() {
        let Err(Problem::HeldBack { accept, .. }) = judge(&[("a", "1")], false, None) else {
            panic!("not held back");
        };
        assert_eq!(judge(&[("a", "1")], false, Some(&accept)), Ok(()));
        assert!(judge(&[("b", "1")], false, Some(&accept)).is_err());
    }
}
