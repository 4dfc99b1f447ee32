//! Where a store's credentials may be.
//!
//! A SecretStore has them in its own namespace. A ClusterSecretStore names a namespace; where it leaves it out, most
//! providers take the credentials of whoever uses the store.

use lockstep_api::{CaProvider, NamespaceName, SecretKeySelector, ServiceAccountSelector};

use crate::engine::admit::Findings;

/// Where a store is.
#[derive(Clone, Debug)]
pub(in crate::engine::admit) enum Home {
    Namespace(String),
    Cluster,
}

/// Takes down what is wrong with references, and with what stands beside them.
pub(super) struct References<'f> {
    pub home: &'f Home,
    /// The key below `spec.provider`.
    provider: &'f str,
    findings: &'f mut Findings,
}

impl<'f> References<'f> {
    pub(super) fn new(home: &'f Home, provider: &'f str, findings: &'f mut Findings) -> Self {
        Self {
            home,
            provider,
            findings,
        }
    }

    /// A key of a Secret, of the user's namespace where a ClusterSecretStore names none.
    pub(super) fn secret(&mut self, field: &str, selector: Option<&SecretKeySelector>) {
        if let Some(selector) = selector {
            self.namespace(field, selector.namespace.as_ref(), true);
        }
    }

    pub(super) fn account(&mut self, field: &str, selector: Option<&ServiceAccountSelector>) {
        if let Some(selector) = selector {
            self.namespace(field, selector.namespace.as_ref(), true);
        }
    }

    /// As [`Self::secret`], but a ClusterSecretStore has to name the namespace.
    pub(super) fn fixed_secret(&mut self, field: &str, selector: Option<&SecretKeySelector>) {
        if let Some(selector) = selector {
            self.namespace(field, selector.namespace.as_ref(), false);
        }
    }

    /// The same, with a name and a key.
    pub(super) fn whole_secret(&mut self, field: &str, selector: &SecretKeySelector) {
        if selector.name.is_none() {
            self.refuse(&format!("{field}.name"), "must be set");
        }
        if selector.key.is_none() {
            self.refuse(&format!("{field}.key"), "must be set");
        }
        self.fixed_secret(field, Some(selector));
    }

    pub(super) fn fixed_account(&mut self, field: &str, selector: Option<&ServiceAccountSelector>) {
        if let Some(selector) = selector {
            self.namespace(field, selector.namespace.as_ref(), false);
        }
    }

    /// Whoever is trusted; a SecretStore looks in its own namespace alone.
    pub(super) fn ca_provider(&mut self, field: &str, source: Option<&CaProvider>) {
        let why = match (self.home, source.map(|source| source.namespace.is_some())) {
            (Home::Cluster, Some(false)) => "must be set in a ClusterSecretStore",
            (Home::Namespace(_), Some(true)) => "must be left out in a SecretStore",
            (Home::Cluster | Home::Namespace(_), _) => return,
        };
        self.refuse(&format!("{field}.namespace"), why);
    }

    /// `field` is a path below the provider.
    pub(super) fn refuse(&mut self, field: &str, why: &str) {
        let provider = self.provider;
        self.findings
            .refused
            .push(format!("spec.provider.{provider}.{field}: {why}"));
    }

    pub(super) fn doubt(&mut self, why: &str) {
        self.findings.doubts.push(why.to_owned());
    }

    fn namespace(&mut self, field: &str, named: Option<&NamespaceName>, is_referent: bool) {
        let why = match (self.home, named) {
            (Home::Namespace(own), Some(other)) if other.as_str() != own => {
                "must be left out, or be the namespace of the SecretStore"
            }
            (Home::Cluster, None) if !is_referent => "must be set in a ClusterSecretStore",
            (Home::Namespace(_) | Home::Cluster, _) => return,
        };
        self.refuse(&format!("{field}.namespace"), why);
    }
}
