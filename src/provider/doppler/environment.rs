//! Which Doppler: what the operator's own environment says, under the names of ESO and Doppler's own programs.

use std::time::Duration;

use reqwest::redirect::Policy;
use url::Url;

use crate::engine::problem::Problem;
use crate::provider::http::{Http, Options};

const EVERYBODY_S: &str = "https://api.doppler.com";
const VARIABLE: &str = "DOPPLER_BASE_URL";
/// As ESO has it.
const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub(super) struct Environment {
    /// Without a slash at its end.
    pub(super) base: String,
}

impl Environment {
    #[expect(
        clippy::disallowed_methods,
        reason = "ESO takes it from there, and stores do not name it"
    )]
    pub(super) fn of_process() -> Self {
        let base = std::env::var(VARIABLE).ok();
        Self::of(base.as_deref().unwrap_or_default())
    }

    pub(super) fn of(base: &str) -> Self {
        let base = match base.trim() {
            "" => EVERYBODY_S.to_owned(),
            base if base.contains("://") => base.to_owned(),
            base => format!("https://{base}"),
        };
        Self {
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    pub(super) fn url(&self) -> Result<Url, Problem> {
        let url = Url::parse(&self.base).ok();
        let url = url.filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
        url.ok_or_else(|| Problem::ReferenceInvalid {
            field: VARIABLE.to_owned(),
            why: "must be the URL of Doppler's API, such as https://api.doppler.com".to_owned(),
        })
    }

    /// A token never follows a redirect to somebody else.
    pub(super) fn http() -> Result<Http, Problem> {
        let options = Options {
            authorities: None,
            identity: None,
            redirects: Policy::none(),
            deadline: DEADLINE,
        };
        Http::new(options, "spec.provider.doppler")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_enough() {
        for (base, url) in [
            ("", "https://api.doppler.com/"),
            ("doppler.example/", "https://doppler.example/"),
            ("http://127.0.0.1:1/x/", "http://127.0.0.1:1/x"),
        ] {
            let found = Environment::of(base).url().map(|url| url.to_string());
            assert_eq!(found.as_deref(), Ok(url), "{base}");
        }
        for base in ["://", "ftp://x", "https://"] {
            assert!(Environment::of(base).url().is_err(), "{base}");
        }
    }
}
