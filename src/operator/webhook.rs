//! The validating webhook within the operator: its flags, and its life beside that of the operator.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::certificates::Shown;
use crate::certificates::files::{Files, LOOKS_EVERY};
use crate::certificates::keeper::Keeper;
use crate::cluster::kube::webhook::{KubeWebhookObjects, Places};
use crate::engine::renewal::Lives;
use crate::process::{finish, parse_duration};
use crate::server::{self, admission};
use crate::telemetry::Metrics;
use crate::webhook::TlsFlags;

/// What its flags are grouped under in the help.
const WEBHOOK: &str = "Webhook";
/// How long the first certificate may take before we say that we are ready without.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often we look whether somebody undid what we did.
const LOOKS: Duration = Duration::from_mins(1);
/// Certificates know whole seconds, and have to be renewed in time.
const SHORTEST_LIFE: Duration = Duration::from_secs(6);

/// The webhook in the operator itself. Not flags of ESO's, which runs it as a program of its own.
#[expect(clippy::struct_field_names, reason = "they are the names of the flags")]
#[derive(Clone, Debug, Args)]
pub struct WebhookFlags {
    /// Where the API server asks whether objects may be stored; 0 serves no webhook.
    #[arg(long, help_heading = WEBHOOK, value_name = "PORT", default_value_t = 0)]
    pub webhook_port: u16,
    /// The Service in our namespace that leads there.
    #[arg(long, help_heading = WEBHOOK, value_name = "NAME", default_value = "external-secrets-webhook")]
    pub webhook_service: String,
    /// The Secret in our namespace that the webhook's certificates are kept in [default: named as the Service]
    #[arg(long, help_heading = WEBHOOK, value_name = "NAME")]
    pub webhook_secret: Option<String>,
    /// The ValidatingWebhookConfigurations that are told whom to trust, as far as they lead to the Service.
    #[arg(
        long,
        help_heading = WEBHOOK,
        value_name = "NAME,…",
        value_delimiter = ',',
        default_value = "secretstore-validate,externalsecret-validate"
    )]
    pub webhook_configurations: Vec<String>,
    /// A folder with tls.crt and tls.key that somebody else keeps up, in place of certificates of our own.
    #[arg(long, help_heading = WEBHOOK, value_name = "FOLDER")]
    pub webhook_cert_dir: Option<PathBuf>,
    /// How long a certificate of our own is valid. It is renewed after two thirds of that.
    #[arg(long, help_heading = WEBHOOK, value_name = "DURATION", default_value = "2160h", value_parser = parse_life)]
    pub webhook_certificate_life: Duration,
    /// The oldest TLS that the webhook speaks: 1.2 or 1.3.
    #[arg(long, help_heading = WEBHOOK, value_name = "VERSION", default_value = "1.2")]
    pub webhook_tls_min_version: String,
    /// The ciphers of TLS 1.2 that it speaks, by Go's names [default: all that are safe]
    #[arg(long, help_heading = WEBHOOK, value_name = "NAME,…", default_value = "", hide_default_value = true)]
    pub webhook_tls_ciphers: String,
}

/// A webhook that is served.
#[derive(Debug)]
pub struct Webhook {
    shown: Shown,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl WebhookFlags {
    /// Starts it, if there is to be one.
    pub async fn start(
        &self,
        client: &Client,
        namespace: &str,
        metrics: &Arc<Metrics>,
    ) -> Result<Option<Webhook>> {
        if self.webhook_port == 0 {
            return Ok(None);
        }
        let tls = TlsFlags {
            tls_ciphers: self.webhook_tls_ciphers.clone(),
            tls_min_version: self.webhook_tls_min_version.clone(),
        };
        let (shown, tasks, stop) = (Shown::default(), TaskTracker::new(), CancellationToken::new());
        metrics.tell_of_certificate(&shown);
        let address = server::everywhere(self.webhook_port);
        let serving = (&tls.settings()?, shown.clone());
        server::start_tls(
            "the webhook",
            address,
            admission::router(metrics),
            serving,
            &tasks,
            &stop,
        )
        .await?;
        match &self.webhook_cert_dir {
            Some(folder) => {
                let files = Files::new(folder, "tls.crt", "tls.key");
                tasks.spawn(files.follow(shown.clone(), LOOKS_EVERY, stop.clone()));
            }
            None => drop(tasks.spawn(self.keeper(client, namespace, &shown).run(stop.clone()))),
        }
        Ok(Some(Webhook { shown, tasks, stop }))
    }

    fn keeper(&self, client: &Client, namespace: &str, shown: &Shown) -> Keeper {
        let places = Places {
            namespace: namespace.to_owned(),
            secret_namespace: namespace.to_owned(),
            service: self.webhook_service.clone(),
            secret: self
                .webhook_secret
                .clone()
                .unwrap_or_else(|| self.webhook_service.clone()),
            configurations: self.webhook_configurations.clone(),
        };
        let life = SignedDuration::try_from(self.webhook_certificate_life).unwrap_or(SignedDuration::MAX);
        Keeper {
            names: places.names(),
            objects: Arc::new(KubeWebhookObjects::new(client.clone(), places)),
            lives: Lives::of(life),
            interval: LOOKS.min(self.webhook_certificate_life / 12),
            shown: shown.clone(),
            clock: Timestamp::now,
        }
    }
}

impl Webhook {
    /// Waits a while for one. Who sends us questions before would find nobody to trust.
    pub async fn has_a_certificate(&self) {
        if !self.shown.first(PATIENCE).await {
            warn!(
                "the webhook has no certificate yet; what it would refuse is let pass or held up until then"
            );
        }
    }

    /// Ends it, when everything else has ended. The API server may still be asking.
    pub async fn end(self) {
        tokio::time::sleep(admission::LINGER).await;
        self.stop.cancel();
        finish(&self.tasks).await;
    }
}

fn parse_life(text: &str) -> Result<Duration, String> {
    let life = parse_duration(text)?;
    if life < SHORTEST_LIFE {
        return Err(format!("must be {} seconds or more", SHORTEST_LIFE.as_secs()));
    }
    Ok(life)
}
