//! Randomness of cryptographic strength, started from the system's own.

use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, RngExt as _, SeedableRng as _};

use crate::engine::problem::Problem;

/// For one turn or one call.
pub fn random() -> Result<StdRng, Problem> {
    StdRng::try_from_rng(&mut SysRng).map_err(|_| Problem::Unreachable {
        what: "the system".to_owned(),
        why: "it has no randomness to give".to_owned(),
    })
}

/// Between 0 and 1, to spread what would happen at once. A system without randomness spreads nothing.
pub fn chance() -> f64 {
    random().map_or(0.5, |mut random| random.random())
}

/// The same as [`random`], as templates take it.
#[derive(Debug)]
pub struct ForTemplates(pub StdRng);

impl lockstep_gotemplate::Random for ForTemplates {
    fn fill(&mut self, buffer: &mut [u8]) {
        self.0.fill_bytes(buffer);
    }
}
