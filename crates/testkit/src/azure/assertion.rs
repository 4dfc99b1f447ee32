//! What an application shows in place of a secret: a JWT that it signed with a registered certificate, or the token of
//! a subject that it trusts.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::certificates::RsaIdentity;
use crate::fake::part;

/// For whom the tokens of subjects have to be.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// Is it signed with one of these, by this client, for this address?
pub(super) fn is_signed(assertion: &str, certificates: &[RsaIdentity], client: &str, url: &str) -> bool {
    let Some((message, signature)) = assertion.rsplit_once('.') else {
        return false;
    };
    let (Some(header), Some(claims)) = (part(message, 0), part(message, 1)) else {
        return false;
    };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
        return false;
    };
    let says = |name: &str, wanted: &str| claims[name] == wanted;
    let is_meant =
        says("iss", client) && says("sub", client) && says("aud", url) && claims["jti"].is_string();
    let algorithm = match header["alg"].as_str() {
        Some("PS256") => &RSA_PSS_2048_8192_SHA256,
        Some("RS256") => &RSA_PKCS1_2048_8192_SHA256,
        _ => return false,
    };
    let mut named = certificates.iter().filter(|identity| is_named(&header, identity));
    is_meant
        && named.any(|identity| {
            let key = UnparsedPublicKey::new(algorithm, identity.public_key());
            key.verify(message.as_bytes(), &signature).is_ok()
        })
}

/// Is it the token of one of these?
pub(super) fn is_of(token: &str, subjects: &[String]) -> bool {
    let Some(claims) = part(token, 1) else {
        return subjects.iter().any(|subject| subject == token);
    };
    let is_meant = match &claims["aud"] {
        Value::Array(audiences) => audiences.iter().any(|audience| audience == AUDIENCE),
        audience => audience == AUDIENCE,
    };
    is_meant && subjects.iter().any(|subject| claims["sub"] == subject.as_str())
}

/// Some clients pad thumbprints, some do not.
fn is_named(header: &Value, identity: &RsaIdentity) -> bool {
    let says = |name: &str, algorithm| {
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(algorithm, identity.certificate_der()));
        let said = header[name].as_str().map(|said| said.trim_end_matches('='));
        said == Some(thumbprint.as_str())
    };
    says("x5t#S256", &SHA256) || says("x5t", &SHA1_FOR_LEGACY_USE_ONLY)
}
