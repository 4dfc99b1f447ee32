//! Sends spans to a collector: OTLP over HTTP, in its JSON mapping. That takes no crate beyond those we have;
//! OpenTelemetry's own would bring a second HTTP stack and a code generator's output.

mod flags;
mod json;
mod settings;

use std::time::Duration;

use anyhow::Result;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use self::settings::{Headers, Settings};
use super::{Span, Traces};
use crate::courier::{Address, Courier, Failure, Pace, Place, Post};
use crate::random::random;

pub use self::flags::TraceFlags;

const PACE: Pace = Pace {
    queue: 8192,
    linger: Duration::from_secs(5),
    pause: Duration::from_secs(1),
};

/// The server that spans go to.
struct Collector {
    post: Post,
    headers: Headers,
    resource: Value,
}

/// What a collector says of spans that it does not want.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    partial_success: Option<PartialSuccess>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartialSuccess {
    /// 64 bits are text in this mapping; some write a number all the same.
    #[serde(default)]
    rejected_spans: Value,
}

/// Starts what flags and variables name. `None`: they name nothing, and no traces are made.
pub fn open(
    flags: &TraceFlags,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(Traces, Option<Courier>)> {
    match Settings::read(flags, variable)? {
        None => Ok((Traces::default(), None)),
        Some(settings) => {
            let (traces, courier) = start(settings, PACE)?;
            Ok((traces, Some(courier)))
        }
    }
}

fn start(settings: Settings, pace: Pace) -> Result<(Traces, Courier)> {
    let address = Address {
        url: settings.endpoint,
        authorities: settings
            .authorities
            .as_deref()
            .map(|path| (path, "--traces-ca-file")),
        deadline: settings.deadline,
    };
    let collector = Collector {
        post: Post::new("the traces' collector", address)?,
        headers: settings.headers,
        resource: json::attributes(&settings.resource),
    };
    let (spans, courier) = Courier::start("the traces", collector, pace);
    let traces = Traces::new(
        spans,
        settings.sampler,
        random()?,
        settings.to_backends,
        Timestamp::now,
    );
    Ok((traces, courier))
}

impl Place for Collector {
    type Item = Span;

    async fn take(&self, spans: &[Span]) -> Result<usize, Failure> {
        let headers = self.headers.read().await.map_err(Failure::Later)?;
        let body = json::request(&self.resource, spans).to_string();
        let request = self.post.request().header(CONTENT_TYPE, "application/json");
        let answer = self.post.send(request.headers(headers).body(body)).await?;
        match answer.status {
            status if status.is_success() => Ok(unwanted(answer.body.expose())),
            // As the protocol has it; anything else is not to be sent again.
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Err(Failure::Later(self.post.said(&answer))),
            _ => Err(Failure::Never(self.post.said(&answer))),
        }
    }
}

/// An answer that says nothing of it means that all were wanted.
fn unwanted(body: &[u8]) -> usize {
    let verdict = serde_json::from_slice::<Verdict>(body).ok();
    let partial = verdict.and_then(|verdict| verdict.partial_success);
    let rejected = partial.map(|partial| partial.rejected_spans).unwrap_or_default();
    let rejected = rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok());
    rejected
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
