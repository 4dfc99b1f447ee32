//! The SDK's HTTP client: one for the process, so that connections and the system's certificates are shared, with a
//! bound on what it reads.

use std::sync::LazyLock;
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use thiserror::Error;

use crate::provider::http::BOUND;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// For one attempt of a call.
const ATTEMPT: Duration = Duration::from_secs(10);
/// For a call with its repetitions; the reader waits for 30 s.
const CALL: Duration = Duration::from_secs(28);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

static CLIENT: LazyLock<SharedHttpClient> = LazyLock::new(|| SharedHttpClient::new(Bounded(plain())));

/// A client for everything of the SDK.
pub(super) fn client() -> SharedHttpClient {
    CLIENT.clone()
}

pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build()
}

/// As the SDK makes its own: with the proxy of the environment.
fn plain() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut builder = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        builder.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        builder.proxy_config(ProxyConfig::from_env()).build()
    })
}

/// The connection was lost in the middle of an answer.
#[derive(Debug, Error)]
#[error("the answer broke off")]
pub(super) struct BrokenOff;

/// That an answer is too long is its own fault, everything else the connection's.
fn told_apart(error: BoxError) -> BoxError {
    if error.is::<LengthLimitError>() {
        error
    } else {
        Box::new(BrokenOff)
    }
}

/// A client, or a connection of it, whose answers have a bound.
#[derive(Debug)]
struct Bounded<T>(T);

impl HttpClient for Bounded<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Bounded(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for Bounded<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            Ok(answer.map(|body| SdkBody::from_body_1_x(Limited::new(body, BOUND).map_err(told_apart))))
        })
    }
}
