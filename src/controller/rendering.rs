//! Where templates run: beside the async work, and few at a time, for some take a processor for seconds.

use jiff::Timestamp;
use lockstep_gotemplate::World;

use crate::aside;
use crate::engine::problem::Problem;
use crate::engine::render::{Engine, Renderer};
use crate::random::{ForTemplates, random};

#[derive(Debug)]
pub struct Rendering {
    engine: Engine,
}

impl Rendering {
    pub fn new(engine: Engine) -> Self {
        Self { engine }
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
        Ok(aside::run(|| self.with(now, random, work)).await)
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
