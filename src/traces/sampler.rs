//! Which traces are kept: all, none, or so many of them, by OpenTelemetry's names.

/// Decides by a trace's id alone, so that all who see it decide alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampler {
    All,
    None,
    /// Those whose id's last 63 bits are below that.
    Below(u64),
}

/// As a ratio of this.
const WHOLE: f64 = 9_223_372_036_854_775_808.0;

impl Sampler {
    /// As many as that, between 0 and 1.
    pub fn ratio(ratio: f64) -> Result<Self, String> {
        if !(0.0..=1.0).contains(&ratio) {
            return Err("must be between 0 and 1".to_owned());
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and 2^63"
        )]
        let below = (ratio * WHOLE) as u64;
        Ok(if ratio >= 1.0 {
            Self::All
        } else {
            Self::Below(below)
        })
    }

    /// By the name that `OTEL_TRACES_SAMPLER` has for it. A turn has no parent elsewhere, so that what would be decided
    /// by one is decided as for a turn without.
    pub fn named(name: &str, argument: Option<&str>) -> Result<Self, String> {
        match name.strip_prefix("parentbased_").unwrap_or(name) {
            "always_on" => Ok(Self::All),
            "always_off" => Ok(Self::None),
            "traceidratio" => {
                let ratio = argument.unwrap_or("1").trim().parse();
                let ratio = ratio.map_err(|_| "the ratio must be a number between 0 and 1".to_owned())?;
                Self::ratio(ratio)
            }
            _ => Err(
                "must be always_on, always_off or traceidratio, each with or without parentbased_".to_owned(),
            ),
        }
    }

    pub fn keeps(self, trace: u128) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Below(limit) => (trace & u128::from(u64::MAX >> 1)) < u128::from(limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_kept_as_the_ratio_says_and_always_the_same() {
        let ids: Vec<u128> = (0_u128..1000)
            .map(|nth| nth * (u128::from(u64::MAX >> 1) / 1000))
            .collect();
        let kept = |sampler: Sampler| ids.iter().filter(|id| sampler.keeps(**id)).count();
        for (ratio, expected) in [(0.0, 0), (0.25, 250), (0.5, 500), (1.0, 1000)] {
            let kept = kept(Sampler::ratio(ratio).expect("a ratio"));
            assert!(kept.abs_diff(expected) <= 1, "{ratio}: {kept}");
        }
        assert!(Sampler::ratio(1.01).is_err() && Sampler::ratio(f64::NAN).is_err());
    }

    #[test]
    fn samplers_are_those_of_opentelemetry() {
        for (name, argument, expected) in [
            ("always_on", None, Some(Sampler::All)),
            ("parentbased_always_on", Some("0.1"), Some(Sampler::All)),
            ("parentbased_always_off", None, Some(Sampler::None)),
            ("traceidratio", None, Some(Sampler::All)),
            (
                "parentbased_traceidratio",
                Some("0.5"),
                Some(Sampler::Below(1 << 62)),
            ),
            ("traceidratio", Some("half"), None),
            ("xray", None, None),
        ] {
            assert_eq!(Sampler::named(name, argument).ok(), expected, "{name}");
        }
    }
}
