//! What flags say of traces, and OpenTelemetry's variables where they say nothing.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::warn;
use url::Url;

use super::flags::{TraceFlags, parse_endpoint};
use crate::engine::secret_bytes::SecretBytes;
use crate::traces::Sampler;

const DEADLINE: Duration = Duration::from_secs(10);
/// Where a pod reads which namespace it is in.
const NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) endpoint: Url,
    pub(super) headers: Headers,
    pub(super) authorities: Option<PathBuf>,
    pub(super) deadline: Duration,
    pub(super) sampler: Sampler,
    pub(super) to_backends: bool,
    /// Who we are.
    pub(super) resource: Vec<(String, String)>,
}

/// What a collector is shown. It may be a credential.
#[derive(Debug)]
pub(super) enum Headers {
    /// One a line, read afresh each time.
    File(PathBuf),
    /// Read once, from a variable.
    Given(HeaderMap),
}

impl Settings {
    /// `None`: there is nowhere to send traces to, or none are wanted.
    pub(super) fn read(
        flags: &TraceFlags,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let either = |name: &str| {
            let own = variable(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"));
            own.or_else(|| variable(&format!("OTEL_EXPORTER_OTLP_{name}")))
        };
        let is_off = variable("OTEL_SDK_DISABLED").is_some_and(|off| off.eq_ignore_ascii_case("true"))
            || variable("OTEL_TRACES_EXPORTER").is_some_and(|exporter| exporter == "none");
        let Some(endpoint) = endpoint(flags, &variable)?.filter(|_| !is_off) else {
            return Ok(None);
        };
        if either("PROTOCOL").is_some_and(|protocol| protocol == "grpc") {
            warn!(%endpoint, "traces are sent as OTLP over HTTP in JSON, whatever OTEL_EXPORTER_OTLP_PROTOCOL says; collectors take that at port 4318");
        }
        let headers = match &flags.traces_headers_file {
            Some(path) => Headers::File(path.clone()),
            None => Headers::Given(given(&either("HEADERS").unwrap_or_default())?),
        };
        let authorities = flags.traces_ca_file.clone();
        let millis = either("TIMEOUT").and_then(|millis| millis.trim().parse().ok());
        Ok(Some(Self {
            endpoint,
            headers,
            authorities: authorities.or_else(|| either("CERTIFICATE").map(PathBuf::from)),
            deadline: millis
                .filter(|millis| *millis > 0)
                .map_or(DEADLINE, Duration::from_millis),
            sampler: sampler(flags, &variable)?,
            to_backends: flags.traces_to_backends,
            resource: resource(&variable),
        }))
    }
}

impl Headers {
    pub(super) async fn read(&self) -> Result<HeaderMap, String> {
        match self {
            Self::Given(headers) => Ok(headers.clone()),
            Self::File(path) => {
                let shown = path.display();
                let text = tokio::fs::read(path).await;
                let text =
                    text.map_err(|error| format!("--traces-headers-file {shown} cannot be read: {error}"))?;
                headers_of(
                    &SecretBytes::from(text),
                    |text| text.split('\n').collect(),
                    str::to_owned,
                )
                .map_err(|why| format!("--traces-headers-file {shown}: {why}"))
            }
        }
    }
}

fn endpoint(flags: &TraceFlags, variable: &impl Fn(&str) -> Option<String>) -> Result<Option<Url>> {
    const OWN: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    const BASE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    if flags.traces_endpoint.is_some() {
        return Ok(flags.traces_endpoint.clone());
    }
    let (name, text) = match (variable(OWN), variable(BASE)) {
        (Some(url), _) => (OWN, url),
        (None, Some(base)) => (BASE, format!("{}/v1/traces", base.trim().trim_end_matches('/'))),
        (None, None) => return Ok(None),
    };
    let url = parse_endpoint(text.trim()).map_err(|why| anyhow!("{name} {why}"))?;
    Ok(Some(url))
}

fn sampler(flags: &TraceFlags, variable: &impl Fn(&str) -> Option<String>) -> Result<Sampler> {
    if let Some(ratio) = flags.traces_sample_ratio {
        let sampler = Sampler::ratio(ratio);
        return sampler.map_err(|why| anyhow!("--traces-sample-ratio {why}"));
    }
    let Some(name) = variable("OTEL_TRACES_SAMPLER") else {
        return Ok(Sampler::All);
    };
    let argument = variable("OTEL_TRACES_SAMPLER_ARG");
    // As OpenTelemetry has it, what is not understood is told and passed over.
    Ok(
        Sampler::named(name.trim(), argument.as_deref()).unwrap_or_else(|why| {
            warn!(why, "OTEL_TRACES_SAMPLER is passed over: all traces are kept");
            Sampler::All
        }),
    )
}

/// `NAME=VALUE,…`, each escaped as in a URL.
fn given(text: &str) -> Result<HeaderMap> {
    let text = SecretBytes::from(text.as_bytes().to_vec());
    headers_of(&text, |text| text.split(',').collect(), unescaped)
        .map_err(|why| anyhow!(why))
        .context("OTEL_EXPORTER_OTLP_HEADERS")
}

/// Which header is meant stands in no message: what is written there instead of a name may be a credential.
fn headers_of(
    text: &SecretBytes,
    split: impl Fn(&str) -> Vec<&str>,
    read: impl Fn(&str) -> String,
) -> Result<HeaderMap, String> {
    let text = std::str::from_utf8(text.expose()).map_err(|_| "it must be text".to_owned())?;
    let parts = split(text).into_iter().map(str::trim).enumerate();
    let mut headers = HeaderMap::new();
    for (index, part) in parts.filter(|(_, part)| !part.is_empty()) {
        let number = index + 1;
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| format!("header {number} must be NAME=VALUE"))?;
        let name = HeaderName::try_from(name.trim())
            .map_err(|_| format!("header {number} has a name that no header can have"))?;
        let mut value = HeaderValue::try_from(read(value.trim()))
            .map_err(|_| format!("header {number} has a value that no header can have"))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

fn unescaped(text: &str) -> String {
    // What means something in a query stands for itself here.
    let text = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let mut pairs = url::form_urlencoded::parse(text.as_bytes());
    pairs
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

/// Who we are, as collectors call it.
fn resource(variable: &impl Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    let mut resource = vec![
        ("service.name".to_owned(), "lockstep".to_owned()),
        ("service.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let (mut pod, mut namespace) = (None, None);
    if variable("KUBERNETES_SERVICE_HOST").is_some() {
        // A pod's host bears its name.
        pod = variable("POD_NAME").or_else(|| variable("HOSTNAME"));
        namespace = variable("POD_NAMESPACE").or_else(|| std::fs::read_to_string(NAMESPACE).ok());
    }
    let told = variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let told = told.split(',').filter_map(|pair| pair.split_once('='));
    let told = told.map(|(name, value)| (name.trim(), Some(unescaped(value.trim()))));
    let known = [("k8s.pod.name", pod), ("k8s.namespace.name", namespace)];
    let name = [("service.name", variable("OTEL_SERVICE_NAME"))];
    for (name, value) in known.into_iter().chain(told).chain(name) {
        if let Some(value) = value {
            resource.retain(|(known, _)| known != name);
            resource.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Settings>> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Settings::read(&TraceFlags::default(), |name| {
            find(name).map(|(_, value)| (*value).to_owned())
        })
    }

    const HERE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");

    #[test]
    fn variables_say_where_spans_go() {
        let endpoint = |variables: &[(&str, &str)]| {
            let settings = read(variables).expect("settings");
            settings.map(|settings| settings.endpoint.to_string())
        };
        let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces.example/in");
        let at = |url: &str| Some(url.to_owned());
        assert_eq!(endpoint(&[]), None);
        assert_eq!(endpoint(&[HERE]), at("http://collector:4318/v1/traces"));
        assert_eq!(endpoint(&[HERE, own]), at("https://traces.example/in"));
        assert_eq!(endpoint(&[HERE, ("OTEL_SDK_DISABLED", "true")]), None);
        assert_eq!(endpoint(&[HERE, ("OTEL_TRACES_EXPORTER", "none")]), None);
        let problem = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]).expect_err("no URL");
        assert_eq!(
            format!("{problem:#}"),
            "OTEL_EXPORTER_OTLP_ENDPOINT must be an http:// or https:// URL"
        );
    }

    #[tokio::test]
    async fn headers_are_given_escaped_and_shown_to_nobody_else() {
        const CANARY: &str = "canary 4f1c,+&";
        let told = "x-key=canary%204f1c%2C+&, x-team = blue";
        let settings = read(&[HERE, ("OTEL_EXPORTER_OTLP_HEADERS", told)]).expect("settings");
        let settings = settings.expect("they are on");
        let headers = settings.headers.read().await.expect("headers");
        assert_eq!(
            (&headers["x-key"], &headers["x-team"]),
            (
                &CANARY.parse().expect("a value"),
                &"blue".parse().expect("a value")
            )
        );
        assert!(!format!("{settings:?}").contains("canary"));
        for bad in ["canary-4f1c", "canary 4f1c=x", "x=canary%0A"] {
            let problem = read(&[HERE, ("OTEL_EXPORTER_OTLP_HEADERS", bad)]).expect_err(bad);
            assert!(!format!("{problem:?}").contains("canary"), "{problem:?}");
        }
    }

    #[test]
    fn a_resource_is_named_by_variables() {
        let settings = read(&[
            HERE,
            ("OTEL_SERVICE_NAME", "secrets"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,team=blue%20sky"),
            ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
            ("POD_NAME", "lockstep-1"),
            ("POD_NAMESPACE", "secrets"),
        ]);
        let mut resource = settings.expect("settings").expect("they are on").resource;
        resource.sort();
        let resource: Vec<_> = resource
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            resource,
            [
                ("k8s.namespace.name", "secrets"),
                ("k8s.pod.name", "lockstep-1"),
                ("service.name", "secrets"),
                ("service.version", env!("CARGO_PKG_VERSION")),
                ("team", "blue sky"),
            ]
        );
    }
}
