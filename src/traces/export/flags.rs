//! Where traces go.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use url::Url;

/// What they are grouped under in the help.
const HEADING: &str = "Traces";

/// Traces. Not flags of ESO's; OpenTelemetry's variables say what none of them says.
#[expect(clippy::doc_markdown, reason = "the help shows it as it stands")]
#[expect(clippy::struct_field_names, reason = "they are the names of the flags")]
#[derive(Clone, Debug, Default, Args)]
pub struct TraceFlags {
    /// Sends spans of reconciles, their steps and their calls to backends to this URL of a collector, such as
    /// http://collector:4318/v1/traces, as OTLP over HTTP in JSON. Not a flag of ESO's [default:
    /// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, or OTEL_EXPORTER_OTLP_ENDPOINT with /v1/traces; without them none]
    #[arg(long, help_heading = HEADING, value_name = "URL", value_parser = parse_endpoint)]
    pub traces_endpoint: Option<Url>,
    /// The file with headers that the collector is shown, one NAME=VALUE a line, read before each request [default:
    /// what OTEL_EXPORTER_OTLP_HEADERS holds]
    #[arg(long, help_heading = HEADING, value_name = "FILE")]
    pub traces_headers_file: Option<PathBuf>,
    /// The file with the certificates, PEM, that the collector's own is checked against, in place of the system's
    /// [default: OTEL_EXPORTER_OTLP_CERTIFICATE]
    #[arg(long, help_heading = HEADING, value_name = "FILE")]
    pub traces_ca_file: Option<PathBuf>,
    /// How many of the traces are kept, between 0 and 1 [default: as OTEL_TRACES_SAMPLER says, or 1]
    #[arg(long, help_heading = HEADING, value_name = "RATIO")]
    pub traces_sample_ratio: Option<f64>,
    /// Tells backends which span asks them, in W3C's header traceparent
    #[arg(
        long, help_heading = HEADING, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_value = "false", default_missing_value = "true", action = ArgAction::Set
    )]
    pub traces_to_backends: bool,
}

pub(super) fn parse_endpoint(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or("must be an http:// or https:// URL")?;
    if url.password().is_some() || !url.username().is_empty() {
        return Err("must hold no password; give headers in --traces-headers-file".to_owned());
    }
    Ok(url)
}
