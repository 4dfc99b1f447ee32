//! How to log in, as the spec says: in ESO's order, where several ways are given.

use lockstep_api::SecretKeySelector;
use lockstep_api::provider::{
    InfisicalAuth, InfisicalAzureAuth, InfisicalGcpIamAuth, InfisicalGcpIdTokenAuth, InfisicalKubernetesAuth,
};
use url::Url;

use super::proof::Proof;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::entra::Managed;
use crate::provider::google::Metadata;
use crate::provider::infisical::{Environment, FIELD};
use crate::provider::{References, StoreScope};

/// Where the operator's own pod has the token of its ServiceAccount.
const OWN_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
/// For whom Azure makes the token unless the spec says otherwise, as in ESO.
const AZURE: &str = "https://management.azure.com/";

/// What the API calls it, ESO's metric counts it as, and what is shown.
pub(super) struct Ritual {
    pub(super) path: &'static str,
    pub(super) call: &'static str,
    pub(super) texts: Vec<(&'static str, SecretBytes)>,
    pub(super) proof: Proof,
}

pub(super) struct Finder<'f> {
    pub(super) references: &'f References,
    pub(super) environment: &'f Environment,
    /// Where it is shown.
    pub(super) url: &'f Url,
}

impl Finder<'_> {
    pub(super) async fn ritual(&self, auth: &InfisicalAuth) -> Result<Ritual, Problem> {
        if let Some(auth) = &auth.universal {
            let parts = [
                ("clientId", "clientId", &auth.client_id),
                ("clientSecret", "clientSecret", &auth.client_secret),
            ];
            let call = "MachineIdentityLoginViaUniversalAuth";
            return self
                .texts("universalAuthCredentials", ("universal-auth", call), &parts)
                .await;
        }
        if let Some(auth) = &auth.azure {
            return self.azure(auth).await;
        }
        if let Some(auth) = &auth.gcp_id_token {
            return self.google_machine(auth).await;
        }
        if let Some(auth) = &auth.gcp_iam {
            return self.google_key(auth).await;
        }
        if let Some(auth) = &auth.jwt {
            let parts = [
                ("identityId", "identityId", &auth.identity_id),
                ("jwt", "jwt", &auth.jwt),
            ];
            let call = "MachineIdentityLoginViaJwtAuth";
            return self.texts("jwtAuthCredentials", ("jwt-auth", call), &parts).await;
        }
        if let Some(auth) = &auth.ldap {
            let parts = [
                ("identityId", "identityId", &auth.identity_id),
                ("username", "ldapUsername", &auth.ldap_username),
                ("password", "ldapPassword", &auth.ldap_password),
            ];
            let call = "MachineIdentityLoginViaLdapAuth";
            return self
                .texts("ldapAuthCredentials", ("ldap-auth", call), &parts)
                .await;
        }
        unsupported(auth.oci.is_some(), "ociAuthCredentials")?;
        if let Some(auth) = &auth.kubernetes {
            return self.kubernetes(auth).await;
        }
        unsupported(auth.aws.is_some(), "awsAuthCredentials")?;
        Err(invalid("auth", "authentication method not found"))
    }

    async fn texts(
        &self,
        field: &str,
        (path, call): (&'static str, &'static str),
        parts: &[(&'static str, &str, &SecretKeySelector)],
    ) -> Result<Ritual, Problem> {
        let mut texts = Vec::new();
        for (name, part, selector) in parts {
            let value = self.value(selector, &format!("{field}.{part}")).await?;
            texts.push((*name, value));
        }
        Ok(Ritual {
            path,
            call,
            texts,
            proof: Proof::Nothing,
        })
    }

    async fn azure(&self, auth: &InfisicalAzureAuth) -> Result<Ritual, Problem> {
        let name = "azureAuthCredentials";
        let resource = self.optional(auth.resource.as_ref(), name, "resource").await?;
        self.may_show_ourselves(name, resource.is_some())?;
        let machine = Managed::new(&self.environment.entra, &field(name), None)?;
        let proof = Proof::AzureMachine {
            machine,
            resource: resource.unwrap_or_else(|| AZURE.to_owned()),
        };
        let ways = ("azure-auth", "MachineIdentityLoginViaAzureAuth");
        self.identity(&auth.identity_id, name, ways, |_| proof).await
    }

    /// Google's metadata make a token for nobody but the identity.
    async fn google_machine(&self, auth: &InfisicalGcpIdTokenAuth) -> Result<Ritual, Problem> {
        let name = "gcpIdTokenAuthCredentials";
        self.may_show_ourselves(name, false)?;
        let metadata = Metadata::of(&self.environment.google, &field(name))?;
        let ways = ("gcp-auth", "MachineIdentityLoginViaGcpIdTokenAuth");
        self.identity(&auth.identity_id, name, ways, |audience| Proof::GoogleMachine {
            metadata,
            audience,
        })
        .await
    }

    async fn google_key(&self, auth: &InfisicalGcpIamAuth) -> Result<Ritual, Problem> {
        let name = "gcpIamAuthCredentials";
        self.may_show_ourselves(name, true)?;
        let part = format!("{name}.serviceAccountKeyFilePath");
        let path = text(&self.value(&auth.service_account_key_file_path, &part).await?);
        let ways = ("gcp-auth", "MachineIdentityLoginViaGcpServiceAccountAuth");
        self.identity(&auth.identity_id, name, ways, |audience| Proof::GoogleKey {
            path,
            audience,
            field: field(name),
        })
        .await
    }

    async fn kubernetes(&self, auth: &InfisicalKubernetesAuth) -> Result<Ritual, Problem> {
        let name = "kubernetesAuthCredentials";
        let given = auth.service_account_token_path.as_ref();
        let path = self.optional(given, name, "serviceAccountTokenPath").await?;
        self.may_show_ourselves(name, path.is_some())?;
        let proof = Proof::File {
            path: path.unwrap_or_else(|| OWN_TOKEN.to_owned()),
            field: field(name),
        };
        let ways = ("kubernetes-auth", "MachineIdentityLoginViaKubernetesAuth");
        self.identity(&auth.identity_id, name, ways, |_| proof).await
    }

    /// One whose only text is the identity's id, which the proof may have to name.
    async fn identity(
        &self,
        id: &SecretKeySelector,
        name: &str,
        (path, call): (&'static str, &'static str),
        proof: impl FnOnce(String) -> Proof,
    ) -> Result<Ritual, Problem> {
        let id = self.value(id, &format!("{name}.identityId")).await?;
        Ok(Ritual {
            path,
            call,
            proof: proof(text(&id)),
            texts: vec![("identityId", id)],
        })
    }

    /// Who lockstep itself is, is told only where those say who write for the whole cluster, or to Infisical itself. What
    /// it is told by is our own choice, too, unless they say otherwise.
    fn may_show_ourselves(&self, name: &str, is_another_wanted: bool) -> Result<(), Problem> {
        let is_for_all = matches!(self.references.scope(), StoreScope::Cluster { .. });
        if is_for_all || (!is_another_wanted && is_infisical_s_own(self.url)) {
            return Ok(());
        }
        Err(invalid(
            &format!("auth.{name}"),
            "shows who lockstep itself is, which a SecretStore may send to https://app.infisical.com and its like only, \
             and without a path or resource of its own; a ClusterSecretStore may name others",
        ))
    }

    /// A selector without a name is none, as in ESO.
    async fn optional(
        &self,
        selector: Option<&SecretKeySelector>,
        name: &str,
        part: &str,
    ) -> Result<Option<String>, Problem> {
        let Some(selector) = selector.filter(|selector| selector.name.is_some()) else {
            return Ok(None);
        };
        let value = self.value(selector, &format!("{name}.{part}")).await?;
        Ok(Some(text(&value)).filter(|value| !value.is_empty()))
    }

    /// White space around an id or a token is nobody's intention.
    pub(super) async fn value(
        &self,
        selector: &SecretKeySelector,
        part: &str,
    ) -> Result<SecretBytes, Problem> {
        let field = field(part);
        let value = self.references.secret_key(selector, &field).await?;
        if std::str::from_utf8(value.expose()).is_err() {
            let why = "is not text".to_owned();
            return Err(Problem::ReferenceInvalid { field, why });
        }
        Ok(value.expose().trim_ascii().into())
    }
}

fn unsupported(is_given: bool, name: &str) -> Result<(), Problem> {
    if is_given {
        let why = "is not supported by this version of lockstep; use another of Infisical's ways to log in";
        return Err(invalid(&format!("auth.{name}"), why));
    }
    Ok(())
}

fn is_infisical_s_own(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "https" && (host == "infisical.com" || host.ends_with(".infisical.com"))
}

fn text(value: &SecretBytes) -> String {
    String::from_utf8_lossy(value.expose()).into_owned()
}

fn field(part: &str) -> String {
    format!("{FIELD}.auth.{part}")
}

fn invalid(part: &str, why: &str) -> Problem {
    Problem::InvalidSpec {
        field: format!("{FIELD}.{part}"),
        why: why.to_owned(),
    }
}
