//! Secrets and their versions, in the one project and its locations.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Google;

/// The location is empty where there is none.
type Name = (String, String);

#[derive(Debug, Default)]
pub(super) struct Secrets {
    all: BTreeMap<Name, Secret>,
    /// So that no two things are made at a time.
    moments: u32,
}

#[derive(Debug)]
struct Secret {
    said: Value,
    etag: u32,
    created: String,
    /// From the first on.
    versions: Vec<Version>,
}

#[derive(Debug)]
struct Version {
    state: String,
    created: String,
    data: Vec<u8>,
}

/// Why there is no value.
pub(super) enum Nothing {
    Missing,
    Shut(String),
}

impl Secrets {
    /// Whether it was not there.
    pub(super) fn create(&mut self, location: &str, id: &str, said: &Value) -> bool {
        let name = (location.to_owned(), id.to_owned());
        if self.all.contains_key(&name) {
            return false;
        }
        let created = self.moment();
        let secret = Secret {
            said: said.clone(),
            etag: 1,
            created,
            versions: Vec::new(),
        };
        self.all.insert(name, secret);
        true
    }

    pub(super) fn update(&mut self, location: &str, id: &str, said: &Value, mask: &[&str]) {
        if let Some(secret) = self.find_mut(location, id) {
            for &field in mask {
                secret.said[field] = said[field].clone();
            }
            secret.etag += 1;
        }
    }

    pub(super) fn delete(&mut self, location: &str, id: &str) {
        self.all.remove(&(location.to_owned(), id.to_owned()));
    }

    pub(super) fn add_version(&mut self, location: &str, id: &str, data: &[u8]) -> Option<usize> {
        let created = self.moment();
        let secret = self.find_mut(location, id)?;
        secret.versions.push(Version {
            state: "ENABLED".to_owned(),
            created,
            data: data.to_vec(),
        });
        Some(secret.versions.len())
    }

    pub(super) fn set_state(&mut self, location: &str, id: &str, version: usize, state: &str) -> bool {
        let version = version.checked_sub(1);
        let found = self.find_mut(location, id);
        let found = found.and_then(|secret| secret.versions.get_mut(version?));
        match found {
            Some(version) if version.state != "DESTROYED" => {
                state.clone_into(&mut version.state);
                true
            }
            _ => false,
        }
    }

    pub(super) fn said(&self, location: &str, id: &str) -> Option<Value> {
        let secret = self.find(location, id)?;
        let mut said = secret.said.clone();
        if let Some(members) = said.as_object_mut() {
            // What is empty is left out.
            members.retain(|_, value| {
                !value.is_null() && value != &json!({}) && value != &json!([]) && value != &json!("")
            });
        }
        said["name"] = format!("{}/secrets/{id}", parent(location)).into();
        said["createTime"] = secret.created.as_str().into();
        said["etag"] = format!("\"{}\"", secret.etag).into();
        Some(said)
    }

    pub(super) fn list(&self, location: &str) -> Vec<Value> {
        let mut ids: Vec<_> = self.all.keys().filter(|(place, _)| place == location).collect();
        ids.reverse();
        ids.iter()
            .filter_map(|(place, id)| self.said(place, id))
            .collect()
    }

    /// A number, or `latest`: that is the newest, whatever its state.
    pub(super) fn number(&self, location: &str, id: &str, version: &str) -> Option<usize> {
        let versions = &self.find(location, id)?.versions;
        let number = if version == "latest" {
            versions.len()
        } else {
            version.parse().ok()?
        };
        (1..=versions.len()).contains(&number).then_some(number)
    }

    pub(super) fn data(&self, location: &str, id: &str, version: &str) -> Result<Value, Nothing> {
        let number = self.number(location, id, version).ok_or(Nothing::Missing)?;
        let secret = self.find(location, id).ok_or(Nothing::Missing)?;
        let version = &secret.versions[number - 1];
        if version.state != "ENABLED" {
            return Err(Nothing::Shut(version.state.clone()));
        }
        Ok(json!({
            "name": format!("{}/secrets/{id}/versions/{number}", parent(location)),
            "payload": {
                "data": STANDARD.encode(&version.data), "dataCrc32c": crc32c(&version.data).to_string(),
            },
        }))
    }

    pub(super) fn version(&self, location: &str, id: &str, number: usize) -> Option<Value> {
        let version = self.find(location, id)?.versions.get(number.checked_sub(1)?)?;
        Some(json!({
            "name": format!("{}/secrets/{id}/versions/{number}", parent(location)),
            "createTime": version.created, "state": version.state,
        }))
    }

    /// From the newest on.
    pub(super) fn list_versions(&self, location: &str, id: &str) -> Option<Vec<Value>> {
        let count = self.find(location, id)?.versions.len();
        Some(
            (1..=count)
                .rev()
                .filter_map(|number| self.version(location, id, number))
                .collect(),
        )
    }

    pub(super) fn newest(&self, location: &str, id: &str) -> (Option<Vec<u8>>, usize) {
        let versions = self.find(location, id).map(|secret| &secret.versions);
        let newest = versions.and_then(|versions| versions.last());
        (
            newest.map(|version| version.data.clone()),
            versions.map_or(0, Vec::len),
        )
    }

    fn find(&self, location: &str, id: &str) -> Option<&Secret> {
        self.all.get(&(location.to_owned(), id.to_owned()))
    }

    fn find_mut(&mut self, location: &str, id: &str) -> Option<&mut Secret> {
        self.all.get_mut(&(location.to_owned(), id.to_owned()))
    }

    fn moment(&mut self) -> String {
        self.moments += 1;
        format!("2026-01-02T03:04:05.{:06}Z", self.moments)
    }
}

fn parent(location: &str) -> String {
    let number = Google::NUMBER;
    match location {
        "" => format!("projects/{number}"),
        location => format!("projects/{number}/locations/{location}"),
    }
}

/// Bit by bit, as in the definition.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    let shift = |sum: u32| {
        if sum & 1 == 1 {
            (sum >> 1) ^ 0x82f6_3b78
        } else {
            sum >> 1
        }
    };
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| shift(sum))
    })
}
