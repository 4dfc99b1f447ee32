//! What a store's spec says: which vault, in which cloud, and as whom.

use lockstep_api::provider::{AzureAuthType, AzureCustomCloud, AzureKvProvider, AzureSecretRef};
use url::Url;

use super::cloud::Cloud;
use super::login::{Finder, Identity, Login, Principal, Proof, Workload};
use super::vault::Vault;
use crate::engine::problem::Problem;
use crate::provider::entra::{Choice, Environment};
use crate::provider::{References, StoreScope, Surroundings};

/// Where the fields of this provider are, for messages.
const FIELD: &str = "spec.provider.azurekv";

/// Resolves everything that Kubernetes knows; Azure is not asked yet.
pub(super) async fn open(
    spec: &AzureKvProvider,
    surroundings: &Surroundings,
    environment: &Environment,
) -> Result<Vault, Problem> {
    let references = &surroundings.references;
    let url = address(&spec.vault_url)?;
    let place = Place::of(spec)?;
    if is_our_own(spec) {
        place.check_own(&url, references)?;
    }
    let http = environment.http(FIELD)?;
    let finder = Finder {
        references,
        environment,
        http: &http,
        authority: place.authority(environment),
        field: FIELD,
    };
    let login = Login::new(identity(spec, &finder).await?);
    let audience = match &place {
        Place::Known(cloud) => Some(cloud.audience(&url)),
        Place::Own(_) => None,
    };
    let calls = surroundings.calls.clone();
    Ok(Vault::new(url, http, login, audience, calls))
}

/// A token goes there, so nothing but https will do.
fn address(text: &str) -> Result<Url, Problem> {
    let url = Url::parse(text.trim()).ok();
    let url = url.filter(|url| {
        url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none()
    });
    let mut url = url.ok_or_else(|| {
        invalid(
            "vaultUrl",
            "must be an https URL, such as https://NAME.vault.azure.net",
        )
    })?;
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// The cloud.
enum Place<'s> {
    Known(&'static Cloud),
    Own(&'s AzureCustomCloud),
}

impl<'s> Place<'s> {
    fn of(spec: &'s AzureKvProvider) -> Result<Self, Problem> {
        let field = "customCloudConfig";
        match (&spec.custom_cloud_config, Cloud::of(spec.environment_type)) {
            (Some(_), _) if !spec.use_azure_sdk => Err(invalid(
                field,
                "CustomCloudConfig requires UseAzureSDK to be set to true - the legacy SDK does not support custom clouds",
            )),
            (Some(own), _) if own.active_directory_endpoint.is_empty() => Err(invalid(
                field,
                "activeDirectoryEndpoint is required in CustomCloudConfig",
            )),
            (Some(own), _) => Ok(Self::Own(own)),
            (None, Some(cloud)) => Ok(Self::Known(cloud)),
            (None, None) => Err(invalid(
                field,
                "CustomCloudConfig is required when EnvironmentType is AzureStackCloud",
            )),
        }
    }

    fn authority<'e>(&'e self, environment: &'e Environment) -> &'e str {
        match self {
            Self::Own(own) => &own.active_directory_endpoint,
            Self::Known(cloud) => environment.authority.as_deref().unwrap_or(cloud.authority),
        }
    }

    /// Whoever writes a SecretStore could have tokens of our own identity sent to any address. They go to Azure alone;
    /// where else, only those may say who write for the whole cluster.
    fn check_own(&self, vault: &Url, references: &References) -> Result<(), Problem> {
        if matches!(references.scope(), StoreScope::Cluster { .. }) {
            return Ok(());
        }
        match self {
            Self::Known(cloud) if cloud.has_vault(vault) => Ok(()),
            Self::Known(_) => Err(invalid(
                "vaultUrl",
                "must be one of Azure's own vaults, for a SecretStore that uses the identity of lockstep itself; a \
                 ClusterSecretStore may name another",
            )),
            Self::Own(_) => Err(invalid(
                "customCloudConfig",
                "needs a ClusterSecretStore where the identity of lockstep itself is used",
            )),
        }
    }
}

/// Is it we who are known to Azure, rather than whoever the store names?
fn is_our_own(spec: &AzureKvProvider) -> bool {
    match spec.auth_type {
        AzureAuthType::ManagedIdentity => true,
        AzureAuthType::WorkloadIdentity => spec.service_account_ref.is_none(),
        AzureAuthType::ServicePrincipal => false,
    }
}

async fn identity(spec: &AzureKvProvider, finder: &Finder<'_>) -> Result<Identity, Problem> {
    let secrets = spec.auth_secret_ref.as_ref();
    match spec.auth_type {
        AzureAuthType::ServicePrincipal => finder.principal(principal(spec)?).await,
        AzureAuthType::ManagedIdentity => {
            let id = spec.identity_id.as_deref().filter(|id| !id.is_empty());
            finder.managed(id.map(Choice::Client))
        }
        AzureAuthType::WorkloadIdentity => {
            let account = Workload {
                account: spec.service_account_ref.as_ref(),
                part: "serviceAccountRef",
                client: secrets.and_then(|secrets| secrets.client_id.as_ref()),
                tenant_ref: secrets.and_then(|secrets| secrets.tenant_id.as_ref()),
                tenant: spec.tenant_id.as_deref(),
                tenant_wins: spec.use_azure_sdk,
            };
            finder.workload(account).await
        }
    }
}

fn principal(spec: &AzureKvProvider) -> Result<Principal<'_>, Problem> {
    let tenant = spec.tenant_id.as_deref();
    let tenant = tenant.ok_or_else(|| invalid("tenantId", "missing tenantID in store config"))?;
    let secrets = spec.auth_secret_ref.as_ref();
    let secrets = secrets.ok_or_else(|| invalid("authSecretRef", "missing secretRef in provider config"))?;
    let incomplete = || {
        let why = "needs clientId, and one of clientSecret and clientCertificate";
        invalid("authSecretRef", why)
    };
    let AzureSecretRef {
        client_id,
        client_secret,
        client_certificate,
        ..
    } = secrets;
    let proof = match (client_secret, client_certificate) {
        (Some(secret), None) => Proof::Secret(secret),
        (None, Some(certificate)) => Proof::Certificate(certificate),
        (Some(_), Some(_)) => {
            return Err(invalid(
                "authSecretRef",
                "both clientSecret and clientCredentials set",
            ));
        }
        (None, None) => return Err(incomplete()),
    };
    Ok(Principal {
        tenant,
        client: client_id.as_ref().ok_or_else(incomplete)?,
        proof,
        part: "authSecretRef",
    })
}

fn invalid(part: &str, why: &str) -> Problem {
    Problem::InvalidSpec {
        field: format!("{FIELD}.{part}"),
        why: why.to_owned(),
    }
}
