//! The operator's flags: ESO's, by name and meaning.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};

use super::metrics::MetricsFlags;
use super::webhook::WebhookFlags;
use crate::audit::AuditFlags;
use crate::controller::RefreshTime;
use crate::engine::condition::Manner;
use crate::process::{RuleFlags, parse_duration};
use crate::telemetry::logging::{self, TimeFormat, Verbosity};
use crate::traces::TraceFlags;

// What flags are grouped under in the help.
const SERVED: &str = "What is served";
const SYNCS: &str = "How it is kept in step";
const TEMPLATES: &str = "Templates";
const LEADER: &str = "Leader election";
pub(super) const METRICS: &str = "Metrics and probes";
const LOGS: &str = "Logs";

/// A switch as Go's flag packages have it: `--flag` and `--flag=false`.
macro_rules! switches {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident = $default:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Args)]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[arg(
                    long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
                    default_value = $default, default_missing_value = "true", action = ArgAction::Set
                )]
                pub $field: bool,
            )+
        }
    };
}

#[derive(Clone, Debug, Args)]
#[command(max_term_width = 110)]
pub struct Flags {
    #[command(flatten)]
    pub metrics: MetricsFlags,
    /// Where /healthz and /readyz are served. `0` serves none.
    #[arg(long, help_heading = METRICS, value_name = "ADDRESS", default_value = ":8082", value_parser = parse_address)]
    pub live_addr: Address,
    /// Only stores of this class, or of none, are served.
    #[arg(long, help_heading = SERVED, value_name = "CLASS", default_value = "default")]
    pub controller_class: String,
    /// Only this namespace is served.
    #[arg(long, help_heading = SERVED, value_name = "NAMESPACE", default_value = "")]
    pub namespace: String,
    /// How often a store is checked that does not say itself.
    #[arg(long, help_heading = SYNCS, value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub store_requeue_interval: Duration,
    /// How exactly status.refreshTime follows refreshes that change nothing. Not a flag of ESO's.
    #[arg(long, help_heading = SYNCS, value_name = "HOW", default_value = "coarse")]
    pub status_refresh_time: RefreshTimeFlag,
    /// How long what a generator made is left alone after something newer has taken its place.
    #[arg(long, help_heading = SYNCS, value_name = "DURATION", default_value = "2m", value_parser = parse_duration)]
    pub generator_gc_grace_period: Duration,
    /// What opens an action in templates of targets.
    #[arg(long, help_heading = TEMPLATES, value_name = "TEXT", default_value = "{{")]
    pub template_left_delimiter: String,
    /// What closes an action in templates of targets.
    #[arg(long, help_heading = TEMPLATES, value_name = "TEXT", default_value = "}}")]
    pub template_right_delimiter: String,
    /// Which conditions tell that something is wrong. Not a flag of ESO's.
    #[arg(long, help_heading = SYNCS, value_name = "HOW", default_value = "kstatus")]
    pub status_conditions: ConditionsFlag,
    #[command(flatten)]
    pub rules: RuleFlags,
    #[command(flatten)]
    pub switches: Switches,
    #[command(flatten)]
    pub election: Election,
    #[command(flatten)]
    pub webhook: WebhookFlags,
    #[command(flatten)]
    pub logs: LogFlags,
    #[command(flatten)]
    pub audit: AuditFlags,
    #[command(flatten)]
    pub traces: TraceFlags,
    #[command(flatten)]
    pub accepted: Accepted,
}

switches! {
    Switches {
        /// Serve ClusterSecretStores.
        #[arg(help_heading = SERVED)]
        enable_cluster_store_reconciler = "true",
        /// Serve ClusterExternalSecrets.
        #[arg(help_heading = SERVED)]
        enable_cluster_external_secret_reconciler = "true",
        /// Serve ClusterPushSecrets.
        #[arg(help_heading = SERVED)]
        enable_cluster_push_secret_reconciler = "true",
        /// Serve SecretStores.
        #[arg(help_heading = SERVED)]
        enable_secret_store_reconciler = "true",
        /// Serve PushSecrets.
        #[arg(help_heading = SERVED)]
        enable_push_secret_reconciler = "true",
        /// Read only stores that are Ready.
        #[arg(help_heading = SYNCS)]
        enable_flood_gate = "true",
        /// Remember in GeneratorStates what generators made elsewhere: leases are renewed, and given back when nobody
        /// needs them any more.
        #[arg(help_heading = SYNCS)]
        enable_generator_state = "true",
        /// Hold back what would blank values of a Secret or take most of its keys while its ExternalSecret is unchanged.
        /// Not a flag of ESO's.
        #[arg(help_heading = SYNCS)]
        enable_shrink_guard = "true",
        /// Tell the recommended labels (app.kubernetes.io/…) of objects with their metrics.
        #[arg(help_heading = METRICS)]
        enable_extended_metric_labels = "false",
        /// Allow targets that are no Secrets, through spec.target.manifest. Whoever may read such an object reads the
        /// values in it.
        #[arg(help_heading = SYNCS)]
        unsafe_allow_generic_targets = "false",
        /// Work only while holding the lease, so that several replicas can run.
        #[arg(help_heading = LEADER)]
        enable_leader_election = "false",
    }
}

/// What is logged, and how.
#[derive(Clone, Debug, Args)]
pub struct LogFlags {
    /// The least severe messages that are logged: error, warn, info, debug or trace. SIGUSR1 makes a running process
    /// log more, SIGUSR2 as much as before (see lockstep loglevel).
    #[arg(long, help_heading = LOGS, value_name = "LEVEL", default_value = "info", value_parser = parse_level)]
    pub loglevel: String,
    /// How timestamps are logged: epoch, or any other of ESO's names for RFC 3339.
    #[arg(long, help_heading = LOGS, value_name = "ENCODING", default_value = "epoch")]
    pub zap_time_encoding: TimeEncoding,
    /// How messages are logged. Not a flag of ESO's.
    #[arg(long, help_heading = LOGS, value_name = "FORMAT", default_value = "json")]
    pub log_format: LogFormat,
}

impl LogFlags {
    /// Logs from now on.
    pub fn start(&self) -> Verbosity {
        let start = match self.log_format {
            LogFormat::Json => logging::start_json,
            LogFormat::Text => logging::start_text,
        };
        start(&self.loglevel, self.zap_time_encoding.into())
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    /// A JSON object a line
    Json,
    /// Lines for people
    Text,
}

/// Leader election, on ESO's own lease.
#[expect(clippy::struct_field_names, reason = "they are the names of ESO's flags")]
#[derive(Clone, Debug, Args)]
pub struct Election {
    /// The name of the lease.
    #[arg(long, help_heading = LEADER, value_name = "NAME", default_value = "external-secrets-controller")]
    pub leader_election_id: String,
    /// How long a lease is good for without being renewed.
    #[arg(long, help_heading = LEADER, value_name = "DURATION", default_value = "15s", value_parser = parse_duration)]
    pub leader_election_lease_duration: Duration,
    /// How long the leader tries to renew before it gives up.
    #[arg(long, help_heading = LEADER, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    pub leader_election_renew_deadline: Duration,
    /// How often the leader renews its lease.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = parse_duration)]
    pub leader_election_retry_period: Duration,
}

/// ESO's flags that are accepted so that existing manifests start, and that do nothing here. Each that is given is
/// named in a warning.
#[derive(Clone, Debug, Args)]
pub struct Accepted {
    #[command(flatten)]
    values: AcceptedValues,
}

/// Declares flags that take anything, or nothing, and why they do nothing.
macro_rules! accepted {
    ($($field:ident: $why:literal),+ $(,)?) => {
        #[derive(Clone, Debug, Args)]
        struct AcceptedValues {
            $(
                #[arg(long, hide = true, value_name = "VALUE", num_args = 0..=1, default_missing_value = "true")]
                $field: Option<String>,
            )+
        }

        impl Accepted {
            /// The flags that were given, and why they do nothing.
            pub fn without_effect(&self) -> Vec<(String, &'static str)> {
                let given = [$((stringify!($field), &self.values.$field, $why)),+];
                let given = given.into_iter().filter(|(_, value, _)| value.is_some());
                given.map(|(field, _, why)| (format!("--{}", field.replace('_', "-")), why)).collect()
            }
        }
    };
}

accepted! {
    concurrent: "lockstep works on as many objects at a time as their stores allow",
    client_qps: "requests to the API server are bounded by how many are under way",
    client_burst: "requests to the API server are bounded by how many are under way",
    enable_secrets_caching: "no Secret's data is kept in memory",
    enable_configmaps_caching: "ConfigMaps are read when they are needed",
    enable_managed_secrets_caching: "managed Secrets are always watched, and kept as fingerprints",
    enable_secret_api_read_on_cache_mismatch: "writes carry the version that was looked at",
    enable_http2: "the metrics endpoint speaks HTTP/1.1",
    enable_vault_token_cache: "connections to Vault live as long as their store",
    vault_token_cache_size: "connections to Vault live as long as their store",
    experimental_enable_vault_token_cache: "connections to Vault live as long as their store",
    experimental_vault_token_cache_size: "connections to Vault live as long as their store",
    experimental_enable_aws_session_cache: "connections to AWS live as long as their store",
    experimental_enable_doppler_oidc_cache: "connections to Doppler live as long as their store",
    experimental_doppler_oidc_cache_size: "connections to Doppler live as long as their store",
    doppler_etag_cache_size: "connections to Doppler live as long as their store",
    mysterybox_tokens_cache_size: "the provider is not supported",
    mysterybox_connections_cache_size: "the provider is not supported",
    pulumi_oidc_cache_size: "the provider is not supported",
}

/// An address to listen on, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub Option<SocketAddr>);

/// Go's way of writing addresses: `:8080` is every interface.
pub fn parse_address(text: &str) -> Result<Address, String> {
    if text.is_empty() || text == "0" {
        return Ok(Address(None));
    }
    let full = if text.starts_with(':') {
        format!("0.0.0.0{text}")
    } else {
        text.replacen("localhost:", "127.0.0.1:", 1)
    };
    let address = SocketAddr::from_str(&full).map_err(|_| "must be HOST:PORT, :PORT or 0".to_owned())?;
    Ok(Address(Some(address)))
}

/// zap's names; those between its levels mean the next of ours.
pub fn parse_level(text: &str) -> Result<String, String> {
    match text.to_ascii_lowercase().as_str() {
        "dpanic" | "panic" | "fatal" => Ok("error".to_owned()),
        level @ ("error" | "warn" | "info" | "debug" | "trace") => Ok(level.to_owned()),
        _ => Err("must be error, warn, info, debug or trace".to_owned()),
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RefreshTimeFlag {
    /// At each refresh.
    Always,
    /// With each change, and otherwise every five minutes at most.
    Coarse,
}

impl From<RefreshTimeFlag> for RefreshTime {
    fn from(flag: RefreshTimeFlag) -> Self {
        match flag {
            RefreshTimeFlag::Always => Self::Always,
            RefreshTimeFlag::Coarse => Self::Coarse,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ConditionsFlag {
    /// Ready, and while something is wrong Reconciling or Stalled.
    Kstatus,
    /// Ready alone. Use it before going back to ESO, whose CRD refuses the others.
    Eso,
}

impl From<ConditionsFlag> for Manner {
    fn from(flag: ConditionsFlag) -> Self {
        match flag {
            ConditionsFlag::Kstatus => Self::Kstatus,
            ConditionsFlag::Eso => Self::Eso,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TimeEncoding {
    #[value(aliases = ["millis", "nano"])]
    Epoch,
    #[value(aliases = ["rfc3339", "rfc3339nano"])]
    Iso8601,
}

impl From<TimeEncoding> for TimeFormat {
    fn from(encoding: TimeEncoding) -> Self {
        match encoding {
            TimeEncoding::Epoch => Self::Epoch,
            TimeEncoding::Iso8601 => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::provider::OwnIdentity;

    #[derive(Debug, Parser)]
    struct Alone {
        #[command(flatten)]
        flags: Flags,
    }

    fn parse(arguments: &[&str]) -> Result<Flags, clap::Error> {
        Alone::try_parse_from(["operator"].iter().chain(arguments)).map(|alone| alone.flags)
    }

    #[test]
    fn switches_are_written_as_in_go() {
        for (arguments, on) in [
            (&[][..], true),
            (&["--enable-flood-gate"], true),
            (&["--enable-flood-gate=false"], false),
            (&["--enable-flood-gate=true"], true),
        ] {
            assert_eq!(
                parse(arguments).expect("flags").switches.enable_flood_gate,
                on,
                "{arguments:?}"
            );
        }
    }

    #[test]
    fn the_flags_of_an_eso_deployment_are_accepted_and_those_without_effect_named() {
        let flags = parse(&[
            "--concurrent=4",
            "--client-qps",
            "50",
            "--enable-secrets-caching",
            "--metrics-addr=:9090",
            "--loglevel=info",
            "--zap-time-encoding=epoch",
            "--store-requeue-interval=10s",
        ])
        .expect("flags");
        let named: Vec<_> = flags
            .accepted
            .without_effect()
            .into_iter()
            .map(|(flag, _)| flag)
            .collect();
        assert_eq!(
            named,
            ["--concurrent", "--client-qps", "--enable-secrets-caching"]
        );
        assert_eq!(
            flags.metrics.metrics_addr,
            Address(Some(([0, 0, 0, 0], 9090).into()))
        );
    }

    #[test]
    fn who_may_be_lockstep_itself_is_said_in_a_word() {
        for (arguments, whose) in [
            (&[][..], OwnIdentity::Everywhere),
            (&["--own-identity=cluster-stores"], OwnIdentity::ClusterStores),
            (&["--own-identity", "nowhere"], OwnIdentity::Nowhere),
        ] {
            let rules = parse(arguments).expect("flags").rules.rules();
            assert_eq!(rules.own_identity, whose, "{arguments:?}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for bad in [
            "--metrics-addr=here",
            "--store-requeue-interval=1d",
            "--loglevel=loud",
            "--no-such-flag",
            "--webhook-allowed-hosts=https://a.example",
            "--own-identity=somewhere",
        ] {
            assert!(parse(&[bad]).is_err(), "{bad}");
        }
    }
}
