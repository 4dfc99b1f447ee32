//! Who we are to the API server.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use lockstep_api::ServiceAccountSelector;
use tokio::time::Instant;

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::References;
use crate::provider::perishable::{Fresh, Perishable};

/// ESO's lifetime of a token.
const LIFETIME: Duration = Duration::from_hours(1);
/// A token older than this is renewed by whoever needs one; the others go on with what there is.
const FRESH: Duration = Duration::from_mins(48);
/// Not used any longer than this, for clocks differ.
const USABLE: Duration = Duration::from_mins(59);

/// What goes into the authorization header. Client certificates are the connection's business.
#[derive(Clone, Debug)]
pub(super) enum Login {
    Nobody,
    /// A header that stays as it is.
    Static(SecretBytes),
    ServiceAccount(Arc<Tokens>),
}

/// Tokens of a ServiceAccount, one at a time.
#[derive(Debug)]
pub(super) struct Tokens {
    references: References,
    account: ServiceAccountSelector,
    field: String,
    header: Perishable<SecretBytes>,
}

impl Login {
    /// `field` is where the token comes from, for messages. White space around a token is nobody's intention.
    pub(super) fn bearer(token: &SecretBytes, field: &str) -> Result<Self, Problem> {
        bearer_header(token, field).map(Self::Static)
    }

    pub(super) fn basic(user: &str, password: &SecretBytes) -> Self {
        let both = SecretBytes::from([user.as_bytes(), b":", password.expose()].concat());
        Self::Static(format!("Basic {}", STANDARD.encode(both.expose())).into())
    }

    pub(super) async fn service_account(
        references: &References,
        account: &ServiceAccountSelector,
        field: &str,
    ) -> Result<Self, Problem> {
        let first = request(references, account, field).await?;
        Ok(Self::ServiceAccount(Arc::new(Tokens {
            references: references.clone(),
            account: account.clone(),
            field: field.to_owned(),
            header: Perishable::new(Some(first)),
        })))
    }

    /// The header to send now.
    pub(super) async fn current(&self) -> Result<Option<SecretBytes>, Problem> {
        match self {
            Self::Nobody => Ok(None),
            Self::Static(header) => Ok(Some(header.clone())),
            Self::ServiceAccount(tokens) => tokens.current().await.map(Some),
        }
    }

    /// How long ago we asked for the token, where we did.
    pub(super) fn age(&self) -> Option<Duration> {
        match self {
            Self::Nobody | Self::Static(_) => None,
            Self::ServiceAccount(tokens) => tokens.header.age(),
        }
    }

    /// Another header than the one that was refused, if there is another to be had.
    pub(super) async fn renewed(
        &self,
        refused: Option<&SecretBytes>,
    ) -> Result<Option<SecretBytes>, Problem> {
        match (self, refused) {
            (Self::ServiceAccount(tokens), Some(refused)) => tokens.other_than(refused).await.map(Some),
            (Self::ServiceAccount(_), None) | (Self::Nobody | Self::Static(_), _) => Ok(None),
        }
    }
}

impl Tokens {
    async fn current(&self) -> Result<SecretBytes, Problem> {
        self.header.current(self.request()).await
    }

    async fn other_than(&self, refused: &SecretBytes) -> Result<SecretBytes, Problem> {
        self.header.other_than(refused, self.request()).await
    }

    async fn request(&self) -> Result<Fresh<SecretBytes>, Problem> {
        request(&self.references, &self.account, &self.field).await
    }
}

async fn request(
    references: &References,
    account: &ServiceAccountSelector,
    field: &str,
) -> Result<Fresh<SecretBytes>, Problem> {
    let now = Instant::now();
    let token = references
        .service_account_token(account, &[], LIFETIME, field)
        .await?;
    Ok(Fresh {
        value: bearer_header(&token, field)?,
        made_at: now,
        renew_at: now + FRESH,
        ends_at: now + USABLE,
    })
}

fn bearer_header(token: &SecretBytes, field: &str) -> Result<SecretBytes, Problem> {
    let invalid = |why: &str| Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: why.to_owned(),
    };
    let token = token.expose().trim_ascii();
    if token.is_empty() {
        return Err(invalid("the token is empty"));
    }
    let header = [b"Bearer ", token].concat();
    if HeaderValue::from_bytes(&header).is_err() {
        return Err(invalid("the token has characters that no token can have"));
    }
    Ok(header.into())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::SeqCst;

    use serde_json::json;

    use super::*;
    use crate::provider::testing::{TestCluster, in_namespace};

    async fn login(cluster: &Arc<TestCluster>) -> Login {
        let references = References::new(cluster.clone(), in_namespace("own"));
        let account = serde_json::from_value(json!({"name": "reader"})).expect("an account");
        Login::service_account(&references, &account, "f")
            .await
            .expect("a token")
    }

    async fn header(login: &Login) -> String {
        let header = login.current().await.expect("a token").expect("a header");
        String::from_utf8_lossy(header.expose()).into_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_used_until_its_end_nears() {
        let cluster = Arc::<TestCluster>::default();
        let login = login(&cluster).await;
        tokio::time::advance(Duration::from_mins(47)).await;
        assert_eq!(header(&login).await, "Bearer token-0");
        assert_eq!(login.age(), Some(Duration::from_mins(47)));
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(header(&login).await, "Bearer token-1");
        assert_eq!(login.age(), Some(Duration::ZERO));
        assert_eq!(header(&login).await, "Bearer token-1");
        tokio::time::advance(LIFETIME).await;
        assert_eq!(header(&login).await, "Bearer token-2");
    }

    #[tokio::test(start_paused = true)]
    async fn while_one_renews_ahead_of_time_the_others_go_on() {
        let cluster = TestCluster::slow(Duration::from_secs(5));
        let login = login(&cluster).await;
        tokio::time::advance(FRESH).await;
        let (renewing, meanwhile) = tokio::join!(header(&login), header(&login));
        assert_eq!(
            (renewing.as_str(), meanwhile.as_str()),
            ("Bearer token-1", "Bearer token-0")
        );
        assert_eq!(cluster.tokens.load(SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_is_refused_is_made_anew_once() {
        let cluster = TestCluster::slow(Duration::from_secs(5));
        let login = login(&cluster).await;
        let refused = login.current().await.expect("a token");
        let (one, other) = tokio::join!(login.renewed(refused.as_ref()), login.renewed(refused.as_ref()));
        assert_eq!(one, Ok(Some("Bearer token-1".into())));
        assert_eq!(one, other);
        assert_eq!(cluster.tokens.load(SeqCst), 2);
    }

    #[tokio::test]
    async fn a_static_token_is_trimmed_and_has_nothing_newer() {
        let login = Login::bearer(&" abc\n".into(), "f").expect("a token");
        assert_eq!(header(&login).await, "Bearer abc");
        assert_eq!(login.age(), None, "nobody knows how old it is");
        assert_eq!(
            login
                .renewed(login.current().await.expect("a token").as_ref())
                .await,
            Ok(None)
        );
        assert_eq!(Login::Nobody.current().await, Ok(None));
        for (token, why) in [
            ("\n", "the token is empty"),
            ("a\0b", "the token has characters that no token can have"),
        ] {
            let refused = Login::bearer(&token.into(), "f").expect_err("refused");
            assert_eq!(refused.to_string(), format!("f: {why}"));
        }
    }
}
