//! GeneratorStates: watched, and written with as few requests as can be.

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, Patch, PatchParams, PostParams};
use lockstep_api::GENERATOR_API_VERSION;
use lockstep_api::generator::GeneratorState;
use rand::Rng as _;
use serde_json::{Value, json};

use super::super::{Change, GeneratorStates};
use super::{KubeCluster, errors, reduce, writes};
use crate::engine::labels;
use crate::engine::merge_patch;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::state::{Amendment, NewState, State};
use crate::engine::target::Digest;
use crate::random::random;

/// The Secret with the key that credentials in states are sealed with.
const SEAL: &str = "lockstep-generator-seal";
const SEAL_KEY: &str = "key";
const SEAL_LENGTH: usize = 32;

#[async_trait]
impl GeneratorStates for KubeCluster {
    fn state(&self, key: &ObjectKey) -> Option<Arc<State>> {
        self.states.get(key)
    }

    fn states_of(&self, owner_uid: &str) -> Vec<Arc<State>> {
        let found = self.states.with_tag(Digest::of_text(owner_uid)).into_iter();
        let all = found.map(|(_, state)| state);
        all.filter(|state| state.owner.as_deref() == Some(owner_uid))
            .collect()
    }

    async fn create(&self, state: &NewState) -> Result<State, Problem> {
        let prefix = state.owner_kind.prefix(&state.owner.name);
        let about = ObjectRef::namespaced(
            "GeneratorState",
            &ObjectKey::new(&state.owner.namespace, format!("{prefix}…")),
        );
        let object = serde_json::from_value(body(state, &prefix));
        let object: GeneratorState = object.map_err(|_| writes::unwritable(&about))?;
        let api = self.states_in(&state.owner.namespace);
        let params = PostParams::default();
        let call = api.create(&params, &object);
        let made = self.requests.request("create", &about, call).await?;
        reduce::state(made).ok_or_else(|| writes::unwritable(&about))
    }

    async fn amend(&self, state: &State, amendment: &Amendment) -> Result<(), Problem> {
        let mut spec = json!({});
        let content = amendment.content.as_ref();
        let change =
            content.and_then(|content| merge_patch::difference(state.content.as_value(), content.as_value()));
        if let Some(change) = change {
            spec["state"] = change;
        }
        if let Some(deadline) = amendment.deadline {
            spec["garbageCollectionDeadline"] = whole_seconds(deadline);
        }
        self.patch_state(state, json!({"metadata": {"uid": state.uid}, "spec": spec}))
            .await
    }

    async fn delete(&self, state: &State) -> Result<(), Problem> {
        let api = self.states_in(&state.key.namespace);
        writes::delete(self, &api, &about(state), &state.uid).await
    }

    async fn hold(&self, state: &State) -> Result<(), Problem> {
        let mut finalizers = state.finalizers.clone();
        finalizers.push(labels::STATE_FINALIZER.to_owned());
        let patch = json!({"metadata": {"uid": state.uid, "finalizers": finalizers}});
        self.patch_state(state, patch).await
    }

    async fn complain(&self, state: &State, why: &str, now: jiff::Timestamp) -> Result<(), Problem> {
        let condition = json!({
            "type": "Ready", "status": "False", "reason": "Error", "message": why,
            "lastTransitionTime": whole_seconds(now),
        });
        let patch = json!({"metadata": {"uid": state.uid}, "status": {"conditions": [condition]}});
        self.patch_state(state, patch).await
    }

    async fn remove_finalizer(&self, state: &State) -> Result<(), Problem> {
        let mut left = state.finalizers.clone();
        left.retain(|name| name != labels::STATE_FINALIZER);
        let patch = json!({"metadata": {"uid": state.uid, "finalizers": left}});
        self.patch_state(state, patch).await
    }

    async fn sealing_key(&self) -> Result<SecretBytes, Problem> {
        self.seal.get_or_try_init(|| self.find_seal()).await.cloned()
    }
}

impl KubeCluster {
    fn states_in(&self, namespace: &str) -> Api<GeneratorState> {
        Api::namespaced(self.requests.client.clone(), namespace)
    }

    /// One that is gone needs no patch.
    async fn patch_state(&self, state: &State, patch: Value) -> Result<(), Problem> {
        let api = self.states_in(&state.key.namespace);
        let call = async {
            let patched = api
                .patch(&state.key.name, &PatchParams::default(), &Patch::Merge(patch))
                .await;
            match patched {
                Err(error) if errors::is_not_found(&error) => Ok(None),
                answer => answer.map(Some),
            }
        };
        let written = self.requests.request("update", &about(state), call).await?;
        if let Some(written) = written {
            let version = reduce::version(&written.metadata);
            if let Some(now) = reduce::state(written) {
                self.states.wrote(&state.key, version, now);
                // What we wrote is no news to the watch, but it is to whoever waits for the deadline.
                let (key, owner) = (state.key.clone(), None);
                let _ = self.changes.send(Change::GeneratorState { key, owner });
            }
        }
        Ok(())
    }

    /// The key, made by whoever asks first.
    async fn find_seal(&self) -> Result<SecretBytes, Problem> {
        let key = ObjectKey::new(&self.home, SEAL);
        let about = ObjectRef::namespaced("Secret", &key);
        let api: Api<Secret> = Api::namespaced(self.requests.client.clone(), &self.home);
        if let Some(found) = self.requests.request("get", &about, api.get_opt(SEAL)).await? {
            return seal_of(found, about);
        }
        let mut bytes = vec![0; SEAL_LENGTH];
        random()?.fill_bytes(&mut bytes);
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(SEAL.to_owned()),
                ..ObjectMeta::default()
            },
            data: Some([(SEAL_KEY.to_owned(), ByteString(bytes))].into()),
            immutable: Some(true),
            ..Secret::default()
        };
        let params = PostParams::default();
        let call = api.create(&params, &secret);
        let made = self.requests.request("create", &about, call).await?;
        seal_of(made, about)
    }
}

fn seal_of(secret: Secret, about: ObjectRef) -> Result<SecretBytes, Problem> {
    let key = reduce::values(secret.data).remove(SEAL_KEY);
    key.filter(|key| key.len() == SEAL_LENGTH)
        .ok_or_else(|| Problem::ReferenceKeyMissing {
            object: about,
            key: SEAL_KEY.to_owned(),
        })
}

fn body(state: &NewState, prefix: &str) -> Value {
    let mut spec = json!({
        "resource": state.resource.as_value(),
        "state": state.content.as_value(),
    });
    if let Some(deadline) = state.deadline {
        spec["garbageCollectionDeadline"] = whole_seconds(deadline);
    }
    json!({
        "apiVersion": GENERATOR_API_VERSION,
        "kind": "GeneratorState",
        "metadata": {
            "generateName": prefix,
            "namespace": state.owner.namespace,
            "labels": {labels::STATE_OWNER: state.entry},
            "finalizers": [labels::STATE_FINALIZER],
            "ownerReferences": [{
                "apiVersion": state.owner_kind.api_version(),
                "kind": state.owner_kind.as_str(),
                "name": state.owner.name,
                "uid": state.owner_uid,
            }],
        },
        "spec": spec,
    })
}

/// As the API writes times.
fn whole_seconds(time: jiff::Timestamp) -> Value {
    let seconds = jiff::Timestamp::from_second(time.as_second()).unwrap_or(time);
    seconds.to_string().into()
}

fn about(state: &State) -> ObjectRef {
    ObjectRef::namespaced("GeneratorState", &state.key)
}
