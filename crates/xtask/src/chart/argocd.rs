//! What Argo CD is to know of our kinds, as one ConfigMap to be merged into its own, made from the scripts beside it.

use std::fmt::Write as _;

/// A kind, and what people ask of it by hand.
struct Kind {
    name: &'static str,
    action: Option<&'static str>,
    /// Its status tells when it was last refreshed, which is no news to Argo CD.
    tells_time: bool,
}

const KINDS: [Kind; 6] = [
    Kind::new("ClusterExternalSecret", Some("refresh"), false),
    Kind::new("ClusterPushSecret", Some("push"), false),
    Kind::new("ClusterSecretStore", None, false),
    Kind::new("ExternalSecret", Some("refresh"), true),
    Kind::new("PushSecret", Some("push"), true),
    Kind::new("SecretStore", None, false),
];

const HEAD: &str = "\
# What Argo CD is to know of lockstep's kinds. Written by `cargo xtask chart` from the scripts beside it.
#
#   kubectl patch configmap argocd-cm --namespace argocd --patch-file argocd-cm.yaml
data:
";

/// The scripts, as they stand in `deploy/argocd`.
pub struct Scripts {
    pub health: String,
    pub discovery: String,
    pub now: String,
}

impl Kind {
    const fn new(name: &'static str, action: Option<&'static str>, tells_time: bool) -> Self {
        Self {
            name,
            action,
            tells_time,
        }
    }
}

/// The ConfigMap.
pub fn write(scripts: &Scripts) -> String {
    KINDS
        .iter()
        .fold(HEAD.to_owned(), |text, kind| text + &entries(kind, scripts))
}

fn entries(kind: &Kind, scripts: &Scripts) -> String {
    let mut text = String::new();
    let key = |what: &str| {
        format!(
            "  resource.customizations.{what}.external-secrets.io_{}: |\n",
            kind.name
        )
    };
    // Writing to a string cannot fail.
    let _ = write!(text, "{}{}", key("health"), indent(&scripts.health, 4));
    if let Some(action) = kind.action {
        let discovery = scripts.discovery.replace("ACTION", action);
        let _ = write!(
            text,
            "{}    discovery.lua: |\n{}    definitions:\n      - name: {action}\n        action.lua: |\n{}",
            key("actions"),
            indent(&discovery, 6),
            indent(&scripts.now, 10),
        );
    }
    if kind.tells_time {
        let _ = write!(
            text,
            "{}    jsonPointers:\n      - /status/refreshTime\n",
            key("ignoreResourceUpdates")
        );
    }
    text
}

fn indent(script: &str, by: usize) -> String {
    let line = |line: &str| match line {
        "" => "\n".to_owned(),
        line => format!("{:by$}{line}\n", ""),
    };
    script.lines().map(line).collect()
}
