//! Workload identity: an application that trusts a ServiceAccount of the cluster.

use std::collections::BTreeMap;

use lockstep_api::{SecretKeySelector, ServiceAccountSelector};

use super::application::{Application, Evidence};
use super::{Finder, Identity};
use crate::engine::problem::Problem;

const CLIENT: &str = "azure.workload.identity/client-id";
const TENANT: &str = "azure.workload.identity/tenant-id";

/// What a spec says of one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Workload<'a> {
    pub(crate) account: Option<&'a ServiceAccountSelector>,
    /// Where the account stands below the finder's field.
    pub(crate) part: &'static str,
    pub(crate) client: Option<&'a SecretKeySelector>,
    /// In a Secret; it comes before the one in the spec.
    pub(crate) tenant_ref: Option<&'a SecretKeySelector>,
    pub(crate) tenant: Option<&'a str>,
    /// The tenant that is named here may be another one than that of the account.
    pub(crate) tenant_wins: bool,
}

impl Finder<'_> {
    /// Without an account, it is our own.
    pub(crate) async fn workload(&self, wanted: Workload<'_>) -> Result<Identity, Problem> {
        let Some(account) = wanted.account else {
            let field = format!("{}.{}", self.field, wanted.part);
            self.references
                .check_own_identity(&field, "name a ServiceAccount there")?;
            return self.own_workload();
        };
        let field = format!("{}.{}", self.field, wanted.part);
        let annotations = self
            .references
            .service_account_annotations(account, &field)
            .await?;
        let client = self.client(&wanted, &annotations, account.name.as_str()).await?;
        let tenant = self.tenant(&wanted, &annotations, account.name.as_str()).await?;
        let evidence = Evidence::Account {
            account: account.clone(),
            references: self.references.clone(),
            field,
        };
        Application::new(self, &tenant, client, evidence).map(Identity::Application)
    }

    fn own_workload(&self) -> Result<Identity, Problem> {
        let environment = self.environment;
        let (Some(client), Some(tenant), Some(path)) = (
            &environment.client_id,
            &environment.tenant_id,
            &environment.token_file,
        ) else {
            let why = "missing environment variables. AZURE_CLIENT_ID, AZURE_TENANT_ID and \
                       AZURE_FEDERATED_TOKEN_FILE must be set where there is no serviceAccountRef: label lockstep's \
                       pod azure.workload.identity/use=true";
            return Err(Problem::ReferenceInvalid {
                field: self.field.to_owned(),
                why: why.to_owned(),
            });
        };
        let evidence = Evidence::File {
            path: path.clone(),
            field: self.field.to_owned(),
        };
        Application::new(self, tenant, client.clone(), evidence).map(Identity::Application)
    }

    async fn client(
        &self,
        wanted: &Workload<'_>,
        annotations: &BTreeMap<String, String>,
        account: &str,
    ) -> Result<String, Problem> {
        let given = match wanted.client {
            Some(selector) => Some(self.text(selector, "authSecretRef.clientId").await?),
            None => None,
        };
        match (given, annotation(annotations, CLIENT)) {
            (Some(given), Some(annotated)) if given != annotated => Err(self.invalid(
                "authSecretRef.clientId",
                format!(
                    "is another client id than the annotation {CLIENT} of service account {account}; keep one"
                ),
            )),
            (Some(client), _) | (None, Some(client)) => Ok(client),
            (None, None) => Err(self.lacks(wanted, account, CLIENT)),
        }
    }

    async fn tenant(
        &self,
        wanted: &Workload<'_>,
        annotations: &BTreeMap<String, String>,
        account: &str,
    ) -> Result<String, Problem> {
        let in_spec = wanted.tenant.filter(|tenant| !tenant.is_empty());
        let given = match wanted.tenant_ref {
            Some(selector) => Some(self.text(selector, "authSecretRef.tenantId").await?),
            None => in_spec.map(str::to_owned),
        };
        match (given, annotation(annotations, TENANT)) {
            (Some(given), Some(annotated)) if given != annotated && !wanted.tenant_wins => Err(self.invalid(
                "tenantId",
                format!(
                    "is another tenant than the annotation {TENANT} of service account {account}; keep one"
                ),
            )),
            (Some(tenant), _) | (None, Some(tenant)) => Ok(tenant),
            (None, None) => {
                let own = self.environment.tenant_id.clone();
                own.ok_or_else(|| self.lacks(wanted, account, TENANT))
            }
        }
    }

    fn lacks(&self, wanted: &Workload<'_>, account: &str, annotation: &str) -> Problem {
        Problem::ReferenceInvalid {
            field: format!("{}.{}", self.field, wanted.part),
            why: format!("annotate service account {account} with {annotation}"),
        }
    }
}

fn annotation(annotations: &BTreeMap<String, String>, name: &str) -> Option<String> {
    let value = annotations.get(name).map(|value| value.trim());
    value.filter(|value| !value.is_empty()).map(str::to_owned)
}
