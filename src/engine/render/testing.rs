//! A renderer for tests: no chance in it, and time stands still.

use std::time::SystemTime;

use lockstep_gotemplate::World;

use super::{Engine, Renderer};

struct Counting(u8);

impl lockstep_gotemplate::Random for Counting {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

pub fn with_renderer<T>(work: impl FnOnce(&mut Renderer) -> T) -> T {
    work(&mut Renderer {
        engine: &Engine::default(),
        world: World {
            now: SystemTime::UNIX_EPOCH,
            random: &mut Counting(0),
        },
    })
}
