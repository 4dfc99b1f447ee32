//! Reading a KV engine: secrets, their metadata, and what is in a folder.

use std::collections::BTreeMap;

use http::StatusCode;
use lockstep_api::provider::KvVersion;
use lockstep_gostd::json::{self, Html, Number, Numbers, Object, Value};

use super::answer::{Envelope, understand};
use super::call::Call;
use super::mount::Mount;
use super::session::Session;
use crate::engine::json::to_secret;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::{Aspect, Location};

/// What the server itself says of a secret, in its metadata.
const OF_THE_SERVER: [&str; 3] = ["created_time", "current_version", "delete_version_after"];

#[derive(Debug)]
pub(super) struct Kv {
    pub(super) session: Session,
    pub(super) mount: Mount,
}

impl Kv {
    pub(super) async fn get(&self, location: &Location) -> Result<SecretBytes, Problem> {
        match location.aspect {
            Aspect::Value => {
                let path = self.mount.data(&location.key);
                self.data(path, location.version.as_deref(), &location.key).await
            }
            Aspect::Metadata => self.metadata(&location.key).await,
        }
    }

    /// A secret that the server listed.
    pub(super) async fn listed(&self, name: &str) -> Result<SecretBytes, Problem> {
        self.data(self.mount.listed(name), None, name).await
    }

    async fn data(&self, path: String, version: Option<&str>, key: &str) -> Result<SecretBytes, Problem> {
        let mut call = Call::read(path).counted("ReadSecretData");
        if let Some(version) = version.filter(|version| !version.is_empty()) {
            call.query.push(("version".to_owned(), version.to_owned()));
        }
        let data = self.existing(&call, key).await?.data;
        match self.mount.version {
            KvVersion::V1 => data.ok_or_else(|| unusable(&call, "it has no `data`")),
            KvVersion::V2 => of_a_version(data.as_ref(), &call, key),
        }
    }

    /// All that is known of a secret, as an object of texts. What users say wins over what the server says.
    async fn metadata(&self, key: &str) -> Result<SecretBytes, Problem> {
        if self.mount.version == KvVersion::V1 {
            return Err(Problem::BadData {
                why: "cannot perform metadata fetch operations with kv version v1".to_owned(),
            });
        }
        let call = Call::read(self.mount.metadata(key)?).counted("ReadSecretData");
        let data = self.existing(&call, key).await?.data;
        let data = data.ok_or_else(|| unusable(&call, "it has no `data`"))?;
        let data = members(&data, &call)?;
        let of_the_server = OF_THE_SERVER
            .iter()
            .filter_map(|name| Some((*name, data.get(*name)?)));
        let custom = match data.get("custom_metadata") {
            Some(Value::Object(custom)) => custom,
            _ => &BTreeMap::new(),
        };
        let custom = custom.iter().map(|(name, value)| (name.as_ref(), value));
        let texts: BTreeMap<_, _> = of_the_server
            .chain(custom)
            .map(|(name, value)| (name, text(value)))
            .collect();
        let object = texts
            .into_iter()
            .map(|(name, text)| (name.into(), Value::Text(text.into())))
            .collect();
        Ok(json::encode(&Value::Object(object), Html::Escaped).into())
    }

    /// What users say of a secret whose metadata is at this path.
    pub(super) async fn custom_metadata(
        &self,
        path: String,
        name: &str,
    ) -> Result<BTreeMap<String, String>, Problem> {
        let call = Call::read(path).counted("ReadSecretData");
        let data = self.existing(&call, name).await?.data.unwrap_or_default();
        Ok(said_by_users(&members(&data, &call)?))
    }

    /// The names in a folder; those of folders end in a slash. `None`: there is no such folder.
    pub(super) async fn names(&self, folder: &str) -> Result<Option<Vec<String>>, Problem> {
        let call = Call::list(self.mount.metadata(folder)?).counted("ListSecrets");
        let Some(envelope) = self.session.call(&call).await? else {
            return Ok(None);
        };
        let data = envelope.data.unwrap_or_default();
        let data = members(&data, &call)?;
        let Some(Value::Array(keys)) = data.get("keys") else {
            return Ok(Some(Vec::new()));
        };
        let name = |key: &Value<'_>| match key {
            Value::Text(name) => Ok(name.to_string()),
            _ => Err(unusable(&call, "a name in it is no text")),
        };
        keys.iter().map(name).collect::<Result<_, _>>().map(Some)
    }

    /// What is at a path. That nothing is there, only the server can say, and not by an empty answer.
    pub(super) async fn existing(&self, call: &Call, key: &str) -> Result<Envelope, Problem> {
        let answer = self.session.exchange(call).await?;
        let is_missing = answer.status == StatusCode::NOT_FOUND;
        match understand(call, answer)? {
            Some(envelope) => Ok(envelope),
            None if is_missing => Err(absent(key)),
            None => Err(unusable(call, "it is empty")),
        }
    }
}

/// The secret in a version of it. One that was deleted has null in its place.
fn of_a_version(data: Option<&SecretBytes>, call: &Call, key: &str) -> Result<SecretBytes, Problem> {
    let empty = SecretBytes::default();
    let data = members(data.unwrap_or(&empty), call)?;
    match data.get("data") {
        Some(object @ Value::Object(_)) => Ok(json::encode(object, Html::Escaped).into()),
        Some(Value::Null) => Err(absent(key)),
        Some(_) => Err(unusable(call, "its `data.data` is no object")),
        None => Err(unusable(
            call,
            "it has no `data.data`; is the engine of version v2?",
        )),
    }
}

/// What users say of a secret, among what is said of it.
pub(super) fn said_by_users(metadata: &Object<'_>) -> BTreeMap<String, String> {
    let Some(Value::Object(custom)) = metadata.get("custom_metadata") else {
        return BTreeMap::new();
    };
    let said = custom.iter().map(|(name, value)| (name.to_string(), text(value)));
    said.collect()
}

pub(super) fn members<'d>(data: &'d SecretBytes, call: &Call) -> Result<Object<'d>, Problem> {
    let data = if data.is_empty() {
        b"{}".as_slice()
    } else {
        data.expose()
    };
    Value::parse_object(data, Numbers::AsWritten).map_err(|_| unusable(call, "its `data` is no object"))
}

fn text(value: &Value<'_>) -> String {
    match value {
        Value::Number(Number::Literal(digits)) => (*digits).to_owned(),
        other => String::from_utf8_lossy(to_secret(other).expose()).into_owned(),
    }
}

fn absent(key: &str) -> Problem {
    Problem::Absent { key: key.to_owned() }
}

pub(super) fn unusable(call: &Call, why: &str) -> Problem {
    Problem::BadAnswer {
        what: call.what(),
        why: why.to_owned(),
    }
}
