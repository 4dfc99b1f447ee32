//! What is posted to a server. Nothing is repeated of its answer but the status.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use reqwest::RequestBuilder;
use reqwest::redirect::Policy;
use url::Url;

use super::Failure;
use crate::provider::certificates;
use crate::provider::http::{Answer, Http, Options};

/// The server, and how to reach it.
#[derive(Debug)]
pub struct Address<'a> {
    pub url: Url,
    /// The file with whom to trust, in place of the system's, and what names it.
    pub authorities: Option<(&'a Path, &'static str)>,
    pub deadline: Duration,
}

/// One server.
#[derive(Debug)]
pub struct Post {
    http: Http,
    url: Url,
    what: &'static str,
}

impl Post {
    /// `what` is the server, as messages call it.
    pub fn new(what: &'static str, address: Address<'_>) -> Result<Self> {
        let authorities = address.authorities.map(|(path, named_by)| {
            let read = std::fs::read(path);
            let pem = read.with_context(|| format!("{named_by} {} cannot be read", path.display()))?;
            certificates::parse(&pem).map_err(|why| anyhow!("{named_by} {}: {why}", path.display()))
        });
        let options = Options {
            authorities: authorities.transpose()?,
            identity: None,
            // What it is shown is for this server alone.
            redirects: Policy::none(),
            deadline: address.deadline,
        };
        let http = Http::new(options, what)?;
        let url = address.url;
        Ok(Self { http, url, what })
    }

    pub fn request(&self) -> RequestBuilder {
        self.http.client().post(self.url.clone())
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let answer = self.http.send(request, self.what).await;
        answer.map_err(|problem| Failure::Later(problem.to_string()))
    }

    /// Why an answer of this status is none that helps.
    pub(crate) fn said(&self, answer: &Answer) -> String {
        format!("{}: HTTP {}", self.what, answer.status.as_u16())
    }
}
