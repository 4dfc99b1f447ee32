//! The kinds whose objects have series of their own.

/// By their ESO names, which the names of its families begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    ExternalSecret,
    SecretStore,
    ClusterSecretStore,
    ClusterExternalSecret,
    PushSecret,
    ClusterPushSecret,
}

impl Kind {
    pub(super) const ALL: [Self; 6] = [
        Self::ExternalSecret,
        Self::SecretStore,
        Self::ClusterSecretStore,
        Self::ClusterExternalSecret,
        Self::PushSecret,
        Self::ClusterPushSecret,
    ];

    /// Also the name of its controller.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExternalSecret => "externalsecret",
            Self::SecretStore => "secretstore",
            Self::ClusterSecretStore => "clustersecretstore",
            Self::ClusterExternalSecret => "clusterexternalsecret",
            Self::PushSecret => "pushsecret",
            Self::ClusterPushSecret => "clusterpushsecret",
        }
    }
}
