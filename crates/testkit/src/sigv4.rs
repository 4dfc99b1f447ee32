//! A question to AWS of who somebody is, as AWS itself would look at it: is it signed with their key?

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};

const QUESTION: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// Whether a POST to STS with this body and these headers, whose names are lower-case, asks who we are, and is signed with
/// the key of this id.
pub(crate) fn is_signed(body: &str, headers: &BTreeMap<String, String>, (id, secret): (&str, &str)) -> bool {
    body == QUESTION && signature_is_right(body, headers, (id, secret)).unwrap_or_default()
}

fn signature_is_right(
    body: &str,
    headers: &BTreeMap<String, String>,
    (id, secret): (&str, &str),
) -> Option<bool> {
    let said = headers.get("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let said: BTreeMap<_, _> = said
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
        .collect();
    let (shown, scope) = said.get("Credential")?.split_once('/')?;
    let [date, region, "sts", "aws4_request"] = scope.split('/').collect::<Vec<_>>()[..] else {
        return None;
    };
    let names = said.get("SignedHeaders")?;
    let length = body.len().to_string();
    let canonical: Option<Vec<_>> = names
        .split(';')
        .map(|name| {
            // Whoever sends it adds the length.
            let value = headers
                .get(name)
                .or((name == "content-length").then_some(&length))?;
            Some(format!("{name}:{}\n", value.trim()))
        })
        .collect();
    let hash = hex(digest(&SHA256, body.as_bytes()).as_ref());
    let canonical = format!("POST\n/\n\n{}\n{names}\n{hash}", canonical?.concat());
    let time = headers.get("x-amz-date")?;
    let hash = hex(digest(&SHA256, canonical.as_bytes()).as_ref());
    let message = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}");
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [date, region, "sts", "aws4_request", &message] {
        key = sign(&Key::new(HMAC_SHA256, &key), part.as_bytes())
            .as_ref()
            .to_vec();
    }
    let is_there = headers.get("host")? == &format!("sts.{region}.amazonaws.com")
        && names.split(';').any(|name| name == "host");
    Some(shown == id && is_there && time.starts_with(date) && *said.get("Signature")? == hex(&key))
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}
