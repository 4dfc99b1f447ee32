//! Who somebody is to Google Cloud, for whatever backend has to know. It is no backend by itself.

mod account_key;
mod environment;
mod metadata;
mod services;
mod workload;

pub(super) use account_key::AccountKey;
pub(crate) use environment::Environment;
pub(super) use metadata::Metadata;
pub(super) use services::{Services, UNIVERSE};
pub(super) use workload::{ACCOUNT, Workload, annotated};

/// What tokens are to be good for: as with Google's own clients, roles say what is allowed.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// What an OAuth exchange of one token for another is called.
pub(super) mod exchange {
    pub(in crate::provider) const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
    pub(in crate::provider) const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
    pub(in crate::provider) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
}

/// The account of Google Cloud that an e-mail address names. It becomes part of a path.
pub(super) fn is_account(email: &str) -> bool {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'@' | b':');
    email.contains('@') && email.len() <= 320 && email.bytes().all(is_plain)
}
