//! What is asked of the server.

use http::Method;
use lockstep_gostd::json::encode_texts;

use crate::engine::secret_bytes::SecretBytes;

/// A request, before it is said where the server is and who we are.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `LIST` is sent as every server understands it.
    pub(crate) verb: Verb,
    /// Below `/v1`; empty segments do not count.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// JSON.
    pub(crate) body: Option<SecretBytes>,
    /// Under which of ESO's names it is counted.
    pub(crate) counted: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Read,
    List,
    Write,
    Delete,
}

impl Call {
    pub(crate) fn new(verb: Verb, path: impl Into<String>) -> Self {
        Self {
            verb,
            path: path.into(),
            query: Vec::new(),
            body: None,
            counted: None,
        }
    }

    pub(crate) fn read(path: impl Into<String>) -> Self {
        Self::new(Verb::Read, path)
    }

    pub(crate) fn list(path: impl Into<String>) -> Self {
        Self::new(Verb::List, path)
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Verb::Delete, path)
    }

    /// A write of these texts.
    pub(crate) fn write(path: impl Into<String>, texts: &[(&str, &[u8])]) -> Self {
        Self {
            body: Some(encode_texts(texts.iter().copied()).into()),
            ..Self::new(Verb::Write, path)
        }
    }

    /// What a method that is mounted there asks of whoever wants a token. The texts come in the order of their keys.
    pub(super) fn login(mount: &str, texts: &[(&str, &[u8])]) -> Self {
        Self::write(format!("auth/{mount}/login"), texts)
    }

    pub(super) fn look_up_self() -> Self {
        Self::read("auth/token/lookup-self").counted("LookupSelf")
    }

    pub(super) fn renew_self() -> Self {
        Self::new(Verb::Write, "auth/token/renew-self")
    }

    /// With the token goes all that was made with it.
    pub(super) fn revoke_self() -> Self {
        Self::new(Verb::Write, "auth/token/revoke-self").counted("RevokeSelf")
    }

    pub(super) fn counted(mut self, name: &'static str) -> Self {
        self.counted = Some(name);
        self
    }

    /// What it is about, for messages.
    pub(super) fn what(&self) -> String {
        let doing = match self.verb {
            Verb::Read => "reading",
            Verb::List => "listing",
            Verb::Write => "writing",
            Verb::Delete => "deleting",
        };
        format!("{doing} {}", self.path.trim_matches('/'))
    }
}

impl Verb {
    /// Vault's own client writes with PUT, so that is what proxies in between have seen.
    pub(super) fn method(self) -> Method {
        match self {
            Self::Read | Self::List => Method::GET,
            Self::Write => Method::PUT,
            Self::Delete => Method::DELETE,
        }
    }
}
