//! What shows at a login who we are, besides the texts of the spec: mostly a token that ends, and is asked for each time.

use std::io::Read as _;

use jiff::Timestamp;
use serde_json::json;

use crate::aside;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::entra::Managed;
use crate::provider::google::{AccountKey, Metadata};

/// No token or key is larger.
const LARGEST: u64 = 64 << 10;
/// Of what we sign, in seconds.
const LIFETIME: i64 = 600;

pub(super) enum Proof {
    /// The texts are all.
    Nothing,
    /// A token in a file.
    File { path: String, field: String },
    /// A token of Microsoft's for the machine that we run on.
    AzureMachine { machine: Managed, resource: String },
    /// What Google's metadata say of the machine that we run on.
    GoogleMachine { metadata: Metadata, audience: String },
    /// What is signed with the key of an account of Google Cloud, which is in a file.
    GoogleKey {
        path: String,
        audience: String,
        field: String,
    },
}

impl Proof {
    /// Members of what is shown.
    pub(super) async fn shown(&self) -> Result<Vec<(&'static str, SecretBytes)>, Problem> {
        let token = match self {
            Self::Nothing => return Ok(Vec::new()),
            Self::File { path, field } => token_in(path, field).await?,
            Self::AzureMachine { machine, resource } => machine.ask(resource).await?.token,
            Self::GoogleMachine { metadata, audience } => metadata.identity(audience).await?.into(),
            Self::GoogleKey {
                path,
                audience,
                field,
            } => signed(path, audience, field).await?,
        };
        Ok(vec![("jwt", token)])
    }
}

/// Nothing but a token leaves the machine by this way.
async fn token_in(path: &str, field: &str) -> Result<SecretBytes, Problem> {
    let file = content(path).await.ok_or_else(|| {
        unusable(
            field,
            "there is no file with a token of a ServiceAccount at its path",
        )
    })?;
    let token = file.expose().trim_ascii();
    let is_sign = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let parts = token.split(|byte| *byte == b'.').count();
    if parts != 3 || !token.iter().all(is_sign) {
        return Err(unusable(
            field,
            "the file at its path holds no token of a ServiceAccount",
        ));
    }
    Ok(token.into())
}

/// Nothing but what is signed with the key. Google would sign the same if it were asked.
async fn signed(path: &str, audience: &str, field: &str) -> Result<SecretBytes, Problem> {
    let file = content(path).await;
    let file = file.ok_or_else(|| unusable(field, "there is no file with a key at its path"))?;
    let key = AccountKey::read(&file, field)?;
    let now = Timestamp::now().as_second();
    key.jwt(&json!({"sub": key.email, "aud": audience, "iat": now, "exp": now + LIFETIME}))
}

/// What is in a file, unless it is too large to be what is looked for.
async fn content(path: &str) -> Option<SecretBytes> {
    let path = path.to_owned();
    let read = aside::blocking(move || {
        let mut content = Vec::new();
        let file = std::fs::File::open(path)?;
        file.take(LARGEST + 1).read_to_end(&mut content)?;
        std::io::Result::Ok(SecretBytes::from(content))
    });
    let content = read.await.ok()?;
    (content.len() as u64 <= LARGEST).then_some(content)
}

fn unusable(field: &str, why: &str) -> Problem {
    Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: why.to_owned(),
    }
}
