//! What is in the vault: versions of secrets, certificates and keys, and those that are deleted and can be recovered.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

type Name = (String, String);

#[derive(Debug, Default)]
pub(super) struct Objects {
    live: BTreeMap<Name, Vec<Version>>,
    deleted: BTreeMap<Name, Vec<Version>>,
    made: u32,
}

#[derive(Debug)]
struct Version {
    id: String,
    /// What only this kind of object has.
    body: Value,
    attributes: Map<String, Value>,
    tags: Value,
}

impl Objects {
    pub(super) fn put(
        &mut self,
        folder: &str,
        name: &str,
        body: Value,
        tags: Value,
        attributes: &Value,
    ) -> String {
        self.made += 1;
        let time = 1_767_323_045 + self.made;
        let mut said = Map::new();
        for (attribute, value) in [
            ("enabled", json!(true)),
            ("created", json!(time)),
            ("updated", json!(time)),
            ("recoveryLevel", json!("Recoverable+Purgeable")),
            ("recoverableDays", json!(90)),
        ] {
            said.insert(attribute.to_owned(), value);
        }
        merge(&mut said, attributes);
        let version = Version {
            id: format!("{:032x}", self.made),
            body,
            attributes: said,
            tags: if tags.is_object() { tags } else { json!({}) },
        };
        let id = version.id.clone();
        self.live.entry(key(folder, name)).or_default().push(version);
        id
    }

    pub(super) fn set_attributes(&mut self, folder: &str, name: &str, attributes: &Value) {
        let versions = self.live.get_mut(&key(folder, name));
        if let Some(newest) = versions.and_then(|versions| versions.last_mut()) {
            merge(&mut newest.attributes, attributes);
        }
    }

    pub(super) fn set_tags(&mut self, folder: &str, name: &str, tags: &Value) {
        let versions = self.live.get_mut(&key(folder, name));
        if let Some(newest) = versions
            .and_then(|versions| versions.last_mut())
            .filter(|_| tags.is_object())
        {
            newest.tags = tags.clone();
        }
    }

    pub(super) fn delete(&mut self, folder: &str, name: &str) -> bool {
        shift(&mut self.live, &mut self.deleted, &key(folder, name))
    }

    pub(super) fn recover(&mut self, folder: &str, name: &str) -> bool {
        shift(&mut self.deleted, &mut self.live, &key(folder, name))
    }

    pub(super) fn purge(&mut self, folder: &str, name: &str) -> bool {
        self.deleted.remove(&key(folder, name)).is_some()
    }

    pub(super) fn is_deleted(&self, folder: &str, name: &str) -> bool {
        self.deleted.contains_key(&key(folder, name))
    }

    pub(super) fn versions(&self, folder: &str, name: &str) -> usize {
        self.live.get(&key(folder, name)).map_or(0, Vec::len)
    }

    pub(super) fn is_enabled(&self, folder: &str, name: &str, version: Option<&str>) -> bool {
        let version = find(&self.live, folder, name, version);
        version.is_some_and(|version| version.attributes["enabled"] == true)
    }

    /// All that is said of one version, or of the newest.
    pub(super) fn bundle(&self, url: &str, folder: &str, name: &str, version: Option<&str>) -> Option<Value> {
        find(&self.live, folder, name, version).map(|found| found.bundle(url, folder, name))
    }

    pub(super) fn deleted_bundle(&self, url: &str, folder: &str, name: &str) -> Option<Value> {
        let mut bundle = find(&self.deleted, folder, name, None)?.bundle(url, folder, name);
        bundle["recoveryId"] = format!("{url}/deleted{folder}/{name}").into();
        bundle["deletedDate"] = json!(1_767_323_045);
        bundle["scheduledPurgeDate"] = json!(1_775_099_045);
        Some(bundle)
    }

    /// What a list shows of the newest version of each, without its value.
    pub(super) fn list(&self, url: &str, folder: &str) -> Vec<Value> {
        let live = self.live.iter().filter(|((kind, _), _)| kind == folder);
        live.filter_map(|((_, name), versions)| {
            Some(versions.last()?.entry(&format!("{url}/{folder}/{name}")))
        })
        .collect()
    }

    /// The same of all versions of one.
    pub(super) fn list_versions(&self, url: &str, folder: &str, name: &str) -> Vec<Value> {
        let versions = self.live.get(&key(folder, name)).into_iter().flatten();
        versions
            .map(|version| version.entry(&format!("{url}/{folder}/{name}/{}", version.id)))
            .collect()
    }
}

impl Version {
    fn bundle(&self, url: &str, folder: &str, name: &str) -> Value {
        let id = format!("{url}/{folder}/{name}/{}", self.id);
        let mut bundle = self.body.clone();
        bundle["attributes"] = self.attributes.clone().into();
        bundle["tags"] = self.tags.clone();
        if folder == "keys" {
            bundle["key"]["kid"] = id.into();
        } else {
            bundle["id"] = id.into();
        }
        if folder == "certificates" {
            bundle["policy"] = json!({"id": format!("{url}/{folder}/{name}/policy")});
        }
        bundle
    }

    fn entry(&self, id: &str) -> Value {
        let mut entry = json!({"id": id, "attributes": self.attributes, "tags": self.tags});
        if let Some(kind) = self.body.get("contentType") {
            entry["contentType"] = kind.clone();
        }
        if self.body.get("key").is_some() {
            entry["kid"] = entry["id"].take();
        }
        entry
    }
}

fn key(folder: &str, name: &str) -> Name {
    // Names differ by more than the case of their letters.
    (folder.to_owned(), name.to_lowercase())
}

fn find<'o>(
    objects: &'o BTreeMap<Name, Vec<Version>>,
    folder: &str,
    name: &str,
    version: Option<&str>,
) -> Option<&'o Version> {
    let versions = objects.get(&key(folder, name))?;
    match version {
        None => versions.last(),
        Some(id) => versions.iter().find(|version| version.id == id),
    }
}

fn shift(
    from: &mut BTreeMap<Name, Vec<Version>>,
    to: &mut BTreeMap<Name, Vec<Version>>,
    name: &Name,
) -> bool {
    let moved = from.remove(name);
    let is_there = moved.is_some();
    to.extend(moved.map(|versions| (name.clone(), versions)));
    is_there
}

fn merge(attributes: &mut Map<String, Value>, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        attributes.insert(name.clone(), value.clone());
    }
}
