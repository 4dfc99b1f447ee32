//! Objects at rest. There are as many as the cluster has, and each is looked at in its own turn only: as text they take
//! a fraction of what they take as structs, whose every map and option has room for what is not there.

use std::sync::Arc;

use lockstep_api::{ExternalSecret, PushSecret};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::mirror::Mirror;
use crate::engine::labels;
use crate::engine::object::ObjectKey;
use crate::engine::spread::{Sort, parent_of};
use crate::engine::target::Target;

/// An object, and what it is looked up by beside its name.
#[derive(Debug)]
pub struct Packed<T> {
    tag: Option<Box<str>>,
    form: Form<T>,
}

#[derive(Debug)]
enum Form<T> {
    Text(Box<[u8]>),
    /// A broken spec can be kept, but not be written down.
    Whole(Arc<T>),
}

/// What is looked up by something beside its name.
pub trait Tagged {
    fn tag(&self) -> Option<&str>;
}

/// Whose target it is.
impl Tagged for Target {
    fn tag(&self) -> Option<&str> {
        self.labels.get(labels::CREATED_BY).map(String::as_str)
    }
}

/// Whose child it is.
impl Tagged for ExternalSecret {
    fn tag(&self) -> Option<&str> {
        parent_of(&self.metadata, Sort::ExternalSecret)
    }
}

/// Whose child it is.
impl Tagged for PushSecret {
    fn tag(&self) -> Option<&str> {
        parent_of(&self.metadata, Sort::PushSecret)
    }
}

impl<T: Serialize + DeserializeOwned + Tagged> Packed<T> {
    pub fn of(value: T) -> Self {
        let tag = value.tag().map(Into::into);
        let form = match serde_json::to_vec(&value) {
            Ok(text) => Form::Text(text.into_boxed_slice()),
            Err(_) => Form::Whole(Arc::new(value)),
        };
        Self { tag, form }
    }

    pub fn unpack(&self) -> Arc<T> {
        match &self.form {
            Form::Text(text) => {
                Arc::new(serde_json::from_slice(text).expect("our own types read what they write"))
            }
            Form::Whole(value) => value.clone(),
        }
    }
}

impl<T> Packed<T> {
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }
}

impl Mirror<ObjectKey, Packed<Target>> {
    /// Those of a namespace whose created-by label has this value.
    pub fn created_by(&self, namespace: &str, owner: &str) -> Vec<(ObjectKey, Arc<Target>)> {
        let mut found = self.with_tag(owner);
        found.retain(|(key, _)| key.namespace == namespace);
        found
            .into_iter()
            .map(|(key, packed)| (key, packed.unpack()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::secret_bytes::SecretBytes;
    use crate::engine::target::{Digest, ManagedFields, Owner};

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
        assert_eq!(packed.tag(), Some("app"));
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
