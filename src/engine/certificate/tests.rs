use lockstep_testkit::{Authority, Issued, Purpose};

use super::*;
use crate::engine::secret_bytes::SecretBytes;

const CANARY: &str = "canary-4711";

fn authority() -> Authority {
    Authority::new("authority").expect("an authority")
}

fn issue(authority: &Authority, purpose: Purpose) -> Issued {
    authority.issue("leaf", purpose).expect("a certificate")
}

fn values(entries: &[(&str, &str)]) -> Values {
    let entries = entries.iter();
    entries
        .map(|(key, value)| ((*key).to_owned(), SecretBytes::from(*value)))
        .collect()
}

#[test]
fn the_end_is_that_of_the_first_certificate() {
    let authority = authority();
    let leaf = issue(&authority, Purpose::ExpiredServer);
    let chain = format!("{}{}", leaf.certificate, authority.pem());
    let ends = ends(&values(&[
        ("tls.crt", &chain),
        ("tls.key", &leaf.key),
        ("password", CANARY),
    ]));
    let end = "2020-01-02T00:00:00Z".parse().expect("a time");
    assert_eq!(ends, [("tls.crt".to_owned(), end)].into());
}

#[test]
fn what_cannot_be_read_has_no_end() {
    let certificate = issue(&authority(), Purpose::Server).certificate;
    let behind_a_key = format!("-----BEGIN X-----\n-----END X-----\n{certificate}");
    let cut = &certificate[..certificate.len() / 2];
    let long = format!("-----BEGIN CERTIFICATE-----\n{}", "A".repeat(2 * FAR_ENOUGH));
    let far = format!("{long}\n-----END CERTIFICATE-----\n");
    let nonsense = "-----BEGIN CERTIFICATE-----\nY2FuYXJ5LTQ3MTE=\n-----END CERTIFICATE-----\n";
    for value in ["", CANARY, BEGIN, &behind_a_key, cut, &long, &far, nonsense] {
        assert_eq!(ends(&values(&[("k", value)])), BTreeMap::new());
    }
}

/// The beginning of a certificate, and no more.
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

#[test]
fn of_many_those_that_end_first_are_told() {
    let authority = authority();
    let late = issue(&authority, Purpose::Server).certificate;
    let early = issue(&authority, Purpose::ExpiredServer).certificate;
    let mut many: Values = (0..100)
        .map(|number| (format!("a{number}"), SecretBytes::from(late.as_str())))
        .collect();
    many.insert("z".to_owned(), SecretBytes::from(early.as_str()));
    let ends = ends(&many);
    assert_eq!(ends.len(), MOST);
    assert!(ends.contains_key("z"), "{ends:?}");
}
