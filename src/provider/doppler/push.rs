//! Writing. Doppler has no place for a mark of ours, so that what is there under the name is replaced, as by ESO.

use std::borrow::Cow;

use lockstep_gostd::json::{Html, Object, Value, encode};
use tokio::time::Instant;

use super::config::{Config, Shape};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::{Push, Remote};

/// Every write is a version of the config, and wakes whoever follows it: there is none where nothing would change.
pub(super) async fn write(config: &Config, push: &Push) -> Result<(), Problem> {
    let (name, value) = (&push.remote.key, push.text()?);
    let there = config.download(Shape::Plain, Instant::now()).await?;
    if there.get(name) == Some(&value) {
        return Ok(());
    }
    // It is text, or we would not be here.
    let value = Value::Text(String::from_utf8_lossy(value.expose()));
    let secrets = Object::from([(Cow::Borrowed(name.as_str()), value)]);
    update(config, ("secrets", Value::Object(secrets)), name).await
}

pub(super) async fn delete(config: &Config, remote: &Remote) -> Result<(), Problem> {
    let name = &remote.key;
    let there = config.download(Shape::Plain, Instant::now()).await?;
    if !there.contains_key(name) {
        return Ok(());
    }
    let change = Object::from([
        ("name".into(), Value::Text(name.into())),
        ("originalName".into(), Value::Text(name.into())),
        ("value".into(), Value::Null),
        ("shouldDelete".into(), Value::Bool(true)),
    ]);
    let changes = Value::Array(vec![Value::Object(change)]);
    update(config, ("change_requests", changes), name).await
}

/// However it ends, what is kept may be over.
async fn update(config: &Config, (field, what): (&str, Value<'_>), name: &str) -> Result<(), Problem> {
    let mut body = Object::from([(Cow::Borrowed(field), what)]);
    for (field, value) in [("project", &config.project), ("config", &config.name)] {
        if let Some(value) = value {
            body.insert(field.into(), Value::Text(value.into()));
        }
    }
    let body: SecretBytes = encode(&Value::Object(body), Html::Plain).into();
    let updated = config.api.update(&body, name).await;
    config.changed().await;
    updated
}
