//! Logging in as a Google Cloud identity: with a token that the account signed, or that the metadata server made.

mod metadata;
mod workload_identity;

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use lockstep_api::SecretKeySelector;
use lockstep_api::provider::VaultGcpAuth;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::json;
use vaultrs::api::auth::oidc::requests::JWTLoginRequest;

use self::metadata::Metadata;
use super::Login;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::vault::call::Call;

/// Vault takes a token that ends within a quarter of an hour.
const LIFETIME: Duration = Duration::from_mins(10);

/// What counts of the key of a service account.
#[derive(Deserialize)]
struct AccountKey {
    client_email: String,
    private_key: String,
    #[serde(default)]
    private_key_id: String,
}

pub(super) async fn call(login: &Login, auth: &VaultGcpAuth) -> Result<Call, Problem> {
    let field = format!("{}.gcp", login.field);
    let jwt = if let Some(secret) = &auth.secret_ref {
        let field = format!("{field}.secretRef.secretAccessKeySecretRef");
        let nothing = SecretKeySelector::default();
        let selector = secret.service_account_key.as_ref().unwrap_or(&nothing);
        let key = login.references.secret_key(selector, &field).await?;
        signed(&key, &auth.role, Timestamp::now(), &field)?
    } else if let Some(identity) = &auth.workload_identity {
        let field = format!("{field}.workloadIdentity");
        workload_identity::signed(login, identity, &auth.role, &field).await?
    } else {
        let audience = format!("{}/vault/{}", login.server.trim_end_matches('/'), auth.role);
        let metadata = Metadata::of(login, &field)?;
        metadata.own_token(&audience).await?
    };
    // The same shape as a login by JWT.
    Call::typed(&JWTLoginRequest {
        mount: auth.path.clone(),
        jwt,
        role: Some(auth.role.clone()),
    })
}

/// What Vault wants to be told: who asks, for which of its roles.
fn claims(email: &str, role: &str, now: Timestamp) -> serde_json::Value {
    let ends = now.as_second().saturating_add_unsigned(LIFETIME.as_secs());
    json!({"sub": email, "aud": format!("vault/{role}"), "exp": ends})
}

/// Signed by ourselves, with the account's own key: Google is not asked.
fn signed(key: &SecretBytes, role: &str, now: Timestamp, field: &str) -> Result<String, Problem> {
    let invalid = |why: &str| Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: why.to_owned(),
    };
    let key: AccountKey =
        serde_json::from_slice(key.expose()).map_err(|_| invalid("is no JSON key of a service account"))?;
    let der = PrivatePkcs8KeyDer::from_pem_slice(key.private_key.as_bytes());
    let der = der.map_err(|_| invalid("has no private key in PEM"))?;
    let pair = KeyPair::from_pkcs8(der.secret_pkcs8_der())
        .map_err(|_| invalid("has a private key that is not RSA"))?;
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": key.private_key_id});
    let claims = claims(&key.client_email, role, now);
    let encode = |part: &serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(&header), encode(&claims));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signature,
    )
    .map_err(|_| invalid("has a private key that does not sign"))?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_token_is_signed_with_the_accounts_own_key_for_the_role() {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der: aws_lc_rs::encoding::Pkcs8V1Der = pair.as_der().expect("DER");
        let (begin, end) = ("-----BEGIN PRIVATE", "-----END PRIVATE");
        let pem = format!(
            "{begin} KEY-----\n{}\n{end} KEY-----\n",
            STANDARD.encode(der.as_ref())
        );
        let key = json!({"client_email": "sa@p.iam", "private_key": pem, "private_key_id": "k1"}).to_string();
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
        let jwt = signed(&key.into(), "web", now, "f").expect("signed");
        let [header, claims, signature] = jwt.split('.').collect::<Vec<_>>()[..] else {
            panic!("three parts")
        };
        let decoded = |part| -> serde_json::Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
        };
        assert_eq!(
            decoded(header),
            json!({"alg": "RS256", "typ": "JWT", "kid": "k1"})
        );
        let ends = now.as_second() + 600;
        assert_eq!(
            decoded(claims),
            json!({"sub": "sa@p.iam", "aud": "vault/web", "exp": ends})
        );
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        public
            .verify(format!("{header}.{claims}").as_bytes(), &signature)
            .expect("signed by the key");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_quoted() {
        let now = Timestamp::UNIX_EPOCH;
        for key in ["canary", r#"{"client_email":"canary","private_key":"canary"}"#] {
            let refused = signed(&key.into(), "web", now, "f")
                .expect_err("refused")
                .to_string();
            assert!(!refused.contains("canary"), "{refused}");
        }
    }
}
