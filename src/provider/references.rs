//! The only way from a store or generator to the objects that hold its credentials, with the one rule on namespaces.
//!
//! - A SecretStore never leaves its namespace, whatever its selectors say.
//! - A ClusterSecretStore honours the namespace of a selector. Without one, the selector is a *referent*: it is
//!   resolved in the namespace of whoever uses the store, so that each namespace brings its own credentials.
//! - A generator never leaves the namespace of its user either, and what its selectors say of one is not even read.
//!
//! What was read is recorded, with its version: a connection is out of date when one of these documents has changed,
//! and it belongs to one namespace alone when a referent took part in building it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_api::provider::CaBundle;
use lockstep_api::{
    CaProvider, CaProviderKind, NamespaceName, ResourceName, SecretKeySelector, ServiceAccountSelector,
};
use rustls::pki_types::CertificateDer;

use super::certificates;
use crate::cluster::{Cluster, Document, DocumentKind};
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// On whose behalf references are resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreScope {
    Namespaced {
        namespace: String,
    },
    /// A cluster-wide store, and the namespace that uses it. Nobody does while the store is only validated.
    Cluster {
        consumer: Option<String>,
    },
    /// A generator of either kind, and the namespace that uses it.
    Generator {
        namespace: String,
    },
}

impl StoreScope {
    pub fn new(store: &StoreKey, consumer: Option<&str>) -> Self {
        match store {
            StoreKey::Namespaced(key) => Self::Namespaced {
                namespace: key.namespace.clone(),
            },
            StoreKey::Cluster(_) => Self::Cluster {
                consumer: consumer.map(str::to_owned),
            },
        }
    }
}

/// Resolves references of one store or generator. Clones share what they record.
#[derive(Clone)]
pub struct References {
    cluster: Arc<dyn Cluster>,
    scope: StoreScope,
    record: Arc<Mutex<Record>>,
}

#[derive(Default)]
struct Record {
    documents: BTreeMap<(DocumentKind, ObjectKey), String>,
    accounts: BTreeSet<ObjectKey>,
    referent: bool,
}

/// A document that a connection was built from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Used {
    pub kind: DocumentKind,
    pub key: ObjectKey,
    pub version: String,
}

impl Used {
    pub fn object(&self) -> ObjectRef {
        ObjectRef::namespaced(self.kind.name(), &self.key)
    }
}

impl References {
    pub fn new(cluster: Arc<dyn Cluster>, scope: StoreScope) -> Self {
        Self {
            cluster,
            scope,
            record: Arc::default(),
        }
    }

    /// The value behind a selector. `field` is the selector's path in the spec, for messages.
    pub async fn secret_key(
        &self,
        selector: &SecretKeySelector,
        field: &str,
    ) -> Result<SecretBytes, Problem> {
        match &selector.key {
            Some(key) => self.secret_key_or(selector, key.as_str(), field).await,
            None => Err(invalid(field, "key", "must be set")),
        }
    }

    /// The same, with the key that is meant when the selector has none.
    pub async fn secret_key_or(
        &self,
        selector: &SecretKeySelector,
        default_key: &str,
        field: &str,
    ) -> Result<SecretBytes, Problem> {
        let object = self.secret_object(selector, field)?;
        let key = selector.key.as_ref().map_or(default_key, |key| key.as_str());
        self.value(DocumentKind::Secret, &object, key).await
    }

    /// The value of a key of a ConfigMap.
    pub async fn config_map_key(
        &self,
        name: &ResourceName,
        namespace: Option<&NamespaceName>,
        key: &str,
        field: &str,
    ) -> Result<SecretBytes, Problem> {
        let object = object(self.namespace(namespace, field)?, name);
        self.value(DocumentKind::ConfigMap, &object, key).await
    }

    /// The Secret that a selector means, before it is read.
    pub fn secret_object(&self, selector: &SecretKeySelector, field: &str) -> Result<ObjectKey, Problem> {
        let name = selector
            .name
            .as_ref()
            .ok_or_else(|| invalid(field, "name", "must be set"))?;
        let namespace = self.namespace(selector.namespace.as_ref(), field)?;
        Ok(object(namespace, name))
    }

    /// All values of a Secret that says itself, with a label, that it may be used for this.
    pub async fn labelled_secret(&self, object: &ObjectKey, label: (&str, &str)) -> Result<Values, Problem> {
        let document = self.document(DocumentKind::Secret, object).await?;
        let (name, value) = label;
        if document.labels.get(name).is_some_and(|found| found == value) {
            return Ok(document.values);
        }
        Err(Problem::ReferenceInvalid {
            field: ObjectRef::namespaced(DocumentKind::Secret.name(), object).to_string(),
            why: format!("it must carry the label {name}: {value} to be used here"),
        })
    }

    /// A value for the moment, which no connection is built from. Whoever asks says where it is, and may see it.
    pub async fn passing(
        &self,
        kind: DocumentKind,
        object: &ObjectKey,
        key: &str,
    ) -> Result<SecretBytes, Problem> {
        let document = self.cluster.document(kind, object).await?;
        of(existing(document, kind, object)?, kind, object, key)
    }

    /// The namespace that the store or generator is used from. What is built with it is that namespace's alone.
    pub fn user_namespace(&self, field: &str) -> Result<String, Problem> {
        self.namespace(None, field)
    }

    /// The certificates that a server's certificate is checked against; `None` leaves that to the system.
    /// `field` is the path of the object that holds `caBundle` and `caProvider`.
    pub async fn certificate_authority(
        &self,
        bundle: Option<&CaBundle>,
        provider: Option<&CaProvider>,
        field: &str,
    ) -> Result<Option<Vec<CertificateDer<'static>>>, Problem> {
        if let Some(bundle) = bundle.map(CaBundle::as_bytes).filter(|bundle| !bundle.is_empty()) {
            let parsed = certificates::parse(bundle);
            return parsed.map(Some).map_err(|why| invalid(field, "caBundle", why));
        }
        let Some(provider) = provider else { return Ok(None) };
        let field = format!("{field}.caProvider");
        let found = self.ca_document(provider, &field).await?;
        certificates::parse(found.expose())
            .map(Some)
            .map_err(|why| Problem::ReferenceInvalid {
                field,
                why: why.to_owned(),
            })
    }

    /// A token of a ServiceAccount, for the audiences of the selector and these.
    pub async fn service_account_token(
        &self,
        selector: &ServiceAccountSelector,
        audiences: &[&str],
        lifetime: Duration,
        field: &str,
    ) -> Result<SecretBytes, Problem> {
        let namespace = self.namespace(selector.namespace.as_ref(), field)?;
        let mut wanted = selector.audiences.clone();
        wanted.extend(audiences.iter().map(|&audience| audience.to_owned()));
        let account = object(namespace, &selector.name);
        let token = self
            .cluster
            .service_account_token(&account, &wanted, lifetime)
            .await?;
        self.record().accounts.insert(account);
        Ok(token)
    }

    /// What is annotated on a ServiceAccount.
    pub async fn service_account_annotations(
        &self,
        selector: &ServiceAccountSelector,
        field: &str,
    ) -> Result<BTreeMap<String, String>, Problem> {
        let account = object(
            self.namespace(selector.namespace.as_ref(), field)?,
            &selector.name,
        );
        let annotations = self.cluster.service_account_annotations(&account).await?;
        annotations.ok_or_else(|| Problem::ReferenceMissing {
            object: ObjectRef::namespaced("ServiceAccount", &account),
        })
    }

    pub fn scope(&self) -> &StoreScope {
        &self.scope
    }

    /// Who we were so far, toward the backend: whose tokens and which documents were used.
    pub fn credentials(&self) -> Vec<ObjectRef> {
        let record = self.record();
        let accounts = record.accounts.iter();
        let accounts = accounts.map(|account| ObjectRef::namespaced("ServiceAccount", account));
        let documents = record.documents.keys();
        accounts
            .chain(documents.map(|(kind, key)| ObjectRef::namespaced(kind.name(), key)))
            .collect()
    }

    /// Everything that was read so far.
    pub fn used(&self) -> Vec<Used> {
        let record = self.record();
        let documents = record.documents.iter();
        documents
            .map(|((kind, key), version)| Used {
                kind: *kind,
                key: key.clone(),
                version: version.clone(),
            })
            .collect()
    }

    /// Whether anything that was read is different now, as far as can be told.
    pub async fn have_changed(&self) -> bool {
        for used in self.used() {
            let now = self.cluster.document(used.kind, &used.key).await;
            // An API server that does not answer says nothing about the document.
            if now.is_ok_and(|now| now.is_none_or(|now| now.version != used.version)) {
                return true;
            }
        }
        false
    }

    /// Whether anything was, or would have been, resolved in the namespace of the store's user. What was built with
    /// it is that namespace's alone; and nothing can be built before there is one.
    pub fn is_referent(&self) -> bool {
        self.record().referent
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ca_document(&self, provider: &CaProvider, field: &str) -> Result<SecretBytes, Problem> {
        let is_cluster_wide = matches!(self.scope, StoreScope::Cluster { .. });
        if is_cluster_wide && provider.namespace.is_none() {
            return Err(invalid(
                field,
                "namespace",
                "missing namespace on caProvider secret",
            ));
        }
        let namespace = self.namespace(provider.namespace.as_ref(), field)?;
        let key = provider
            .key
            .as_ref()
            .ok_or_else(|| invalid(field, "key", "must be set"))?;
        let kind = match provider.kind {
            CaProviderKind::Secret => DocumentKind::Secret,
            CaProviderKind::ConfigMap => DocumentKind::ConfigMap,
        };
        self.value(kind, &object(namespace, &provider.name), key.as_str())
            .await
    }

    async fn value(&self, kind: DocumentKind, object: &ObjectKey, key: &str) -> Result<SecretBytes, Problem> {
        of(self.document(kind, object).await?, kind, object, key)
    }

    /// Reads a document, and records that it was.
    async fn document(&self, kind: DocumentKind, object: &ObjectKey) -> Result<Document, Problem> {
        let document = existing(self.cluster.document(kind, object).await?, kind, object)?;
        let version = document.version.clone();
        self.record().documents.insert((kind, object.clone()), version);
        Ok(document)
    }

    /// The one rule.
    fn namespace(&self, given: Option<&NamespaceName>, field: &str) -> Result<String, Problem> {
        match (&self.scope, given.map(NamespaceName::as_str)) {
            (StoreScope::Generator { namespace }, _) | (StoreScope::Namespaced { namespace }, None) => {
                Ok(namespace.clone())
            }
            (StoreScope::Namespaced { namespace }, Some(given)) if given == namespace => {
                Ok(namespace.clone())
            }
            (StoreScope::Namespaced { .. }, Some(_)) => Err(invalid(
                field,
                "namespace",
                "must be empty or the namespace of the SecretStore",
            )),
            (StoreScope::Cluster { .. }, Some(given)) => Ok(given.to_owned()),
            (StoreScope::Cluster { consumer }, None) => {
                self.record().referent = true;
                consumer.clone().ok_or_else(|| {
                    invalid(
                        field,
                        "namespace",
                        "is empty and stands for the namespace that uses the store",
                    )
                })
            }
        }
    }
}

impl fmt::Debug for References {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("References")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

fn existing(document: Option<Document>, kind: DocumentKind, object: &ObjectKey) -> Result<Document, Problem> {
    document.ok_or_else(|| Problem::ReferenceMissing {
        object: ObjectRef::namespaced(kind.name(), object),
    })
}

fn of(
    mut document: Document,
    kind: DocumentKind,
    object: &ObjectKey,
    key: &str,
) -> Result<SecretBytes, Problem> {
    document
        .values
        .remove(key)
        .ok_or_else(|| Problem::ReferenceKeyMissing {
            object: ObjectRef::namespaced(kind.name(), object),
            key: key.to_owned(),
        })
}

fn object(namespace: String, name: &ResourceName) -> ObjectKey {
    ObjectKey::new(namespace, name.as_str())
}

fn invalid(field: &str, part: &str, why: &str) -> Problem {
    Problem::ReferenceInvalid {
        field: format!("{field}.{part}"),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests;
