//! Go's `text/template` with the functions of sprig and of External Secrets Operator, over byte strings.
//!
//! A template sees its data and nothing else: no network, no files, no environment. The clock and the random source
//! are handed in. Whatever a template does, it ends: its size, nesting, steps and output are bounded.

#![expect(
    dead_code,
    reason = "being filled: everything in here gets its user with the executor"
)]

mod env;
mod fault;
mod functions;
mod time;
mod value;
