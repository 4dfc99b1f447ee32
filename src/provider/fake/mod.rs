//! `provider.fake`: values that stand in the store's own spec, for tests and for people's CI.
//!
//! What is pushed stays in this process, with the store it was pushed to, and is read back like everything else.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use lockstep_api::provider::{FakeProvider, ValidationResult};

use super::{Backend, Find, Health, Keepsake, Limits, Location, Payload, Push, Remote, Surroundings, json};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use lockstep_gostd::regexp;

use crate::engine::keys;

pub(super) fn connect(spec: &FakeProvider, surroundings: &Surroundings) -> Arc<dyn Backend> {
    let entries = spec.data.iter().map(|entry| {
        let version = entry.version.clone().unwrap_or_default();
        ((entry.key.clone(), version), entry.value.expose().into())
    });
    Arc::new(Fake {
        entries: entries.collect(),
        validation: spec.validation_result.unwrap_or_default(),
        pushed: surroundings.keepsake.clone(),
    })
}

#[derive(Debug)]
struct Fake {
    /// By key and version; no version is the empty one.
    entries: BTreeMap<(String, String), SecretBytes>,
    validation: ValidationResult,
    pushed: Arc<Keepsake>,
}

impl Fake {
    fn get(&self, wanted: &Location) -> Result<Payload, Problem> {
        let version = wanted.version.clone().unwrap_or_default();
        let pushed = || self.pushed.get(&wanted.key).filter(|_| version.is_empty());
        let value = self
            .entries
            .get(&(wanted.key.clone(), version.clone()))
            .cloned()
            .or_else(pushed);
        value.map(Payload::Bytes).ok_or_else(|| Problem::Absent {
            key: wanted.key.clone(),
        })
    }

    /// The greatest version of each key, in string order.
    fn latest(&self) -> Values {
        let own = self
            .entries
            .iter()
            .map(|((key, _), value)| (key.clone(), value.clone()));
        let mut latest = self.pushed.all();
        latest.extend(own);
        latest
    }

    fn is_own(&self, key: &str) -> bool {
        self.entries.contains_key(&(key.to_owned(), String::new()))
    }
}

#[async_trait]
impl Backend for Fake {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        wanted.iter().map(|location| self.get(location)).collect()
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        let invalid = |field: &str, why: String| Problem::InvalidSpec {
            field: format!("find.{field}"),
            why,
        };
        let pattern = query.name.as_deref();
        let pattern =
            pattern.ok_or_else(|| invalid("name", "the fake provider finds by name only".to_owned()))?;
        let pattern = regexp::compile(pattern).map_err(|why| invalid("name.regexp", why))?;
        let mut found = self.latest();
        found.retain(|key, _| pattern.is_match(key));
        keys::convert(query.conversion, found)
    }

    async fn check(&self) -> Result<Health, Problem> {
        const WHY: &str = "unable to validate";
        match self.validation {
            ValidationResult::Ready => Ok(Health::Ready),
            ValidationResult::Unknown => Ok(Health::Doubtful { why: WHY.to_owned() }),
            ValidationResult::Error => Err(Problem::BadData { why: WHY.to_owned() }),
        }
    }

    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        let value = json::single(payload)?;
        match property.filter(|path| !path.is_empty()) {
            Some(path) => json::at(value, path),
            None => Ok(Some(value.clone())),
        }
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        self.select(payload, property)?
            .map(|value| json::members(&value))
            .transpose()
    }

    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// Whatever the property: what is pushed is the whole value of its key.
    async fn write(&self, push: &Push) -> Result<(), Problem> {
        if self.is_own(&push.remote.key) {
            return Err(Problem::BadData {
                why: "key already exists".to_owned(),
            });
        }
        self.pushed.keep(&push.remote.key, push.value()?);
        Ok(())
    }

    /// Nothing is ever deleted: that is how ESO's provider of this name behaves.
    async fn delete(&self, _: &Remote) -> Result<(), Problem> {
        Ok(())
    }

    async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        Ok(self.is_own(&remote.key) || self.pushed.get(&remote.key).is_some())
    }
}

#[cfg(test)]
mod tests;
