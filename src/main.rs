//! The process: its allocator, its one TLS provider, and which face it shows.

use std::process::ExitCode;

use lockstep::cli;

/// Gives memory back after the peak of a listing, which neither glibc's nor most other allocators do.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // A second provider in the tree would make rustls refuse to choose; whoever was first would be the same one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    cli::run()
}
