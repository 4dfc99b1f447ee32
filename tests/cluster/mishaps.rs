//! What befalls the operator's requests, as tests want it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use lockstep_testkit::{Asked, Fate, eventually};

use crate::bench::SOON;

/// Which fate each request meets, as a test goes on.
type Rule = Box<dyn Fn(&Asked) -> Fate + Send>;

#[derive(Clone)]
pub struct Faults(Arc<Mutex<Rule>>);

impl Faults {
    pub fn none() -> Self {
        Self(Arc::new(Mutex::new(Box::new(|_| Fate::Pass))))
    }

    pub fn are(&self, rule: impl Fn(&Asked) -> Fate + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(rule);
    }

    pub fn judge(&self, asked: &Asked) -> Fate {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)(asked)
    }
}

/// How often requests of each path met their fate.
#[derive(Clone, Default)]
pub struct Counts(Arc<Mutex<BTreeMap<String, usize>>>);

impl Counts {
    /// Counts the request if it is one that meets this fate.
    pub fn fate(&self, asked: &Asked, meets: bool, fate: Fate) -> Fate {
        if !meets {
            return Fate::Pass;
        }
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(asked.path.clone()).or_default() += 1;
        fate
    }

    pub async fn reach(&self, ends: &[&str]) -> Result<()> {
        eventually("each of these watches met its fate", SOON * 2, async || {
            let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let met = |end: &&str| counts.keys().any(|path| path.ends_with(end));
            if ends.iter().all(met) {
                Ok(())
            } else {
                Err(format!("{counts:?}"))
            }
        })
        .await?;
        Ok(())
    }
}

/// Numbers that look like chance and are the same in each run (xorshift).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// One of the ways in which a request fails.
pub fn mishap(number: u64) -> Fate {
    match number {
        0 => Fate::refusal(500, "InternalError"),
        1 => Fate::refusal(429, "TooManyRequests"),
        2 => Fate::refusal(503, "ServiceUnavailable"),
        3 => Fate::Cut { carried_out: true },
        _ => Fate::Cut { carried_out: false },
    }
}

/// Stops the operator at one of its writes, once.
#[derive(Default)]
pub struct Trap {
    seen: AtomicUsize,
    at: AtomicUsize,
    carried_out: AtomicBool,
}

impl Trap {
    pub fn set(&self, at: usize, carried_out: bool) {
        self.carried_out.store(carried_out, Ordering::SeqCst);
        self.seen.store(0, Ordering::SeqCst);
        self.at.store(at, Ordering::SeqCst);
    }

    pub fn has_sprung(&self) -> bool {
        self.seen.load(Ordering::SeqCst) >= self.at.load(Ordering::SeqCst)
    }

    pub fn judge(&self, asked: &Asked) -> Fate {
        // Nothing follows from an event, and it is written beside the work.
        if !asked.is_write() || asked.path.ends_with("/events") {
            return Fate::Pass;
        }
        if self.seen.fetch_add(1, Ordering::SeqCst) + 1 != self.at.load(Ordering::SeqCst) {
            return Fate::Pass;
        }
        Fate::Hang {
            carried_out: self.carried_out.load(Ordering::SeqCst),
        }
    }
}
