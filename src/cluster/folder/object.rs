//! From a document to the objects in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use lockstep_api::generator::{ClusterGeneratorKind, GeneratorSpec};
use lockstep_api::{
    ClusterExternalSecret, ExternalSecret, Fault, GENERATOR_API_VERSION, GeneratorKind, NamespaceName,
    Parsed, PushSecret, ResourceName, SecretStoreSpec, SecretStoreStatus,
};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::super::{Document, DocumentKind, Store};
use super::data;
use crate::engine::fingerprint;
use crate::engine::generator::GeneratorKey;
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::spread::{Parent, ParentKey, Sort, Spread};
use crate::engine::values::Values;

/// What a document turned out to be.
#[derive(Debug)]
pub enum Read {
    ExternalSecret(ObjectKey, Arc<ExternalSecret>),
    ClusterExternalSecret(Arc<Parent>),
    Store(Arc<Store>),
    Generator(GeneratorKey, Box<Parsed<GeneratorSpec>>),
    Document(DocumentKind, ObjectKey, Document),
    Namespace(String, BTreeMap<String, String>),
    PushSecret(ObjectKey, Arc<PushSecret>),
    /// A ClusterPushSecret, which is for the operator alone.
    Pushed(String),
    /// What the operator notes for itself.
    Noted(String),
    /// Ours, but of a version that nobody knows.
    Unsupported(String),
    /// Somebody else's.
    Foreign,
}

/// What keeps a document from being an object. `why` begins with the field, where there is one.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub object: Option<String>,
    pub why: String,
}

/// The documents of a List, or the document itself. Lists are not nested.
pub fn items(document: Value) -> Vec<Value> {
    let is_list = document["kind"]
        .as_str()
        .is_some_and(|kind| kind.ends_with("List"));
    match document {
        Value::Object(mut list) if is_list && list.get("items").is_some_and(Value::is_array) => {
            match list.remove("items") {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            }
        }
        document => vec![document],
    }
}

/// `namespace` is that of objects that name none.
pub fn read(document: Value, namespace: &str) -> Result<Read, Refusal> {
    let refuse = |why: &str| Refusal {
        object: None,
        why: why.to_owned(),
    };
    let Value::Object(document) = document else {
        return Err(refuse("is no Kubernetes object"));
    };
    let text = |field: &str| document.get(field).and_then(Value::as_str).map(str::to_owned);
    let kind = text("kind").ok_or_else(|| refuse("is no Kubernetes object: it has no kind"))?;
    let version =
        text("apiVersion").ok_or_else(|| refuse("is no Kubernetes object: it has no apiVersion"))?;
    let Some(known) = Known::of(&version, &kind) else {
        return Ok(Read::Foreign);
    };
    let about = |name: &str| Some(format!("{kind} {name}").trim_end().to_owned());
    let refuse = |name: &str, why: String| Refusal {
        object: about(name),
        why,
    };
    let name = text_at(&document, "name").ok().flatten().unwrap_or_default();
    let meta = Meta::read(&document, known.is_cluster_wide(), namespace).map_err(|why| refuse(&name, why))?;
    let shown = meta.shown(known.is_cluster_wide());
    known
        .read(document, meta)
        .map_err(|why| refuse(&shown, why))
        .map(|read| match read {
            Read::Unsupported(_) => Read::Unsupported(format!("{kind} {shown}")),
            Read::Pushed(_) => Read::Pushed(format!("{kind} {shown}")),
            Read::Noted(_) => Read::Noted(format!("{kind} {shown}")),
            read => read,
        })
}

/// The kinds that mean something here.
#[derive(Clone, Copy)]
enum Known {
    ExternalSecret,
    ClusterExternalSecret,
    SecretStore,
    ClusterSecretStore,
    Generator(GeneratorKind),
    Secret,
    ConfigMap,
    Namespace,
    PushSecret,
    ClusterPushSecret,
    GeneratorState,
    NotYet,
    /// A version of ours that is no longer served.
    TooOld,
}

impl Known {
    fn of(version: &str, kind: &str) -> Option<Self> {
        if version == GENERATOR_API_VERSION
            && let Ok(kind) = GeneratorKind::deserialize(Value::from(kind))
        {
            return Some(Self::Generator(kind));
        }
        let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
        let is_served = matches!(version, "v1" | "v1beta1");
        Some(match (group, kind) {
            ("", "Secret") => Self::Secret,
            ("", "ConfigMap") => Self::ConfigMap,
            ("", "Namespace") => Self::Namespace,
            ("external-secrets.io", "ExternalSecret") if is_served => Self::ExternalSecret,
            ("external-secrets.io", "ClusterExternalSecret") if is_served => Self::ClusterExternalSecret,
            ("external-secrets.io", "SecretStore") if is_served => Self::SecretStore,
            ("external-secrets.io", "ClusterSecretStore") if is_served => Self::ClusterSecretStore,
            (
                "external-secrets.io",
                "ExternalSecret" | "ClusterExternalSecret" | "SecretStore" | "ClusterSecretStore",
            ) => Self::TooOld,
            ("external-secrets.io", "PushSecret") => Self::PushSecret,
            ("external-secrets.io", "ClusterPushSecret") => Self::ClusterPushSecret,
            ("generators.external-secrets.io", "GeneratorState") => Self::GeneratorState,
            ("external-secrets.io" | "generators.external-secrets.io", _) => Self::NotYet,
            _ => return None,
        })
    }

    fn is_cluster_wide(self) -> bool {
        match self {
            Self::ClusterExternalSecret
            | Self::ClusterSecretStore
            | Self::ClusterPushSecret
            | Self::Generator(GeneratorKind::ClusterGenerator)
            | Self::Namespace => true,
            Self::ExternalSecret
            | Self::SecretStore
            | Self::Generator(_)
            | Self::Secret
            | Self::ConfigMap
            | Self::PushSecret
            | Self::GeneratorState
            | Self::NotYet
            | Self::TooOld => false,
        }
    }

    fn read(self, mut document: Map<String, Value>, meta: Meta) -> Result<Read, String> {
        let mut take = |field: &str| document.remove(field).unwrap_or_default();
        Ok(match self {
            Self::ExternalSecret => {
                Read::ExternalSecret(meta.key.clone(), external_secret(meta, take("spec")))
            }
            Self::ClusterExternalSecret => Read::ClusterExternalSecret(parent(meta, take("spec"))),
            Self::SecretStore => {
                Read::Store(store(StoreKey::Namespaced(meta.key.clone()), meta, take("spec")))
            }
            Self::ClusterSecretStore => Read::Store(store(
                StoreKey::Cluster(meta.key.name.clone()),
                meta,
                take("spec"),
            )),
            Self::Generator(kind) => {
                let key = match ClusterGeneratorKind::of(kind) {
                    Some(kind) => GeneratorKey::Namespaced(kind, meta.key),
                    None => GeneratorKey::Cluster(meta.key.name.clone()),
                };
                Read::Generator(key, Box::new(generator(kind, take("spec"))))
            }
            Self::Secret => {
                let values = data::of_secret(take("data"), take("stringData"))?;
                Read::Document(DocumentKind::Secret, meta.key.clone(), of_values(meta, values))
            }
            Self::ConfigMap => {
                let values = data::of_config_map(take("data"), take("binaryData"))?;
                Read::Document(DocumentKind::ConfigMap, meta.key.clone(), of_values(meta, values))
            }
            Self::Namespace => Read::Namespace(meta.key.name.clone(), meta.labels),
            Self::PushSecret => Read::PushSecret(meta.key.clone(), push_secret(meta, take("spec"))),
            Self::ClusterPushSecret => Read::Pushed(String::new()),
            Self::GeneratorState => Read::Noted(String::new()),
            Self::NotYet => Read::Unsupported(String::new()),
            Self::TooOld => {
                return Err("apiVersion: is no longer served; write external-secrets.io/v1".to_owned());
            }
        })
    }
}

/// The part of the metadata that is for people to write. Status, owners, finalizers and what an API server stamps on
/// objects mean nothing outside the cluster that they come from.
struct Meta {
    key: ObjectKey,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

impl Meta {
    fn read(
        document: &Map<String, Value>,
        is_cluster_wide: bool,
        default_namespace: &str,
    ) -> Result<Self, String> {
        let name = text_at(document, "name")?.ok_or("metadata.name: must be set")?;
        let name = ResourceName::parse(name)
            .map_err(|why| format!("metadata.name: {why}"))?
            .to_string();
        let namespace = match text_at(document, "namespace")? {
            _ if is_cluster_wide => String::new(),
            None => default_namespace.to_owned(),
            Some(given) if given.is_empty() => default_namespace.to_owned(),
            Some(given) => NamespaceName::parse(given)
                .map_err(|why| format!("metadata.namespace: {why}"))?
                .to_string(),
        };
        let texts = |field: &str| {
            let map = document
                .get("metadata")
                .and_then(|meta| meta.get(field))
                .cloned()
                .unwrap_or_default();
            data::texts(map, &format!("metadata.{field}"))
        };
        Ok(Self {
            key: ObjectKey::new(namespace, name),
            labels: texts("labels")?,
            annotations: texts("annotations")?,
        })
    }

    fn shown(&self, is_cluster_wide: bool) -> String {
        if is_cluster_wide {
            self.key.name.clone()
        } else {
            self.key.to_string()
        }
    }
}

fn external_secret(meta: Meta, spec: Value) -> Arc<ExternalSecret> {
    let about = ObjectRef::namespaced("ExternalSecret", &meta.key);
    Arc::new(ExternalSecret {
        metadata: metadata(meta, &about, &spec),
        spec: parse(spec),
        status: None,
    })
}

fn push_secret(meta: Meta, spec: Value) -> Arc<PushSecret> {
    let about = ObjectRef::namespaced("PushSecret", &meta.key);
    Arc::new(PushSecret {
        metadata: metadata(meta, &about, &spec),
        spec: parse(spec),
        status: None,
    })
}

/// The ExternalSecret of a ClusterExternalSecret in one namespace.
pub fn child(spread: &Spread, namespace: &str) -> Arc<ExternalSecret> {
    let meta = Meta {
        key: ObjectKey::new(namespace, &spread.child_name),
        labels: spread.metadata.labels.clone(),
        annotations: spread.metadata.annotations.clone(),
    };
    external_secret(meta, spread.child.clone())
}

fn parent(meta: Meta, spec: Value) -> Arc<Parent> {
    let key = ParentKey {
        sort: Sort::ExternalSecret,
        name: meta.key.name.clone(),
    };
    let object = ClusterExternalSecret {
        metadata: metadata(meta, &ObjectRef::from(&key), &spec),
        spec: parse(spec),
        status: None,
    };
    Arc::new(object.into())
}

fn metadata(meta: Meta, about: &ObjectRef, spec: &Value) -> ObjectMeta {
    let generation = generation(spec);
    ObjectMeta {
        uid: Some(uid(about)),
        name: Some(meta.key.name.clone()),
        namespace: Some(meta.key.namespace.clone()).filter(|namespace| !namespace.is_empty()),
        generation: Some(generation),
        resource_version: Some(generation.to_string()),
        labels: Some(meta.labels).filter(|labels| !labels.is_empty()),
        annotations: Some(meta.annotations).filter(|annotations| !annotations.is_empty()),
        ..ObjectMeta::default()
    }
}

fn store(key: StoreKey, meta: Meta, spec: Value) -> Arc<Store> {
    let generation = generation(&spec);
    let mut spec: Parsed<SecretStoreSpec> = parse(spec);
    if let Parsed::Sound(spec) = &mut spec {
        // Controllers share a cluster and divide its stores among them. Here there is but one.
        spec.controller = None;
    }
    Arc::new(Store {
        uid: uid(&ObjectRef::from(&key)),
        key,
        generation,
        labels: meta.labels,
        annotations: meta.annotations,
        terminating: false,
        is_held: false,
        spec,
        status: SecretStoreStatus::default(),
    })
}

/// As with stores, there is but one controller that it can be for.
fn generator(kind: GeneratorKind, spec: Value) -> Parsed<GeneratorSpec> {
    let spec = GeneratorSpec::of_object(kind, spec);
    spec.and_then(|spec| Parsed::Sound(spec.for_any_controller()))
}

fn parse<T: serde::de::DeserializeOwned>(spec: Value) -> Parsed<T> {
    match spec {
        Value::Null => Parsed::Broken(Fault::new("", "is missing")),
        spec => Parsed::from_json(spec),
    }
}

/// The same for the same object in every run.
pub fn uid(object: &ObjectRef) -> String {
    let hash = fingerprint::of_text(&object.to_string());
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}

/// Other than in a cluster these do not count up: the same spec has the same one in every run.
fn generation(spec: &Value) -> i64 {
    let hash = fingerprint::of_text(&spec.to_string());
    // 52 bits: every reader of JSON can hold that.
    i64::from_str_radix(hash.get(..13).unwrap_or_default(), 16).unwrap_or_default()
}

fn of_values(meta: Meta, values: Values) -> Document {
    let texts = meta
        .labels
        .iter()
        .flat_map(|(key, value)| [key.as_str(), value.as_str()]);
    let labels = texts.collect::<Vec<_>>().join("\n");
    let version = fingerprint::of_text(&format!("{labels}\n{}", fingerprint::of_values(&values)));
    Document {
        version,
        labels: meta.labels,
        values,
    }
}

/// A text of the metadata. YAML takes some plain words for other things, `n` for one.
fn text_at(document: &Map<String, Value>, field: &str) -> Result<Option<String>, String> {
    match document.get("metadata").and_then(|meta| meta.get(field)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(format!("metadata.{field}: must be a string; put it in quotes"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::folder::DEFAULT_NAMESPACE;
    use crate::engine::secret_bytes::SecretBytes;

    fn refusal(document: Value) -> String {
        let refusal = read(document, DEFAULT_NAMESPACE).expect_err("refused");
        format!("{}: {}", refusal.object.unwrap_or_default(), refusal.why)
    }

    #[test]
    fn a_refusal_names_object_and_field_and_no_value() {
        for (document, expected) in [
            (
                json!({"kind": "Secret"}),
                ": is no Kubernetes object: it has no apiVersion",
            ),
            (json!(["canary"]), ": is no Kubernetes object"),
            (
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {}}),
                "Secret: metadata.name: must be set",
            ),
            (
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "canary!"}}),
                "Secret default/a: data.k: is not base64",
            ),
            (
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"port": 8080}}),
                "Secret default/a: stringData.port: must be a string; put it in quotes",
            ),
            (
                json!({"apiVersion": "external-secrets.io/v1alpha1", "kind": "SecretStore", "metadata": {"name": "a"}}),
                "SecretStore default/a: apiVersion: is no longer served; write external-secrets.io/v1",
            ),
        ] {
            assert_eq!(refusal(document), expected);
        }
        let up = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "../../etc"}});
        assert!(refusal(up).starts_with("Secret ../../etc: metadata.name: "));
    }

    #[test]
    fn kinds_are_told_apart() {
        let shown = |version: &str, kind: &str| {
            let document = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "a"}});
            match read(document, DEFAULT_NAMESPACE) {
                Ok(Read::ExternalSecret(key, _) | Read::Document(_, key, _) | Read::PushSecret(key, _)) => {
                    key.to_string()
                }
                Ok(Read::ClusterExternalSecret(parent)) => parent.key.to_string(),
                Ok(Read::Store(store)) => store.key.to_string(),
                Ok(Read::Generator(key, _)) => key.to_string(),
                Ok(Read::Namespace(name, _)) => format!("namespace {name}"),
                Ok(Read::Unsupported(what)) => format!("not yet {what}"),
                Ok(Read::Pushed(what) | Read::Noted(what)) => format!("never {what}"),
                Ok(Read::Foreign) => "foreign".to_owned(),
                Err(refusal) => refusal.why,
            }
        };
        for (version, kind, expected) in [
            ("external-secrets.io/v1", "ExternalSecret", "default/a"),
            (
                "external-secrets.io/v1beta1",
                "SecretStore",
                "SecretStore default/a",
            ),
            (
                "external-secrets.io/v1",
                "ClusterSecretStore",
                "ClusterSecretStore a",
            ),
            (
                "external-secrets.io/v1",
                "ClusterExternalSecret",
                "ClusterExternalSecret a",
            ),
            ("external-secrets.io/v1alpha1", "PushSecret", "default/a"),
            (
                "external-secrets.io/v1alpha1",
                "ClusterPushSecret",
                "never ClusterPushSecret a",
            ),
            ("external-secrets.io/v1", "Nonsense", "not yet Nonsense default/a"),
            (
                "generators.external-secrets.io/v1alpha1",
                "Password",
                "Password default/a",
            ),
            (
                "generators.external-secrets.io/v1alpha1",
                "ClusterGenerator",
                "ClusterGenerator a",
            ),
            (
                "generators.external-secrets.io/v1alpha1",
                "GeneratorState",
                "never GeneratorState default/a",
            ),
            ("v1", "Namespace", "namespace a"),
            ("apps/v1", "Deployment", "foreign"),
            ("example.com/v1", "ExternalSecret", "foreign"),
        ] {
            assert_eq!(shown(version, kind), expected, "{version} {kind}");
        }
    }

    #[test]
    fn string_data_wins_and_base64_may_be_folded() {
        let document = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "ns"},
            "data": {"a": "b25l\n", "b": "b25l"}, "stringData": {"b": "two"},
        });
        let Ok(Read::Document(DocumentKind::Secret, key, document)) = read(document, DEFAULT_NAMESPACE)
        else {
            panic!("no Secret")
        };
        assert_eq!(key, ObjectKey::new("ns", "a"));
        let expected =
            [("a", "one"), ("b", "two")].map(|(key, value)| (key.to_owned(), SecretBytes::from(value)));
        assert_eq!(document.values, Values::from(expected));
    }

    #[test]
    fn what_a_cluster_stamped_on_an_object_is_not_believed() {
        let document = |spec: Value| {
            json!({
                "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
                "metadata": {"name": "a", "uid": "u", "generation": 7, "finalizers": ["f"], "deletionTimestamp": "2026-01-01T00:00:00Z"},
                "spec": spec, "status": {"syncedResourceVersion": "7-x", "refreshTime": "2026-01-01T00:00:00Z"},
            })
        };
        let object = |spec: Value| match read(document(spec), DEFAULT_NAMESPACE) {
            Ok(Read::ExternalSecret(_, object)) => object,
            other => panic!("{other:?}"),
        };
        let (first, other) = (
            object(json!({"refreshInterval": "1h"})),
            object(json!({"refreshInterval": "2h"})),
        );
        assert!(first.status.is_none() && first.metadata.finalizers.is_none());
        assert!(first.metadata.deletion_timestamp.is_none());
        assert_eq!(first.metadata.uid, other.metadata.uid);
        assert_ne!(first.metadata.uid.as_deref(), Some("u"));
        assert_ne!(first.metadata.generation, other.metadata.generation);
        assert_eq!(
            first.metadata.generation,
            object(json!({"refreshInterval": "1h"})).metadata.generation
        );
    }

    #[test]
    fn a_list_is_its_items() {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [{"kind": "A"}, {"kind": "B"}]});
        assert_eq!(items(list).len(), 2);
        assert_eq!(items(json!({"kind": "Shopping", "items": []})).len(), 1);
    }
}
