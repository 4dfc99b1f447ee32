//! Keys as JSON (RFC 7517), read with the leniency of the library that the original uses.

use lockstep_gostd::base64::{self, Alphabet};
use lockstep_gostd::json::{Numbers, Object, Value};
use zeroize::Zeroizing;

use super::der;
use super::ec::{Curve, EcKey, EcPublic};
use super::key::{PrivateKey, PublicKey};
use super::okp::{Kind, OkpKey};
use super::rsa::{Parts, RsaKey, RsaPublic};
use crate::fault::{Fault, Outcome};

pub(crate) enum Jwk {
    Public(PublicKey),
    Private(PrivateKey),
}

type Bytes = Zeroizing<Vec<u8>>;

impl Jwk {
    pub(crate) fn parse(json: &[u8]) -> Outcome<Self> {
        let Ok((Value::Object(members), _)) = Value::parse_first(json, Numbers::AsWritten) else {
            return Err(Fault::new("not a JSON object"));
        };
        let key = Members(&members);
        key.check()?;
        // Even null makes it a private key, a broken one.
        let is_private = key.0.keys().any(|name| name.eq_ignore_ascii_case("d"));
        match (key.kind()?, is_private) {
            ("RSA", false) => key.rsa_public().map(PublicKey::Rsa).map(Self::Public),
            ("RSA", true) => key.rsa_private().map(PrivateKey::Rsa).map(Self::Private),
            ("EC", false) => key.ec_public().map(PublicKey::Ec).map(Self::Public),
            ("EC", true) => key.ec_private().map(PrivateKey::Ec).map(Self::Private),
            ("OKP", false) => key.okp_public().map(Self::Public),
            ("OKP", true) => key.okp_private().map(PrivateKey::Okp).map(Self::Private),
            ("oct", _) => Err(Fault::new("a JWK with a symmetric key")),
            _ => Err(Fault::new("a JWK of an unknown kind")),
        }
    }
}

struct Members<'j>(&'j Object<'j>);

impl Members<'_> {
    /// What does not matter has to be of its type nevertheless.
    fn check(&self) -> Outcome<()> {
        let is_text = |value: &Value| matches!(value, Value::Text(_) | Value::Null);
        let is_texts = |value: &Value| match value {
            Value::Array(items) => items.iter().all(is_text),
            value => matches!(value, Value::Null),
        };
        for (name, value) in self.0 {
            let fits = match &**name {
                "alg" | "kid" | "use" | "x5u" | "x5t" | "x5t#S256" => is_text(value),
                "key_ops" | "x5c" => is_texts(value),
                _ => true,
            };
            if !fits {
                return Err(Fault::new("a JWK with a member of a wrong type"));
            }
        }
        Ok(())
    }

    /// The one member besides `d` whose name is also known in upper case.
    fn kind(&self) -> Outcome<&str> {
        let other = || self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case("kty"));
        match self.0.get("kty").or_else(|| other().map(|(_, value)| value)) {
            Some(Value::Text(kind)) => Ok(kind),
            _ => Err(Fault::new("a JWK without a kind")),
        }
    }

    /// Null is an empty text.
    fn text(&self, name: &'static str) -> Outcome<&str> {
        match self.0.get(name) {
            Some(Value::Text(text)) => Ok(text),
            Some(Value::Null) => Ok(""),
            Some(_) => Err(Fault::new(format!("the member {name} of a JWK is no string"))),
            None => Err(Fault::new(format!("a JWK without {name}"))),
        }
    }

    fn bytes(&self, name: &'static str) -> Outcome<Bytes> {
        decode(self.text(name)?).ok_or_else(|| Fault::new(format!("the member {name} of a JWK is no base64")))
    }

    /// Nothing if it is missing or empty.
    fn optional(&self, name: &'static str) -> Outcome<Option<Bytes>> {
        if !self.0.contains_key(name) {
            return Ok(None);
        }
        Ok(Some(self.bytes(name)?).filter(|bytes| !bytes.is_empty()))
    }

    fn rsa_public(&self) -> Outcome<RsaPublic> {
        let n = der::trimmed(&self.bytes("n")?).to_vec();
        Ok(RsaPublic {
            n,
            e: self.exponent()?,
        })
    }

    /// The lowest 64 bits count.
    fn exponent(&self) -> Outcome<i64> {
        let bytes = self.bytes("e")?;
        let bits = bytes
            .iter()
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        Ok(bits.cast_signed())
    }

    fn rsa_private(&self) -> Outcome<RsaKey> {
        let (n, e, d) = (self.bytes("n")?, self.exponent()?, self.bytes("d")?);
        let [p, q] = [self.optional("p")?, self.optional("q")?];
        let crt = [self.optional("dp")?, self.optional("dq")?, self.optional("qi")?];
        RsaKey::from_parts(&Parts {
            n: &n,
            e,
            d: &d,
            p: p.as_deref().map_or(&[], |p| p),
            q: q.as_deref().map_or(&[], |q| q),
            crt: crt
                .each_ref()
                .map(|part| part.as_ref().map(|part| part.as_slice())),
        })
    }

    fn ec_public(&self) -> Outcome<EcPublic> {
        let curve = match self.text("crv")? {
            "P-256" => Curve::P256,
            "P-384" => Curve::P384,
            "P-521" => Curve::P521,
            _ => return Err(Fault::new("a JWK of an unknown elliptic curve")),
        };
        let mut point = vec![4];
        for coordinate in [self.bytes("x")?, self.bytes("y")?] {
            point.extend_from_slice(&der::fitted(&coordinate, curve.size())?);
        }
        EcPublic::from_point(curve, &point)
    }

    fn ec_private(&self) -> Outcome<EcKey> {
        let public = self.ec_public()?;
        let scalar = der::fitted(&self.bytes("d")?, public.curve.size())?;
        EcKey::from_parts(public, scalar)
    }

    fn okp_public(&self) -> Outcome<PublicKey> {
        let public = self.bytes("x")?;
        match self.text("crv")? {
            "Ed25519" => Ok(PublicKey::Okp(Kind::Ed25519, public.to_vec())),
            _ => Err(Fault::new("a JWK of a curve that is not supported")),
        }
    }

    fn okp_private(&self) -> Outcome<OkpKey> {
        let (public, seed) = (self.bytes("x")?, self.bytes("d")?);
        match self.text("crv")? {
            "Ed25519" => OkpKey::from_seed(Kind::Ed25519, &seed)
                .ok()
                .filter(|key| key.public == *public)
                .ok_or_else(|| Fault::new("a JWK whose private and public key do not match")),
            _ => Err(Fault::new("a JWK of a curve that is not supported")),
        }
    }
}

/// Base64 in either alphabet, padded or not, but not in a mixture of both alphabets.
fn decode(text: &str) -> Option<Bytes> {
    let alphabet = if text.contains(['+', '/']) {
        Alphabet::Standard
    } else {
        Alphabet::UrlSafe
    };
    if text.ends_with('=') {
        return base64::decode(alphabet, text.as_bytes()).ok().map(Zeroizing::new);
    }
    if text.contains('=') {
        return None;
    }
    let mut padded = Zeroizing::new(Vec::with_capacity(text.len() + 3));
    padded.extend_from_slice(text.as_bytes());
    let signs = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).count();
    padded.resize(text.len() + signs.wrapping_neg() % 4, b'=');
    base64::decode(alphabet, &padded).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::crypto::testing;

    /// What [`testing::ed25519`] is in the alphabet for URLs: the public and the private half.
    fn halves() -> [String; 2] {
        let PrivateKey::Okp(key) = testing::ed25519() else {
            unreachable!("it is of that kind");
        };
        [&key.public, &*key.seed].map(|half| {
            let padded = base64::encode(half).replace('+', "-").replace('/', "_");
            padded.trim_end_matches('=').to_owned()
        })
    }

    /// `?`: no key.
    fn kind(json: &str) -> &'static str {
        match Jwk::parse(json.as_bytes()) {
            Ok(Jwk::Public(_)) => "public",
            Ok(Jwk::Private(_)) => "private",
            Err(_) => "?",
        }
    }

    /// What the original does.
    #[test]
    fn leniency_has_its_bounds() {
        let [x, d] = halves();
        let standard = d.replace('-', "+").replace('_', "/");
        let mixed = standard.replace('+', "-");
        for (members, expected) in [
            (format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}""#), "public"),
            (
                format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}","d":"{d}""#),
                "private",
            ),
            (format!(r#""KTY":"OKP","crv":"Ed25519","x":"{x}""#), "public"),
            (format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}=""#), "public"),
            (
                format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}","d":"{standard}""#),
                "private",
            ),
            (
                format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}","d":"{mixed}""#),
                "?",
            ),
            (format!(r#""kty":"OKP","crv":"Ed25519","x":"{d}","d":"{d}""#), "?"),
            (format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}","d":null"#), "?"),
            (
                format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}","kid":null,"x5c":["a",null],"more":[1]"#),
                "public",
            ),
            (format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}","kid":1"#), "?"),
            (
                format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}","key_ops":"sign""#),
                "?",
            ),
            (format!(r#""kty":"okp","crv":"Ed25519","x":"{x}""#), "?"),
            (format!(r#""kty":"OKP","crv":"Ed448","x":"{x}""#), "?"),
            (r#""kty":"RSA","n":"AQ","e":"Aw""#.to_owned(), "public"),
            (r#""kty":"RSA","n":"AQ""#.to_owned(), "?"),
            (r#""kty":"oct","k":"AQ""#.to_owned(), "?"),
            (String::new(), "?"),
        ] {
            assert_eq!(kind(&format!("{{{members}}}")), expected, "{members}");
            assert_eq!(kind(&format!("{{{members}}} tail")), expected, "{members}");
            assert_eq!(kind(&format!("[{{{members}}}]")), "?");
        }
    }
}
