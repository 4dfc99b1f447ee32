//! One release for each value file in the chart's `ci/`, and what is expected of it.

use super::cluster::HOME;
use super::rights::{self, Right};

/// A release, and what is expected of it.
pub struct Case {
    /// The value file, without its ending.
    pub values: &'static str,
    /// What the release is called. The values of ESO's users go with ESO's name.
    pub release: &'static str,
    /// Where its objects are.
    pub namespace: &'static str,
    /// Its ServiceAccount.
    pub account: &'static str,
    /// The operator's arguments.
    pub arguments: &'static [&'static str],
    /// What the notes name as without effect.
    pub without_effect: &'static [&'static str],
    /// What the account may do and may not.
    pub rights: &'static [Right],
    /// Whether everything is to be reconciled: then the account may list every kind there is, and there are roles
    /// for people.
    pub everywhere: bool,
}

/// All of them.
pub const CASES: [Case; 4] = [
    Case {
        values: "default",
        release: "lockstep",
        namespace: HOME,
        account: "lockstep",
        arguments: &[
            "operator",
            "--webhook-port=10250",
            "--webhook-service=lockstep-webhook",
        ],
        without_effect: &[],
        rights: rights::DEFAULT,
        everywhere: true,
    },
    Case {
        values: "scoped",
        release: "lockstep",
        namespace: HOME,
        account: "lockstep",
        arguments: &[
            "operator",
            "--enable-cluster-external-secret-reconciler=false",
            "--enable-cluster-push-secret-reconciler=false",
            "--enable-cluster-store-reconciler=false",
            "--enable-leader-election=true",
            "--namespace=team-a",
        ],
        without_effect: &[],
        rights: rights::SCOPED,
        everywhere: false,
    },
    Case {
        values: "everything",
        release: "lockstep",
        namespace: "secrets",
        account: "secrets",
        arguments: EVERY_ARGUMENT,
        without_effect: &[],
        rights: rights::EVERYTHING,
        everywhere: false,
    },
    Case {
        values: "eso",
        release: "external-secrets",
        namespace: HOME,
        account: "external-secrets",
        arguments: &[
            "operator",
            "--client-burst=200",
            "--client-qps=100",
            "--concurrent=10",
            "--enable-leader-election=true",
            "--loglevel=debug",
            "--metrics-cert-dir=/etc/tls",
            "--metrics-cert-name=/etc/tls/tls.crt",
            "--metrics-key-name=/etc/tls/tls.key",
            "--metrics-secure=true",
            "--webhook-cert-dir=/tmp/certs",
            "--webhook-port=10250",
            "--webhook-service=external-secrets-webhook",
        ],
        without_effect: &["vault", "webhook.replicaCount"],
        rights: rights::ESO,
        everywhere: true,
    },
];

const EVERY_ARGUMENT: &[&str] = &[
    "operator",
    "--audit-log=/var/log/lockstep/audit",
    "--audit-log-max-files=2",
    "--audit-log-max-size=10",
    // Helm reads numbers as floats; this is not to become 1e+06.
    "--client-qps=1000000",
    // From extraArgs, which win over `concurrent`.
    "--concurrent=32",
    "--controller-class=production",
    "--enable-cluster-push-secret-reconciler=false",
    "--enable-extended-metric-labels=true",
    "--enable-flood-gate=false",
    "--enable-http2=true",
    "--enable-leader-election=true",
    "--enable-push-secret-reconciler=false",
    "--enable-secrets-caching",
    "--leader-election-id=secrets-operator",
    "--leader-election-lease-duration=30s",
    "--leader-election-renew-deadline=20s",
    "--leader-election-retry-period=5s",
    "--live-addr=:9082",
    "--loglevel=debug",
    "--metrics-addr=:9090",
    "--store-requeue-interval=10m",
    "--template-left-delimiter=[[",
    "--unsafe-allow-generic-targets=true",
    "--webhook-certificate-life=720h",
    "--webhook-port=9443",
    "--webhook-service=secrets-operator-webhook",
    "--webhook-tls-min-version=1.3",
    "--zap-time-encoding=rfc3339",
];
