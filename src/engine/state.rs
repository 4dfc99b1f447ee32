//! What is remembered in the cluster of something that a generator made elsewhere: a GeneratorState without its
//! wrapping.

use jiff::Timestamp;
use lockstep_api::generator::{FreeJson, GeneratorSpec};
use lockstep_api::{GENERATOR_API_VERSION, GeneratorKind, Parsed};
use serde_json::{Value, json};

use super::fingerprint;
use super::generator::GeneratorKey;
use super::object::ObjectKey;

/// A GeneratorState.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub key: ObjectKey,
    pub uid: String,
    /// Of which entry of which object; see [`owner_key`].
    pub entry: String,
    /// The uid of the object that it goes with.
    pub owner: Option<String>,
    pub created: Timestamp,
    /// Since when it is being deleted.
    pub terminating: Option<Timestamp>,
    pub finalizers: Vec<String>,
    /// From then on nobody needs it.
    pub deadline: Option<Timestamp>,
    /// The generator as it was then.
    pub resource: FreeJson,
    /// What the generator has to know.
    pub content: FreeJson,
    /// Why it could not be undone, as its status tells.
    pub complaint: Option<String>,
}

/// Of which kind the objects are that generators make something for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerKind {
    ExternalSecret,
    PushSecret,
}

impl OwnerKind {
    pub fn of(kind: &str) -> Option<Self> {
        [Self::ExternalSecret, Self::PushSecret]
            .into_iter()
            .find(|known| known.as_str() == kind)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExternalSecret => "ExternalSecret",
            Self::PushSecret => "PushSecret",
        }
    }

    pub fn api_version(self) -> &'static str {
        match self {
            Self::ExternalSecret => "external-secrets.io/v1",
            Self::PushSecret => "external-secrets.io/v1alpha1",
        }
    }

    /// What the names of the states of such an object begin with.
    pub fn prefix(self, name: &str) -> String {
        format!("gen-{}-{name}-", self.as_str().to_ascii_lowercase())
    }

    fn key(self, owner: &ObjectKey, entry: &str) -> String {
        let (kind, namespace, name) = (self.as_str(), &owner.namespace, &owner.name);
        fingerprint::of_text(&format!("{kind}-{namespace}-{name}-{entry}"))
    }
}

/// One that is to be.
#[derive(Clone, Debug)]
pub struct NewState {
    pub entry: String,
    pub owner_kind: OwnerKind,
    pub owner: ObjectKey,
    pub owner_uid: String,
    pub resource: FreeJson,
    pub content: FreeJson,
    pub deadline: Option<Timestamp>,
}

/// What is written over one that is there.
#[derive(Clone, Debug, Default)]
pub struct Amendment {
    pub content: Option<FreeJson>,
    pub deadline: Option<Timestamp>,
}

impl State {
    /// In use, as far as it says itself.
    pub fn is_current(&self) -> bool {
        self.deadline.is_none() && self.terminating.is_none()
    }

    /// The generator that it was made by, as it was then.
    pub fn generator(&self) -> Option<Parsed<GeneratorSpec>> {
        let resource = self.resource.as_value();
        let kind = resource.get("kind").cloned().unwrap_or_default();
        let kind: GeneratorKind = serde_json::from_value(kind).ok()?;
        let spec = resource.get("spec").cloned().unwrap_or_default();
        Some(GeneratorSpec::of_object(kind, spec))
    }
}

/// Which entry of `dataFrom` of which ExternalSecret, as ESO tells it on a label.
pub fn owner_key(external_secret: &ObjectKey, entry: usize) -> String {
    OwnerKind::ExternalSecret.key(external_secret, &entry.to_string())
}

/// The same for a PushSecret, which has but one.
pub fn push_owner_key(push_secret: &ObjectKey) -> String {
    OwnerKind::PushSecret.key(push_secret, "__pushsecret")
}

/// The generator as it is now, so that what it made can be undone when it is gone or has become another. Of one that
/// every namespace may use, what is inside is kept, as ESO does.
pub fn snapshot(key: &GeneratorKey, spec: &GeneratorSpec) -> FreeJson {
    let kind = spec.kind().as_str();
    // It was read from JSON. Were it null, undoing would say that it cannot be understood.
    let mut spec = serde_json::to_value(spec).unwrap_or_default();
    let spec = spec.as_object_mut().and_then(|only| only.values_mut().next());
    let spec = spec.map(Value::take).unwrap_or_default();
    json!({
        "apiVersion": GENERATOR_API_VERSION,
        "kind": kind,
        "metadata": {"name": key.name()},
        "spec": spec,
    })
    .into()
}

#[cfg(test)]
mod tests {
    use lockstep_api::generator::ClusterGeneratorKind;

    use super::*;

    #[test]
    fn an_entry_has_the_key_that_eso_gives_it() {
        let key = owner_key(&ObjectKey::new("t-state-gitlab", "app"), 0);
        assert_eq!(key, "f22928c68edaa7143daeb49378bf066bd4890d3d5b5032278adc3162");
    }

    #[test]
    fn the_states_of_a_push_secret_are_named_as_eso_names_them() {
        let key = push_owner_key(&ObjectKey::new("ns", "p"));
        assert_eq!(key, fingerprint::of_text("PushSecret-ns-p-__pushsecret"));
        assert_eq!(OwnerKind::PushSecret.prefix("p"), "gen-pushsecret-p-");
        assert_eq!(OwnerKind::of("PushSecret"), Some(OwnerKind::PushSecret));
        assert_eq!(OwnerKind::of("Pod"), None);
    }

    fn state(resource: FreeJson) -> State {
        State {
            key: ObjectKey::new("ns", "gen-externalsecret-app-1"),
            uid: "u".to_owned(),
            entry: String::new(),
            owner: None,
            created: Timestamp::UNIX_EPOCH,
            terminating: None,
            finalizers: Vec::new(),
            deadline: None,
            resource,
            content: FreeJson::default(),
            complaint: None,
        }
    }

    #[test]
    fn a_snapshot_is_read_as_the_generator_that_it_was() {
        let spec = json!({"path": "database/creds/app", "provider": {"server": "http://vault"}});
        let spec = GeneratorSpec::of_object(GeneratorKind::VaultDynamicSecret, spec);
        let spec = spec.as_ref().expect("sound");
        for key in [
            GeneratorKey::Namespaced(
                ClusterGeneratorKind::VaultDynamicSecret,
                ObjectKey::new("ns", "g"),
            ),
            GeneratorKey::Cluster("g".to_owned()),
        ] {
            let again = state(snapshot(&key, spec)).generator().expect("a kind");
            assert_eq!(again.as_ref().expect("sound"), spec);
        }
    }

    #[test]
    fn what_is_no_generator_is_none() {
        assert!(state(FreeJson::default()).generator().is_none());
        assert!(state(json!({"kind": "Pod"}).into()).generator().is_none());
    }
}
