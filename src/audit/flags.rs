//! Where the audit goes.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use url::Url;

/// What they are grouped under in the help.
const HEADING: &str = "Audit";

/// The audit log. Not flags of ESO's.
#[expect(clippy::struct_field_names, reason = "they are the names of the flags")]
#[derive(Clone, Debug, Default, Args)]
pub struct AuditFlags {
    /// Writes a line for each read, write, delete and refusal, without values: to `stdout`, to the end of the file
    /// /PATH, or in batches to an http(s):// URL. Not a flag of ESO's [default: none]
    #[arg(long, help_heading = HEADING, value_name = "WHERE")]
    pub audit_log: Option<Destination>,
    /// How large the file may get, in MiB, before it is put aside as FILE.1 and a new one begun; 0 leaves that to
    /// others
    #[arg(long, help_heading = HEADING, value_name = "MIB", default_value = "100")]
    pub audit_log_max_size: u64,
    /// How many files that were put aside are kept
    #[arg(long, help_heading = HEADING, value_name = "COUNT", default_value = "5", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub audit_log_max_files: u16,
    /// The file with the token that the URL is shown, read before each request
    #[arg(long, help_heading = HEADING, value_name = "FILE")]
    pub audit_log_token_file: Option<PathBuf>,
    /// The file with the certificates, PEM, that the URL's own is checked against, in place of the system's
    #[arg(long, help_heading = HEADING, value_name = "FILE")]
    pub audit_log_ca_file: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Destination {
    Stdout,
    File(PathBuf),
    Url(Url),
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "stdout" {
            return Ok(Self::Stdout);
        }
        if text.starts_with('/') {
            return Ok(Self::File(PathBuf::from(text)));
        }
        let url = Url::parse(text).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or("must be stdout, /PATH, or an http:// or https:// URL")?;
        if url.password().is_some() || !url.username().is_empty() {
            return Err("must hold no password; give a token in --audit-log-token-file".to_owned());
        }
        Ok(Self::Url(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_to_one_of_three_places() {
        assert_eq!("stdout".parse(), Ok(Destination::Stdout));
        assert_eq!("/var/log/a".parse(), Ok(Destination::File("/var/log/a".into())));
        let url = "https://audit.example/lines";
        assert_eq!(url.parse(), Ok(Destination::Url(Url::parse(url).expect("a URL"))));
        for bad in ["", "file", "stderr", "ftp://host/", "https://user:pass@host/"] {
            let problem = bad.parse::<Destination>().expect_err(bad);
            assert!(!problem.contains("pass@"), "{problem}");
        }
    }
}
