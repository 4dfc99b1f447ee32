//! Any template renders or does not, soon and within its bounds. An error tells no value.

#![no_main]

use std::collections::BTreeMap;
use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use lockstep_gotemplate::{Limits, Options, Random, Template, World};

const CANARY: &str = "Kanarienvogel";

struct Zeros;

impl Random for Zeros {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

fuzz_target!(|text: &[u8]| {
    let options = Options {
        limits: Limits {
            iterations: 1_000,
            output: 1 << 16,
            budget: 1 << 20,
            ..Limits::default()
        },
        ..Options::default()
    };
    let Ok(template) = Template::parse("fuzz", text, &options) else {
        return;
    };
    let data = BTreeMap::from([("a", CANARY), ("b", "[1, {\"c\": null}]"), ("n", "42")]);
    let mut world = World {
        now: SystemTime::UNIX_EPOCH,
        random: &mut Zeros,
    };
    match template.render(&data, &mut world) {
        Ok(output) => assert!(output.len() <= options.limits.output),
        Err(error) => assert!(!error.to_string().contains(CANARY)),
    }
});
