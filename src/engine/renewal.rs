//! When certificates of our own are made anew.
//!
//! An authority signs the certificate that is shown; whoever connects trusts the authority. So a new authority is told
//! of long before it signs anything, and an old one is trusted until it ends: at no time is there a certificate around
//! that somebody does not trust.

use jiff::{SignedDuration, Timestamp};

/// How long a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Validity {
    /// When it is to be replaced: after two thirds of its life. What is left is the time to notice that it was not.
    fn due(self) -> Timestamp {
        let life = self.until.duration_since(self.from);
        self.from.checked_add(life * 2 / 3).unwrap_or(self.until)
    }

    fn is_over(self, now: Timestamp) -> bool {
        self.until <= now
    }
}

/// How long what is made is valid.
#[derive(Clone, Copy, Debug)]
pub struct Lives {
    pub certificate: SignedDuration,
    pub authority: SignedDuration,
    /// How long after it was told of an authority is trusted everywhere.
    pub spread: SignedDuration,
}

impl Lives {
    /// An authority outlives every certificate that it signs: in the last third of its life it signs no more, but for
    /// the time that it takes to tell of the next.
    pub fn of(certificate: SignedDuration) -> Self {
        const LONGEST_SPREAD: SignedDuration = SignedDuration::from_mins(10);
        Self {
            certificate,
            authority: certificate * 4,
            spread: LONGEST_SPREAD.min(certificate / 4),
        }
    }
}

/// What there is.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Of the newest authority, if we can sign with it.
    pub authority: Option<Validity>,
    /// Whether those who connect are told of it.
    pub announced: bool,
    /// Of the certificate that is shown, if it is for our names and one of our authorities signed it.
    pub certificate: Option<Validity>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is good any more: both are made, and shown at once.
    Begin,
    /// An authority that is told of and signs nothing yet.
    Authority,
    /// A certificate of the newest authority.
    Certificate,
    /// Nothing, until then.
    Wait(Timestamp),
}

/// What is to be done now.
pub fn next(standing: &Standing, lives: &Lives, now: Timestamp) -> Step {
    let good = |validity: &Validity| !validity.is_over(now);
    let authority = standing.authority.filter(good);
    match (standing.certificate.filter(good), authority) {
        (None, None) => Step::Begin,
        // Whoever waits for it is better served by one that is not trusted everywhere yet.
        (None, Some(_)) => Step::Certificate,
        (Some(_), None) => Step::Authority,
        (Some(_), Some(authority)) if authority.due() <= now => Step::Authority,
        (Some(certificate), Some(authority)) => {
            let trusted = authority
                .from
                .checked_add(lives.spread)
                .unwrap_or(authority.until);
            if certificate.due() > now {
                Step::Wait(certificate.due().min(authority.due()))
            } else if standing.announced && trusted <= now {
                Step::Certificate
            } else {
                Step::Wait(trusted.max(now))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: i64 = 900;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn lives() -> Lives {
        Lives::of(SignedDuration::from_secs(LIFE))
    }

    fn valid(from: i64, until: i64) -> Validity {
        Validity {
            from: at(from),
            until: at(until),
        }
    }

    fn step(authority: Option<Validity>, announced: bool, certificate: Option<Validity>, now: i64) -> Step {
        let standing = Standing {
            authority,
            announced,
            certificate,
        };
        next(&standing, &lives(), at(now))
    }

    #[test]
    fn what_is_missing_or_over_is_made() {
        for (authority, certificate, made) in [
            (None, None, Step::Begin),
            (Some(valid(0, 50)), Some(valid(0, 100)), Step::Begin),
            (Some(valid(0, 10_000)), None, Step::Certificate),
            (Some(valid(0, 10_000)), Some(valid(0, 100)), Step::Certificate),
            (None, Some(valid(0, 900)), Step::Authority),
            (Some(valid(0, 100)), Some(valid(0, 900)), Step::Authority),
        ] {
            assert_eq!(step(authority, true, certificate, 100), made);
        }
    }

    #[test]
    fn a_certificate_is_renewed_at_two_thirds_of_its_life() {
        let authority = Some(valid(0, 10_800));
        assert_eq!(
            step(authority, true, Some(valid(0, LIFE)), 599),
            Step::Wait(at(600))
        );
        assert_eq!(
            step(authority, true, Some(valid(0, LIFE)), 600),
            Step::Certificate
        );
    }

    #[test]
    fn an_authority_signs_only_when_everybody_has_been_told_of_it() {
        let (old, new) = (Some(valid(6_900, 7_800)), Some(valid(7_200, 18_000)));
        let spread = lives().spread.as_secs();
        assert_eq!(
            step(Some(valid(0, 10_800)), true, Some(valid(6_900, 7_800)), 7_200),
            Step::Authority
        );
        assert_eq!(step(new, true, old, 7_300), Step::Wait(at(7_500)));
        assert_eq!(
            step(new, false, Some(valid(6_700, 7_600)), 7_450),
            Step::Wait(at(7_450))
        );
        assert_eq!(
            step(new, true, Some(valid(6_700, 7_600)), 7_200 + spread - 1),
            Step::Wait(at(7_200 + spread))
        );
        assert_eq!(step(new, true, old, 7_200 + 600), Step::Certificate);
    }

    /// However often one looks, the certificate that is shown is valid, and its authority outlives it.
    #[test]
    fn over_years_there_is_always_a_certificate_that_is_trusted() {
        let lives = lives();
        let mut authorities: Vec<Validity> = Vec::new();
        let mut shown: Option<(Validity, Validity)> = None;
        for now in (0..200_000).step_by(30).map(at) {
            let standing = Standing {
                authority: authorities.last().copied(),
                announced: true,
                certificate: shown.map(|(certificate, _)| certificate),
            };
            let until = |life| Validity {
                from: now,
                until: now.checked_add(life).expect("a time"),
            };
            let step = next(&standing, &lives, now);
            if matches!(step, Step::Begin | Step::Authority) {
                authorities.push(until(lives.authority));
            }
            if matches!(step, Step::Begin | Step::Certificate) {
                let signer = *authorities.last().expect("an authority");
                assert!(step == Step::Begin || signer.from.checked_add(lives.spread).expect("a time") <= now);
                shown = Some((until(lives.certificate), signer));
            }
            let (certificate, signer) = shown.expect("a certificate");
            assert!(
                certificate.until > now && signer.until >= certificate.until,
                "{now}"
            );
        }
        assert!(authorities.len() > 20, "authorities were renewed too");
    }
}
