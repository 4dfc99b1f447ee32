//! A private RSA key, and the JWTs that are signed with it: clouds know by these who somebody is.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::engine::secret_bytes::SecretBytes;

pub(crate) struct Signer(KeyPair);

impl Signer {
    /// The first private key in a PEM text. What is wrong with it is told without quoting it.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, &'static str> {
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| "has no private key in PEM")?;
        let key = match &key {
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()).ok(),
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()).ok(),
            _ => None,
        };
        key.map(Self).ok_or("has a private key that is not RSA")
    }

    /// PKCS#1, DER.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// That we are an app of GitHub's. Its clock may be behind ours, and it takes ten minutes at most.
    pub(crate) fn github_app(&self, id: &str, now: Timestamp) -> Result<SecretBytes, &'static str> {
        const BEFORE: i64 = 10;
        const AFTER: i64 = 300;
        let now = now.as_second();
        let claims = json!({"iss": id, "iat": now - BEFORE, "exp": now + AFTER});
        self.jwt(&RSA_PKCS1_SHA256, &json!({"alg": "RS256", "typ": "JWT"}), &claims)
    }

    pub(crate) fn jwt(
        &self,
        encoding: &'static dyn RsaEncoding,
        header: &Value,
        claims: &Value,
    ) -> Result<SecretBytes, &'static str> {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let mut signature = vec![0; self.0.public_modulus_len()];
        let signed = self
            .0
            .sign(encoding, &SystemRandom::new(), message.as_bytes(), &mut signature);
        signed.map_err(|_| "has a private key that does not sign")?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
    }
}
