//! What backends are asked, and how their answers are shown.

use super::told;
use crate::engine::ask::{Aspect, Location};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::{Backend, Payload};

pub(crate) fn at(key: &str) -> Location {
    version(key, None)
}

pub(crate) fn version(key: &str, version: Option<&str>) -> Location {
    Location {
        key: key.to_owned(),
        version: version.map(str::to_owned),
        aspect: Aspect::Value,
        property: None,
    }
}

pub(crate) fn metadata(key: &str) -> Location {
    Location {
        aspect: Aspect::Metadata,
        ..at(key)
    }
}

/// What a backend holds there, asked as a reader asks.
pub(crate) async fn payload(
    backend: &dyn Backend,
    location: Location,
    property: &str,
) -> Result<Payload, Problem> {
    let location = backend.locate(location, Some(property));
    let mut answers = backend.read(&[location]).await;
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

/// What an entry of `data` gets, from backends that know no absent property.
pub(crate) async fn value(
    backend: &dyn Backend,
    location: Location,
    property: &str,
) -> Result<String, String> {
    let payload = payload(backend, location, property).await;
    let value = payload.and_then(|payload| backend.select(&payload, Some(property)));
    let value = value.map_err(|problem| told(&problem))?;
    Ok(text(&value.expect("a value or a problem")))
}

/// What `extract` gets.
pub(crate) async fn values(
    backend: &dyn Backend,
    location: Location,
    property: &str,
) -> Result<Vec<(String, String)>, String> {
    let payload = payload(backend, location, property).await;
    let values = payload.and_then(|payload| backend.explode(&payload, Some(property)));
    let values = values.map_err(|problem| told(&problem))?;
    Ok(shown(&values.expect("values or a problem")))
}

pub(crate) fn shown(values: &Values) -> Vec<(String, String)> {
    let pairs = values.iter().map(|(name, value)| (name.clone(), text(value)));
    pairs.collect()
}

/// The same, each as `NAME=VALUE`.
pub(crate) fn lines(values: &Values) -> Vec<String> {
    let pairs = shown(values).into_iter();
    pairs.map(|(name, value)| format!("{name}={value}")).collect()
}

pub(crate) fn text(value: &SecretBytes) -> String {
    String::from_utf8_lossy(value.expose()).into_owned()
}
