//! A cluster as External Secrets Operator 2.9 leaves it, to the byte. Its recipes are written down once more here, so
//! that what is tested is not tested against itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DynamicObject, GroupVersionKind, ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Client, Resource as _, ResourceExt as _};
use serde_json::{Value, json};
use sha3::{Digest as _, Sha3_224};

pub const FINALIZER: &str = "externalsecrets.external-secrets.io/externalsecret-cleanup";
const MANAGED: &str = "reconcile.external-secrets.io/managed";
const CREATED_BY: &str = "reconcile.external-secrets.io/created-by";
const DATA_HASH: &str = "reconcile.external-secrets.io/data-hash";
/// Its process's own field manager, where it names none.
const PROCESS: &str = "external-secrets";

/// ESO at work in one namespace.
pub struct Eso {
    client: Client,
    namespace: String,
}

/// What it puts into a Secret.
pub struct Made<'a> {
    pub name: &'a str,
    pub data: &'a [(&'a str, &'a str)],
    pub labels: Value,
    /// Such as `type` or `immutable`.
    pub more: Value,
}

impl<'a> Made<'a> {
    pub fn new(name: &'a str, data: &'a [(&'a str, &'a str)]) -> Self {
        let (labels, more) = (json!({}), json!({}));
        Self {
            name,
            data,
            labels,
            more,
        }
    }
}

impl Eso {
    pub fn new(client: Client, namespace: &str) -> Self {
        let namespace = namespace.to_owned();
        Self { client, namespace }
    }

    pub fn objects(&self, kind: &str) -> Api<DynamicObject> {
        let (group, version) = match kind {
            "Password" => ("generators.external-secrets.io", "v1alpha1"),
            _ => ("external-secrets.io", "v1"),
        };
        let kind = kube::api::ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.client.clone(), &self.namespace, &kind)
    }

    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    async fn create(&self, kind: &str, name: &str, metadata: Value, spec: Value) -> Result<DynamicObject> {
        let api = self.objects(kind);
        let mut object = json!({"metadata": metadata, "spec": spec});
        object["metadata"]["name"] = json!(name);
        let group = if kind == "Password" {
            "generators.external-secrets.io/v1alpha1"
        } else {
            "external-secrets.io/v1"
        };
        (object["apiVersion"], object["kind"]) = (json!(group), json!(kind));
        let object = serde_json::from_value(object)?;
        api.create(&PostParams::default(), &object)
            .await
            .with_context(|| format!("create {kind} {name}"))
    }

    pub async fn generator(&self, name: &str) -> Result<()> {
        self.create("Password", name, json!({}), json!({"length": 24}))
            .await
            .map(drop)
    }

    /// A store that was found sound.
    pub async fn store(&self, name: &str, values: Value) -> Result<()> {
        let spec = json!({"provider": {"fake": {"data": values}}});
        let store = self.create("SecretStore", name, json!({}), spec).await?;
        let status = json!({"capabilities": "ReadWrite", "conditions": [ready("Valid", "store validated")?]});
        self.tell("SecretStore", store, status).await
    }

    /// An ExternalSecret, and what was made of it.
    pub async fn synced(&self, name: &str, labels: Value, spec: Value, made: Option<Made<'_>>) -> Result<()> {
        let metadata = json!({"labels": labels, "finalizers": [FINALIZER]});
        let object = self.create("ExternalSecret", name, metadata, spec).await?;
        let binding = made.as_ref().map(|made| made.name.to_owned()).unwrap_or_default();
        if let Some(made) = made {
            self.write(&object, made).await?;
        }
        let status = json!({
            "binding": {"name": binding},
            "conditions": [ready("SecretSynced", "secret synced")?],
            "refreshTime": now()?,
            "syncedResourceVersion": synced_version(&object),
        });
        self.tell("ExternalSecret", object, status).await
    }

    /// An ExternalSecret that it could not sync yet. Go leaves no field out that has no value.
    pub async fn failed(&self, name: &str, spec: Value) -> Result<()> {
        let metadata = json!({"finalizers": [FINALIZER]});
        let object = self.create("ExternalSecret", name, metadata, spec).await?;
        let mut condition = ready("SecretSyncedError", "could not get secret data from provider")?;
        condition["status"] = json!("False");
        let status = json!({"binding": {"name": ""}, "conditions": [condition], "refreshTime": null});
        self.tell("ExternalSecret", object, status).await
    }

    async fn tell(&self, kind: &str, mut object: DynamicObject, status: Value) -> Result<()> {
        object.data["status"] = status;
        let params = PostParams {
            field_manager: Some(PROCESS.to_owned()),
            ..PostParams::default()
        };
        self.objects(kind)
            .replace_status(&object.name_any(), &params, &object)
            .await?;
        Ok(())
    }

    /// Its write to a Secret: made anew, or changed where somebody else had made it.
    pub async fn write(&self, object: &DynamicObject, made: Made<'_>) -> Result<()> {
        let there = self.secrets().get_opt(made.name).await?;
        let mut data = there.as_ref().map(values).unwrap_or_default();
        data.extend(
            made.data
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())),
        );
        let is_owner = policy(object) == "Owner";
        let mut body = json!({
            "metadata": {"name": made.name, "labels": made.labels, "annotations": {DATA_HASH: data_hash(&data)}},
            "stringData": made.data.iter().copied().collect::<BTreeMap<_, _>>(),
        });
        body["metadata"]["labels"][MANAGED] = json!("true");
        if is_owner {
            body["metadata"]["labels"][CREATED_BY] =
                json!(hash(&format!("{}/{}", self.namespace, object.name_any())));
            body["metadata"]["ownerReferences"] = json!([owner(object)]);
        }
        body.as_object_mut()
            .context("an object")?
            .extend(made.more.as_object().cloned().unwrap_or_default());
        let manager = Some(manager(&object.name_any()));
        if there.is_some() {
            let params = PatchParams {
                field_manager: manager,
                ..PatchParams::default()
            };
            self.secrets()
                .patch(made.name, &params, &Patch::Merge(body))
                .await?;
        } else {
            let params = PostParams {
                field_manager: manager,
                ..PostParams::default()
            };
            self.secrets()
                .create(&params, &serde_json::from_value(body)?)
                .await?;
        }
        Ok(())
    }

    /// Somebody else's Secret.
    pub async fn foreign(&self, name: &str, data: Value) -> Result<()> {
        let body = json!({"metadata": {"name": name, "labels": {"theirs": "1"}}, "stringData": data});
        let params = PostParams {
            field_manager: Some("kubectl-create".to_owned()),
            ..PostParams::default()
        };
        self.secrets()
            .create(&params, &serde_json::from_value(body)?)
            .await?;
        Ok(())
    }

    /// Would ESO take the target for sound, and the object for synced? Otherwise it would fetch, and generate, anew.
    pub async fn takes_for_its_own(&self, name: &str) -> Result<()> {
        let object = self.objects("ExternalSecret").get(name).await?;
        let target = object.data["spec"]["target"]["name"].as_str().unwrap_or(name);
        let secret = self.secrets().get(target).await?;
        let (labels, annotations) = (secret.labels(), secret.annotations());
        ensure!(
            labels.get(MANAGED).is_some_and(|managed| managed == "true"),
            "{name}: not managed"
        );
        ensure!(
            annotations.get(DATA_HASH) == Some(&data_hash(&values(&secret))),
            "{name}: another hash"
        );
        let status = &object.data["status"];
        ensure!(
            status["syncedResourceVersion"] == json!(synced_version(&object)),
            "{name}: {status}"
        );
        ensure!(
            status["refreshTime"].is_string() && status["binding"]["name"] == json!(target),
            "{name}: {status}"
        );
        let created_by = labels.get(CREATED_BY).cloned();
        let (owner, label) = match policy(&object) {
            "Owner" => (
                vec![self::owner(&object)],
                Some(hash(&format!("{}/{name}", self.namespace))),
            ),
            _ => (Vec::new(), None),
        };
        ensure!(created_by == label, "{name}: created by {created_by:?}");
        ensure!(
            serde_json::to_value(secret.owner_references())? == json!(owner),
            "{name}: other owners"
        );
        let managers = secret.managed_fields().iter();
        let ours: Vec<_> = managers
            .filter(|entry| entry.manager.as_deref() == Some(&manager(name)))
            .collect();
        ensure!(
            ours.len() == 1 && ours[0].operation.as_deref() == Some("Update"),
            "{name}: {ours:?}"
        );
        Ok(())
    }
}

/// Go cuts a time to the second. One that lies ahead would be due at once.
fn now() -> Result<String> {
    let now = jiff::Timestamp::now().as_second();
    Ok(jiff::Timestamp::from_second(now)?.to_string())
}

fn ready(reason: &str, message: &str) -> Result<Value> {
    let now = now()?;
    Ok(
        json!({"type": "Ready", "status": "True", "reason": reason, "message": message, "lastTransitionTime": now}),
    )
}

fn policy(object: &DynamicObject) -> &str {
    object.data["spec"]["target"]["creationPolicy"]
        .as_str()
        .unwrap_or("Owner")
}

fn owner(object: &DynamicObject) -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": object.name_any(),
        "uid": object.uid(), "controller": true, "blockOwnerDeletion": true,
    })
}

fn values(secret: &Secret) -> BTreeMap<String, Vec<u8>> {
    let data = secret.data.iter().flatten();
    data.map(|(key, value)| (key.clone(), value.0.clone())).collect()
}

fn manager(name: &str) -> String {
    let plain = format!("externalsecrets.external-secrets.io/{name}");
    if plain.len() <= 63 {
        plain
    } else {
        format!("externalsecrets.external-secrets.io/sha3/{}", hash(name))
    }
}

/// SHA3-224 of what Go's `%+v` prints.
fn hash(text: &str) -> String {
    Sha3_224::digest(text)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

fn go_map(entries: impl Iterator<Item = (String, String)>) -> String {
    let entries: Vec<String> = entries.map(|(key, value)| format!("{key}:{value}")).collect();
    format!("map[{}]", entries.join(" "))
}

fn data_hash(data: &BTreeMap<String, Vec<u8>>) -> String {
    let shown = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
    hash(&go_map(
        data.iter()
            .map(|(key, value)| (key.clone(), format!("[{}]", shown(value)))),
    ))
}

fn synced_version(object: &DynamicObject) -> String {
    let meta: &ObjectMeta = object.meta();
    let show = |map: &Option<BTreeMap<String, String>>| go_map(map.clone().unwrap_or_default().into_iter());
    let text = format!(
        "{{annotations:{} labels:{}}}",
        show(&meta.annotations),
        show(&meta.labels)
    );
    format!("{}-{}", meta.generation.unwrap_or_default(), hash(&text))
}

#[test]
fn the_recipes_are_those_that_were_recorded() {
    let data = [("foo", "value1"), ("bar", "value2")].map(|(key, value)| (key.to_owned(), value.into()));
    assert_eq!(
        data_hash(&data.into()),
        "1bed8bcbcb4547ffe19a19cd47d9078e84aa6598266d86b99f992d64"
    );
    let object: DynamicObject =
        serde_json::from_value(json!({"metadata": {"generation": 3, "labels": {"l": "v"}}}))
            .expect("an object");
    assert_eq!(
        synced_version(&object),
        "3-f002add66088eb2464d2bc6af4fb4326bbc5c890ed2822469b0fd2f8"
    );
}
