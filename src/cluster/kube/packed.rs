//! Objects at rest. There are as many as the cluster has, and each is looked at in its own turn only: as text they take
//! a fraction of what they take as structs, whose every map and option has room for what is not there, and most of that
//! text is the same in all of them.

use std::sync::{Arc, OnceLock};

use lockstep_api::{ExternalSecret, PushSecret};
use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::mirror::Mirror;
use crate::engine::labels;
use crate::engine::object::ObjectKey;
use crate::engine::spread::{Sort, parent_of};
use crate::engine::target::{Digest, Target};

/// More of the first object is not looked at.
const LONGEST_PATTERN: usize = 16 << 10;

/// An object, and what it is looked up by beside its name.
#[derive(Debug)]
pub struct Packed<T> {
    tag: Option<Digest>,
    form: Form<T>,
}

#[derive(Debug)]
enum Form<T> {
    /// JSON, compressed against the [`Pattern`] of its kind.
    Text(Box<[u8]>),
    /// A broken spec can be kept, but not be written down.
    Whole(Arc<T>),
}

/// What objects of a kind have in common: most of their text.
///
/// That is the text of a typical one, and then of the first that we met: objects of a cluster are much alike.
#[derive(Debug)]
pub struct Pattern(OnceLock<Box<[u8]>>);

impl Pattern {
    const fn new() -> Self {
        Self(OnceLock::new())
    }

    fn or_first<T: Packable>(&self, text: &[u8]) -> &[u8] {
        self.0.get_or_init(|| {
            let first = &text[..text.len().min(LONGEST_PATTERN)];
            [T::TYPICAL.as_bytes(), first].concat().into()
        })
    }

    fn known(&self) -> &[u8] {
        self.0.get().map_or(&[], |pattern| pattern)
    }
}

/// A kind that is kept packed.
pub trait Packable: Serialize + DeserializeOwned {
    /// The text of a typical object, or parts of it.
    const TYPICAL: &'static str;

    fn pattern() -> &'static Pattern;

    /// What it is looked up by beside its name.
    fn tag(&self) -> Option<&str>;
}

impl Packable for Target {
    const TYPICAL: &'static str = r#"{"uid":"","resource_version":"1","secret_type":"Opaque","immutable":false,"terminating":false,"labels":{"reconcile.external-secrets.io/created-by":"","reconcile.external-secrets.io/managed":"true"},"annotations":{"reconcile.external-secrets.io/data-hash":""},"finalizers":[],"owners":[{"api_version":"external-secrets.io/v1","kind":"ExternalSecret","name":"","uid":"","controller":true,"block_owner_deletion":true}],"data_hash":"","keys":{"password":1,"username":1},"managed":{"externalsecrets.external-secrets.io/":{"data":["password","username"],"labels":["reconcile.external-secrets.io/created-by","reconcile.external-secrets.io/managed"],"annotations":["reconcile.external-secrets.io/data-hash"],"written":"2026-01-01T00:00:00Z"}}}"#;

    fn pattern() -> &'static Pattern {
        static PATTERN: Pattern = Pattern::new();
        &PATTERN
    }

    /// Whose target it is.
    fn tag(&self) -> Option<&str> {
        self.labels.get(labels::CREATED_BY).map(String::as_str)
    }
}

impl Packable for ExternalSecret {
    const TYPICAL: &'static str = r#"{"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","metadata":{"annotations":{},"creationTimestamp":"2026-01-01T00:00:00Z","generation":1,"labels":{"app.kubernetes.io/instance":"","app.kubernetes.io/name":""},"name":"","namespace":"default","resourceVersion":"1","uid":""},"spec":{"data":[{"remoteRef":{"conversionStrategy":"Default","decodingStrategy":"None","key":"","metadataPolicy":"None","nullBytePolicy":"Ignore","property":""},"secretKey":""}],"dataFrom":[{"extract":{"conversionStrategy":"Default","decodingStrategy":"None","key":""}}],"refreshInterval":"1h0m0s","refreshPolicy":"Periodic","secretStoreRef":{"kind":"ClusterSecretStore","name":""},"target":{"creationPolicy":"Owner","deletionPolicy":"Retain","name":"","template":{"engineVersion":"v2","mergePolicy":"Replace"}}},"status":{"binding":{"name":""},"conditions":[{"lastTransitionTime":"2026-01-01T00:00:00Z","message":"secret synced","reason":"SecretSynced","status":"True","type":"Ready"}],"refreshTime":"2026-01-01T00:00:00Z","syncedResourceVersion":"1-"}}"#;

    fn pattern() -> &'static Pattern {
        static PATTERN: Pattern = Pattern::new();
        &PATTERN
    }

    /// Whose child it is.
    fn tag(&self) -> Option<&str> {
        parent_of(&self.metadata, Sort::ExternalSecret)
    }
}

impl Packable for PushSecret {
    const TYPICAL: &'static str = r#"{"apiVersion":"external-secrets.io/v1alpha1","kind":"PushSecret","metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","finalizers":["pushsecret.externalsecrets.io/finalizer"],"generation":1,"name":"","namespace":"default","resourceVersion":"1","uid":""},"spec":{"data":[{"conversionStrategy":"None","match":{"remoteRef":{"property":"","remoteKey":""},"secretKey":""}}],"deletionPolicy":"Delete","refreshInterval":"1h0m0s","secretStoreRefs":[{"kind":"SecretStore","name":""}],"selector":{"secret":{"name":""}},"updatePolicy":"Replace"},"status":{"conditions":[{"lastTransitionTime":"2026-01-01T00:00:00Z","message":"PushSecret synced successfully","reason":"Synced","status":"True","type":"Ready"}],"refreshTime":"2026-01-01T00:00:00Z","syncedPushSecrets":{"SecretStore/":{"":{"match":{"remoteRef":{"remoteKey":""},"secretKey":""}}}},"syncedResourceVersion":"1-"}}"#;

    fn pattern() -> &'static Pattern {
        static PATTERN: Pattern = Pattern::new();
        &PATTERN
    }

    /// Whose child it is.
    fn tag(&self) -> Option<&str> {
        parent_of(&self.metadata, Sort::PushSecret)
    }
}

impl<T: Packable> Packed<T> {
    pub fn of(value: T) -> Self {
        let tag = value.tag().map(Digest::of_text);
        let form = match serde_json::to_vec(&value) {
            Ok(text) => {
                let pattern = T::pattern().or_first::<T>(&text);
                Form::Text(compress_prepend_size_with_dict(&text, pattern).into_boxed_slice())
            }
            Err(_) => Form::Whole(Arc::new(value)),
        };
        Self { tag, form }
    }

    pub fn unpack(&self) -> Arc<T> {
        match &self.form {
            Form::Text(packed) => {
                let text = decompress_size_prepended_with_dict(packed, T::pattern().known());
                let text = text.expect("what was packed against a pattern is unpacked against it");
                Arc::new(serde_json::from_slice(&text).expect("our own types read what they write"))
            }
            Form::Whole(value) => value.clone(),
        }
    }
}

impl<T> Packed<T> {
    pub fn tag(&self) -> Option<Digest> {
        self.tag
    }
}

impl<T: Packable> Mirror<ObjectKey, Packed<T>> {
    /// Those that are looked up by this. Other texts may have the same digest, so what is found is looked at.
    pub fn unpacked(&self, tag: &str) -> Vec<(ObjectKey, Arc<T>)> {
        let found = self.with_tag(Digest::of_text(tag)).into_iter();
        let all = found.map(|(key, packed)| (key, packed.unpack()));
        all.filter(|(_, object)| object.tag() == Some(tag)).collect()
    }
}

impl Mirror<ObjectKey, Packed<Target>> {
    /// Those of a namespace whose created-by label has this value.
    pub fn created_by(&self, namespace: &str, owner: &str) -> Vec<(ObjectKey, Arc<Target>)> {
        let mut found = self.unpacked(owner);
        found.retain(|(key, _)| key.namespace == namespace);
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::kube::mirror::Version;
    use crate::engine::secret_bytes::SecretBytes;
    use crate::engine::target::{ManagedFields, Owner};

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let target = Target {
            uid: "u".to_owned(),
            labels: [pair(labels::CREATED_BY, "app")].into(),
            annotations: [pair("a", "ü\n\"")].into(),
            owners: vec![Owner {
                api_version: "v1".to_owned(),
                kind: "Pod".to_owned(),
                name: "p".to_owned(),
                uid: "v".to_owned(),
                controller: true,
                block_owner_deletion: false,
            }],
            keys: [("k".to_owned(), Digest::of(&SecretBytes::from("canary")))].into(),
            managed: [(
                "us".to_owned(),
                ManagedFields {
                    data: vec!["k".to_owned()],
                    written: Some(jiff::Timestamp::UNIX_EPOCH),
                    ..ManagedFields::default()
                },
            )]
            .into(),
            ..Target::default()
        };
        let packed = Packed::of(target.clone());
        assert_eq!(*packed.unpack(), target);
        assert_eq!(packed.tag(), Some(Digest::of_text("app")));
    }

    #[test]
    fn tags_of_one_digest_are_told_apart() {
        let mirror = Mirror::tagged(|_| Some(Digest::of_text("app")));
        for owner in ["app", "other"] {
            let target = Target {
                labels: [(labels::CREATED_BY.to_owned(), owner.to_owned())].into(),
                ..Target::default()
            };
            mirror.seen(
                ObjectKey::new("ns", owner),
                Version::parse("1"),
                Packed::of(target),
                0,
            );
        }
        let found: Vec<_> = mirror
            .created_by("ns", "app")
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        assert_eq!(found, [ObjectKey::new("ns", "app")]);
    }

    /// As many bytes as it takes, and as its text would.
    fn sizes<T: Packable>(value: T) -> (usize, usize) {
        let text = serde_json::to_vec(&value).expect("plain JSON").len();
        match Packed::of(value).form {
            Form::Text(packed) => (packed.len(), text),
            Form::Whole(_) => panic!("it can be written down"),
        }
    }

    #[test]
    fn an_object_at_rest_takes_half_of_its_text_or_less() {
        let object = |nth: usize| -> ExternalSecret {
            let object = json!({
                "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
                "metadata": {"name": format!("app-{nth}"), "namespace": "shop", "generation": 1,
                    "creationTimestamp": format!("2026-11-{:02}T10:00:00Z", nth % 28 + 1),
                    "resourceVersion": format!("{}", 4711 * nth), "uid": Digest::of(&SecretBytes::from(nth.to_string())).long()},
                "spec": {"refreshInterval": "1h0m0s", "secretStoreRef": {"kind": "ClusterSecretStore", "name": "main"},
                    "target": {"name": format!("app-{nth}"), "creationPolicy": "Owner", "deletionPolicy": "Retain"},
                    "data": [{"secretKey": "password", "remoteRef": {"key": format!("apps/{nth}"), "property": "password"}}]},
                "status": {"binding": {"name": format!("app-{nth}")}, "refreshTime": "2026-11-21T10:00:00Z",
                    "conditions": [{"type": "Ready", "status": "True", "reason": "SecretSynced",
                        "message": "secret synced", "lastTransitionTime": "2026-11-21T10:00:00Z"}]},
            });
            serde_json::from_value(object).expect("an object")
        };
        for nth in 1..10 {
            let (packed, text) = sizes(object(nth));
            assert!(packed * 2 <= text, "{packed} of {text}");
        }
    }

    #[test]
    fn a_broken_spec_keeps_its_fault() {
        let object = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": {"name": "app", "namespace": "ns"}, "spec": {"data": 5},
        });
        let object: ExternalSecret = serde_json::from_value(object).expect("an object");
        assert!(object.spec.as_ref().is_err());
        assert_eq!(Packed::of(object.clone()).unpack().spec, object.spec);
    }
}
