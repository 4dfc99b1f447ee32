//! All that a client of the SDK is made from: region, credentials, endpoints, and how often a call is repeated.

use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use lockstep_api::RetrySettings;
use lockstep_api::provider::AwsAuth;

use super::endpoints::Endpoints;
use super::http;
use super::login::{Login, Source};
use super::roles::{AssumedRole, Role};
use crate::engine::problem::Problem;
use crate::provider::References;

/// How often a call is made, unless `retrySettings` says otherwise.
const ATTEMPTS: u32 = 3;
/// More would not end within a call's deadline.
const MOST_ATTEMPTS: u32 = 10;
/// No part of a host's name is longer.
const LONGEST_REGION: usize = 63;

/// What stores and generators say of a session.
#[derive(Debug)]
pub(crate) struct Wanted<'w> {
    pub(crate) auth: &'w AwsAuth,
    pub(crate) region: &'w str,
    /// Assumed in this order.
    pub(crate) roles: Vec<Role>,
    pub(crate) retry: Option<&'w RetrySettings>,
    /// Where all this stands in the object.
    pub(crate) field: &'w str,
}

/// Somebody in a region.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    config: SdkConfig,
    login: Login,
    endpoints: Endpoints,
}

impl Session {
    /// Resolves everything that Kubernetes knows; AWS is not asked yet.
    pub(crate) async fn open(
        wanted: Wanted<'_>,
        references: &References,
        endpoints: Endpoints,
    ) -> Result<Self, Problem> {
        check_region(wanted.region, wanted.field)?;
        let nobody = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(Region::new(wanted.region.to_owned()))
            .no_credentials()
            // Logins keep what they have by themselves.
            .identity_cache(IdentityCache::no_cache())
            .http_client(http::client())
            .timeout_config(http::timeouts())
            .retry_config(repetitions(wanted.retry)?)
            .load()
            .await;
        let (sts, field) = (sts(&nobody, &endpoints), format!("{}.auth", wanted.field));
        let source = Source::of(wanted.auth, &nobody, sts, references, &field).await?;
        let mut session = Self::of(&nobody, source, endpoints);
        for role in wanted.roles {
            let sts = session.sts();
            let source = Source::Role(AssumedRole { role, sts });
            session = Self::of(&nobody, source, session.endpoints);
        }
        Ok(session)
    }

    fn of(nobody: &SdkConfig, source: Source, endpoints: Endpoints) -> Self {
        let login = Login::new(source);
        let config = nobody.to_builder();
        let config = config.credentials_provider(SharedCredentialsProvider::new(login.clone()));
        Self {
            config: config.build(),
            login,
            endpoints,
        }
    }

    /// Are there credentials? Asks nobody when there are.
    pub(super) async fn check(&self) -> Result<(), Problem> {
        self.login.current().await.map(drop)
    }

    pub(super) fn login_age(&self) -> Option<Duration> {
        self.login.age()
    }

    pub(crate) fn sts(&self) -> aws_sdk_sts::Client {
        sts(&self.config, &self.endpoints)
    }

    pub(super) fn secrets_manager(&self) -> aws_sdk_secretsmanager::Client {
        let mut builder = aws_sdk_secretsmanager::config::Builder::from(&self.config);
        if let Some(url) = &self.endpoints.secrets_manager {
            builder = builder.endpoint_url(url);
        }
        aws_sdk_secretsmanager::Client::from_conf(builder.build())
    }

    pub(super) fn parameter_store(&self) -> aws_sdk_ssm::Client {
        let mut builder = aws_sdk_ssm::config::Builder::from(&self.config);
        if let Some(url) = &self.endpoints.parameter_store {
            builder = builder.endpoint_url(url);
        }
        aws_sdk_ssm::Client::from_conf(builder.build())
    }

    pub(crate) fn registry(&self) -> aws_sdk_ecr::Client {
        let mut builder = aws_sdk_ecr::config::Builder::from(&self.config);
        if let Some(url) = &self.endpoints.registry {
            builder = builder.endpoint_url(url);
        }
        aws_sdk_ecr::Client::from_conf(builder.build())
    }

    pub(crate) fn public_registry(&self) -> aws_sdk_ecrpublic::Client {
        let mut builder = aws_sdk_ecrpublic::config::Builder::from(&self.config);
        if let Some(url) = &self.endpoints.public_registry {
            builder = builder.endpoint_url(url);
        }
        aws_sdk_ecrpublic::Client::from_conf(builder.build())
    }
}

fn sts(config: &SdkConfig, endpoints: &Endpoints) -> aws_sdk_sts::Client {
    let mut builder = aws_sdk_sts::config::Builder::from(config);
    if let Some(url) = &endpoints.sts {
        builder = builder.endpoint_url(url);
    }
    aws_sdk_sts::Client::from_conf(builder.build())
}

/// A region becomes part of a host's name: nothing else may get in there. Which regions there are, nobody knows for
/// long.
fn check_region(region: &str, field: &str) -> Result<(), Problem> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_name = (1..=LONGEST_REGION).contains(&region.len())
        && region.bytes().all(|byte| is_letter(byte) || byte == b'-')
        && !region.starts_with('-')
        && !region.ends_with('-');
    if is_name {
        return Ok(());
    }
    Err(Problem::InvalidSpec {
        field: format!("{field}.region"),
        why: "must be a region of AWS, such as eu-central-1".to_owned(),
    })
}

/// The interval is the longest pause there is; calls of many objects do not all come back at the same time.
fn repetitions(settings: Option<&RetrySettings>) -> Result<RetryConfig, Problem> {
    let attempts = settings.and_then(|settings| settings.max_retries);
    let attempts = attempts.map_or(ATTEMPTS, |retries| u32::try_from(retries).unwrap_or(0) + 1);
    let config = RetryConfig::standard().with_max_attempts(attempts.min(MOST_ATTEMPTS));
    let interval = settings.map(RetrySettings::retry_interval).transpose();
    let interval = interval.map_err(|why| Problem::InvalidSpec {
        field: "spec.retrySettings.retryInterval".to_owned(),
        why,
    })?;
    Ok(match interval.flatten() {
        Some(interval) => config.with_initial_backoff(interval).with_max_backoff(interval),
        None => config,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_part_of_a_host_and_nothing_more() {
        for region in ["eu-central-1", "us-gov-west-1", "local"] {
            assert_eq!(check_region(region, "f"), Ok(()), "{region}");
        }
        for region in [
            "",
            "evil.example/#",
            "eu central",
            "-a",
            "a-",
            "EU",
            &"a".repeat(64),
        ] {
            let refused = check_region(region, "f").expect_err("no region");
            assert_eq!(
                refused.to_string(),
                "f.region: must be a region of AWS, such as eu-central-1"
            );
        }
    }

    #[test]
    fn retry_settings_are_honoured_within_bounds() {
        let of = |max_retries, interval: Option<&str>| {
            let settings = RetrySettings {
                max_retries,
                retry_interval: interval.map(str::to_owned),
            };
            repetitions(Some(&settings)).map(|config| (config.max_attempts(), config.max_backoff().as_secs()))
        };
        assert_eq!(repetitions(None).map(|config| config.max_attempts()), Ok(3));
        assert_eq!(of(None, Some("7s")), Ok((3, 7)));
        assert_eq!(of(Some(5), None), Ok((6, 20)));
        assert_eq!(of(Some(-1), Some("1s")), Ok((1, 1)));
        assert_eq!(of(Some(i32::MAX), None), Ok((10, 20)));
        let refused = of(None, Some("soon")).expect_err("no duration");
        assert!(
            refused
                .to_string()
                .starts_with("spec.retrySettings.retryInterval: "),
            "{refused}"
        );
    }
}
