//! The one-of as a whole; what is particular to a provider is tested in its file.

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::{Fault, Parsed};

#[derive(Debug, Deserialize)]
struct Spec {
    provider: Provider,
}

fn parse(provider: &Value) -> Result<Provider, Fault> {
    match Parsed::<Spec>::from_json(json!({"provider": provider})) {
        Parsed::Sound(spec) => Ok(spec.provider),
        Parsed::Broken(fault) => Err(fault),
    }
}

fn fault(provider: &Value) -> (String, String) {
    let fault = parse(provider).expect_err("a broken provider");
    (fault.field, fault.why)
}

#[test]
fn there_is_exactly_one_backend() {
    let rule = "secret stores must only have exactly one backend specified, found ";
    for (provider, found) in [
        (json!({}), "0"),
        (json!({"vault": {}, "fake": {"data": 1}}), "2: fake, vault"),
        (
            json!({"zzz": null, "akeyless": {}, "aws": {}}),
            "3: akeyless, aws, zzz",
        ),
    ] {
        assert_eq!(
            fault(&provider),
            ("provider".to_owned(), format!("{rule}{found}"))
        );
    }
}

#[test]
fn text_that_cannot_be_counted_beforehand_is_held_to_the_same_rule() {
    let parse = |text: &str| serde_json::from_str::<Provider>(text).map_err(|error| error.to_string());
    assert!(parse(r#"{"fake": {"data": []}}"#).is_ok());
    let error = parse(r#"{"fake": {"data": []}, "aws": {}}"#).expect_err("two backends");
    assert!(error.contains("found 2: aws, fake"), "{error}");
}

#[test]
fn a_fault_names_its_field() {
    let secret_name = json!({"tokenSecretRef": {"name": "Not A Name"}});
    for (provider, field) in [
        (json!("vault"), "provider"),
        (json!({"vault": {}}), "provider.vault"),
        (json!({"vault": {"server": 5}}), "provider.vault.server"),
        (
            json!({"vault": {"server": "s", "auth": secret_name}}),
            "provider.vault.auth.tokenSecretRef.name",
        ),
        (
            json!({"openBao": {"server": "s", "auth": secret_name}}),
            "provider.openBao.auth.tokenSecretRef.name",
        ),
        (
            json!({"openBao": {"server": "s", "auth": {}}}),
            "provider.openBao.auth",
        ),
        (
            json!({"kubernetes": {"auth": {"token": {"bearerToken": []}}}}),
            "provider.kubernetes.auth.token.bearerToken",
        ),
        (
            json!({"fake": {"data": [{"key": "a", "value": 1}]}}),
            "provider.fake.data[0].value",
        ),
        (
            json!({"aws": {"service": "S3", "region": "r"}}),
            "provider.aws.service",
        ),
        (
            json!({"webhook": {"url": "u", "timeout": "soon"}}),
            "provider.webhook.timeout",
        ),
    ] {
        assert_eq!(fault(&provider).0, field);
    }
}

#[test]
fn a_fault_tells_nothing_of_a_secret() {
    let (_, why) = fault(&json!({"fake": {"data": [{"key": "a", "value": 123_456}]}}));
    assert!(!why.contains("123456"), "{why}");
}

#[test]
fn what_is_not_supported_is_kept_as_it_was() {
    let text =
        r#"{"secretserver":{"password":{"value":"s3cret"},"serverURL":"https://x","n":[1,null,1.50]}}"#;
    let before: Value = serde_json::from_str(text).expect("JSON");
    let provider = parse(&before).expect("kept");
    let Provider::Unsupported(unsupported) = &provider else {
        panic!("{provider:?}")
    };
    assert_eq!(
        (unsupported.name.as_str(), unsupported.known),
        ("secretserver", true)
    );
    assert_eq!(
        serde_json::to_string(&provider).expect("JSON"),
        serde_json::to_string(&before).expect("JSON")
    );
    assert!(!format!("{provider:?}").contains("s3cret"));
}

#[test]
fn a_misspelt_provider_differs_from_one_that_is_not_there_yet() {
    for (name, expected) in [
        ("hashicorp", false),
        ("Vault", false),
        ("ibm", true),
        ("alibaba", true),
    ] {
        let provider = parse(&json!({name: "anything"})).expect("kept");
        assert_eq!(provider.name(), name);
        let known = matches!(
            provider,
            Provider::Unsupported(UnsupportedProvider { known: true, .. })
        );
        assert_eq!(known, expected, "{name}");
    }
}

#[test]
fn the_store_says_what_it_can_do() {
    for (provider, capability) in [
        (json!({"vault": {"server": "s"}}), "ReadWrite"),
        (json!({"openBao": {"server": "s"}}), "ReadOnly"),
        (json!({"ngrok": {}}), "WriteOnly"),
        (json!({"oracle": {}}), "ReadWrite"),
        (json!({"nobody": {}}), "ReadOnly"),
    ] {
        assert_eq!(parse(&provider).expect("sound").capability().as_str(), capability);
    }
    let fake = parse(&json!({"fake": {"data": []}})).expect("sound");
    assert_eq!(fake.maintenance(), Maintenance::NotMaintained);
}

#[test]
fn the_schema_has_all_providers_of_eso_and_ours() {
    let schema = schemars::schema_for!(Provider).to_value();
    let properties = schema["properties"].as_object().expect("an object schema");
    let of_eso = properties.keys().filter(|name| !name.contains('/'));
    assert_eq!(of_eso.count(), 43);
    assert!(properties.contains_key("lockstep.dev/file"));
    let free = |body: &&Value| body["x-kubernetes-preserve-unknown-fields"] == true;
    assert_eq!(properties.values().filter(free).count(), 29);
    assert!(
        !properties.contains_key("alibaba"),
        "v1 does not have it any more"
    );
}
