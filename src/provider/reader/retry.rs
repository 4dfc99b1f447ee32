//! How often a read that was not answered is repeated: `spec.retrySettings` of the store, for every provider alike.
//!
//! Only what is the network's or the backend's own fault is repeated, within the time that the caller has. What is
//! written is never written twice.

use std::time::Duration;

use lockstep_api::RetrySettings;

/// Where the store does not say how long to wait in between.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// Nobody waits for more.
const MOST: u32 = 20;

/// How often a backend has its reads repeated where the store does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retries {
    /// Without `retrySettings`.
    pub by_default: u32,
    /// With `retrySettings` that give no `maxRetries`.
    pub uncounted: u32,
}

/// The rule of one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) times: u32,
    interval: Option<Duration>,
}

impl Rule {
    /// `None` stands for a backend that repeats calls itself. An interval that cannot be read is passed over, as ESO
    /// does everywhere but where the backend reads it.
    pub(super) fn new(retries: Option<Retries>, settings: Option<&RetrySettings>) -> Self {
        let Some(retries) = retries else {
            return Self {
                times: 0,
                interval: None,
            };
        };
        let times = match settings {
            None => retries.by_default,
            Some(settings) => settings.max_retries.map_or(retries.uncounted, |times| {
                u32::try_from(times).unwrap_or_default()
            }),
        };
        let interval = settings.and_then(|settings| settings.retry_interval().ok().flatten());
        Self {
            times: times.min(MOST),
            interval: interval.filter(|interval| !interval.is_zero()),
        }
    }

    /// The pause before the repetition of that number, the first being 0. `chance` is between 0 and 1.
    pub(super) fn pause(&self, nth: u32, chance: f64) -> Duration {
        self.interval.unwrap_or_else(|| {
            let (first, longest) = PAUSE;
            (first * 2_u32.pow(nth.min(16)))
                .min(longest)
                .mul_f64(0.5 + chance / 2.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(times: Option<i32>, interval: Option<&str>) -> RetrySettings {
        RetrySettings {
            max_retries: times,
            retry_interval: interval.map(str::to_owned),
        }
    }

    #[test]
    fn the_store_says_how_often_and_the_backend_where_it_does_not() {
        let vault = Some(Retries {
            by_default: 2,
            uncounted: 0,
        });
        for (retries, settings, times) in [
            (vault, None, 2),
            (vault, Some(settings(None, None)), 0),
            (vault, Some(settings(Some(7), None)), 7),
            (vault, Some(settings(Some(-7), None)), 0),
            (vault, Some(settings(Some(7_000), None)), MOST),
            (Some(Retries::default()), Some(settings(Some(3), Some("soon"))), 3),
            (None, Some(settings(Some(3), None)), 0),
        ] {
            assert_eq!(Rule::new(retries, settings.as_ref()).times, times, "{settings:?}");
        }
    }

    #[test]
    fn pauses_are_those_of_the_store_or_grow() {
        let fixed = Rule::new(Some(Retries::default()), Some(&settings(Some(3), Some("2s"))));
        assert_eq!([0, 5].map(|nth| fixed.pause(nth, 0.3).as_millis()), [2000, 2000]);
        let own = Rule::new(Some(Retries::default()), Some(&settings(Some(3), None)));
        let pauses = [0, 1, 2, 9, 40].map(|nth| own.pause(nth, 1.0).as_millis());
        assert_eq!(pauses, [250, 500, 1000, 5000, 5000]);
        assert_eq!(own.pause(0, 0.0).as_millis(), 125);
    }
}
