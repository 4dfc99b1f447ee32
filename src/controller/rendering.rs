//! Where templates run: beside the async work, and few at a time, for some take a processor for seconds.

use jiff::Timestamp;
use lockstep_gotemplate::World;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;

use crate::engine::problem::Problem;
use crate::engine::render::{Engine, Renderer};
use crate::random::{ForTemplates, random};

/// As many as there are processors in a small machine: more would only take turns.
const AT_ONCE: usize = 2;

#[derive(Debug)]
pub struct Rendering {
    engine: Engine,
    at_once: Semaphore,
}

impl Rendering {
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            at_once: Semaphore::new(AT_ONCE),
        }
    }

    /// Runs pure work. What runs templates steps aside from the async workers; anything else is over in no time.
    pub async fn run<T>(
        &self,
        now: Timestamp,
        runs_templates: bool,
        work: impl FnOnce(&mut Renderer) -> T,
    ) -> Result<T, Problem> {
        let random = ForTemplates(random()?);
        if !runs_templates {
            return Ok(self.with(now, random, work));
        }
        // The semaphore is never closed.
        let _permit = self.at_once.acquire().await;
        Ok(aside(|| self.with(now, random, work)))
    }

    fn with<T>(&self, now: Timestamp, mut random: ForTemplates, work: impl FnOnce(&mut Renderer) -> T) -> T {
        work(&mut Renderer {
            engine: &self.engine,
            world: World {
                now: now.into(),
                random: &mut random,
            },
        })
    }
}

fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}
