//! The test bed itself: does each server start, answer, and end?

use std::path::Path;

use anyhow::Result;

mod agreement;
mod azure_clients;
mod control_plane;
mod doppler_client;
mod faults;
mod gitlab_variables_client;
mod google_clients;
mod infisical_client;
mod moto;
mod onepassword_client;
mod postgres;
mod slapd;
mod small_clients;
mod token_clients;
mod vault;

/// How many processes have this folder in their command line.
fn processes_that_name(folder: &Path) -> Result<usize> {
    let wanted = folder.display().to_string();
    let entries = std::fs::read_dir("/proc")?.filter_map(Result::ok);
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    Ok(lines
        .filter(|line| String::from_utf8_lossy(line).contains(&wanted))
        .count())
}
