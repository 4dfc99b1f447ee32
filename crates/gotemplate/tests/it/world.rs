//! Rendering for tests.

use std::time::{Duration, SystemTime};

use lockstep_gotemplate::{Data, Error, Options, Random, Template, World};

/// Parses and renders, with whatever for randomness.
pub fn render(text: impl AsRef<[u8]>, data: impl Into<Data>, options: &Options) -> Result<Vec<u8>, Error> {
    Template::parse("out", text, options)?.render(data, &mut world(&mut Counter(1)))
}

/// A world in which it is always the same time.
pub fn world(random: &mut Counter) -> World<'_> {
    World {
        now: SystemTime::UNIX_EPOCH + Duration::from_hours(500_000),
        random,
    }
}

/// Looks random enough: a linear congruential generator.
pub struct Counter(pub u64);

impl Random for Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
            self.0 = next.wrapping_add(1_442_695_040_888_963_407);
            *byte = self.0.to_be_bytes()[0];
        }
    }
}
