//! Any bytes parse or do not. A bare error quotes nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_gotemplate::{Options, Template};

fuzz_target!(|text: &[u8]| {
    if let Err(error) = Template::parse("fuzz", text, &Options::default()) {
        assert!(error.line() >= 1 && !error.to_string().is_empty());
    }
});
