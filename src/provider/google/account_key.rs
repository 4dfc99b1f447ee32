//! The key of a service account, as Google hands it out, and what is signed with it.

use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::signer::Signer;

const KIND: &str = "service_account";
/// Where a key is exchanged that does not say so.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

pub(in crate::provider) struct AccountKey {
    pub(in crate::provider) email: String,
    pub(in crate::provider) project: Option<String>,
    pub(in crate::provider) token_uri: String,
    id: String,
    signer: Signer,
    field: String,
}

/// What counts of the document.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "type")]
    kind: Option<String>,
    client_email: String,
    private_key: String,
    #[serde(default)]
    private_key_id: String,
    project_id: Option<String>,
    token_uri: Option<String>,
}

impl AccountKey {
    /// `field` is where the key comes from, for messages; nothing of it is quoted.
    pub(in crate::provider) fn read(json: &SecretBytes, field: &str) -> Result<Self, Problem> {
        let document: Document = serde_json::from_slice(json.expose())
            .map_err(|_| invalid(field, "is no JSON key of a service account"))?;
        if document.kind.is_some_and(|kind| kind != KIND) {
            let why = "is no JSON key of a service account: its `type` must be service_account";
            return Err(invalid(field, why));
        }
        let pem = SecretBytes::from(document.private_key);
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(Self {
            email: document.client_email,
            project: given(document.project_id),
            token_uri: given(document.token_uri).unwrap_or_else(|| TOKEN_URI.to_owned()),
            id: document.private_key_id,
            signer: Signer::from_pem(pem.expose()).map_err(|why| invalid(field, why))?,
            field: field.to_owned(),
        })
    }

    /// Signed by ourselves: Google is not asked.
    pub(in crate::provider) fn jwt(&self, claims: &Value) -> Result<SecretBytes, Problem> {
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": self.id});
        let signed = self.signer.jwt(&RSA_PKCS1_SHA256, &header, claims);
        signed.map_err(|why| invalid(&self.field, why))
    }
}

fn invalid(field: &str, why: &str) -> Problem {
    Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use lockstep_testkit::RsaIdentity;

    use super::*;

    #[test]
    fn a_token_is_signed_with_the_accounts_own_key() {
        let identity = RsaIdentity::new("sa").expect("made");
        let document = json!({
            "type": "service_account", "client_email": "sa@p.iam", "private_key": identity.key, "private_key_id": "k1",
            "project_id": "p",
        });
        let key = AccountKey::read(&document.to_string().into(), "f").expect("a key");
        assert_eq!(
            (key.email.as_str(), key.project.as_deref(), key.token_uri.as_str()),
            ("sa@p.iam", Some("p"), TOKEN_URI)
        );
        let claims = json!({"sub": "sa@p.iam", "aud": "vault/web", "exp": 600});
        let jwt = key.jwt(&claims).expect("signed");
        let jwt = String::from_utf8(jwt.expose().to_vec()).expect("text");
        let [header, shown, signature] = jwt.split('.').collect::<Vec<_>>()[..] else {
            panic!("three parts")
        };
        let decoded = |part| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
        };
        assert_eq!(
            decoded(header),
            json!({"alg": "RS256", "typ": "JWT", "kid": "k1"})
        );
        assert_eq!(decoded(shown), claims);
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.signer.public_key());
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        public
            .verify(format!("{header}.{shown}").as_bytes(), &signature)
            .expect("signed by the key");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_quoted() {
        for (key, why) in [
            ("canary", "is no JSON key of a service account"),
            (
                r#"{"type":"canary","client_email":"canary","private_key":"canary"}"#,
                "is no JSON key of a service account: its `type` must be service_account",
            ),
            (
                r#"{"client_email":"canary","private_key":"canary"}"#,
                "has no private key in PEM",
            ),
        ] {
            let refused = AccountKey::read(&key.into(), "f").err().expect("refused");
            assert_eq!(refused.to_string(), format!("f: {why}"));
        }
    }
}
