use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::provider::AzureEnvironment;
use crate::{Kind, Parsed};

fn sound<T: DeserializeOwned + Clone>(value: Value) -> T {
    Parsed::<T>::from_json(value).as_ref().cloned().expect("sound")
}

fn faulty_field<T: DeserializeOwned + std::fmt::Debug>(value: Value) -> String {
    Parsed::<T>::from_json(value)
        .as_ref()
        .expect_err("broken")
        .field
        .clone()
}

#[test]
fn a_password_has_the_defaults_of_the_api() {
    let password: PasswordSpec = sound(json!({}));
    assert_eq!(
        (password.length, password.no_upper, password.allow_repeat),
        (24, false, false)
    );
    assert_eq!(password.encoding, PasswordEncoding::Raw);
    assert_eq!(
        sound::<PasswordSpec>(json!({"encoding": "base64url"})).encoding,
        PasswordEncoding::Base64Url
    );
    assert_eq!(
        faulty_field::<PasswordSpec>(json!({"encoding": "rot13"})),
        "encoding"
    );
    assert_eq!(
        faulty_field::<PasswordSpec>(json!({"secretKeys": []})),
        "secretKeys"
    );
}

#[test]
fn numbers_outside_their_bounds_are_refused() {
    assert_eq!(
        sound::<SSHKeySpec>(json!({"keySize": 8192}))
            .key_size
            .map(SshKeySize::bits),
        Some(8192)
    );
    for bits in [255, 8193, -1, i64::MAX] {
        assert_eq!(faulty_field::<SSHKeySpec>(json!({"keySize": bits})), "keySize");
    }
    let account = |seconds: i64| json!({"name": "a", "role": "Viewer", "secondsToLive": seconds});
    assert!(
        sound::<GrafanaServiceAccount>(account(1))
            .seconds_to_live
            .is_some()
    );
    assert_eq!(faulty_field::<GrafanaServiceAccount>(account(0)), "secondsToLive");
}

#[test]
fn values_are_not_printed() {
    let fake: Fake = serde_json::from_value(json!({"spec": {"data": {"a": "s3cret"}}})).expect("parses");
    assert!(!format!("{fake:?}").contains("s3cret"));
    assert_eq!(
        serde_json::to_value(&fake).expect("serializes")["spec"]["data"]["a"],
        "s3cret"
    );

    let login: VaultDynamicSecretSpec = sound(json!({
        "path": "auth/m/login/ann",
        "method": "POST",
        "parameters": {"password": "s3cret"},
        "provider": {"server": "https://vault.example.com"},
    }));
    assert!(!format!("{login:?}").contains("s3cret"));
    assert_eq!(login.result_type, VaultResultType::Data);
    assert_eq!(login.parameters.expect("there").as_value()["password"], "s3cret");
}

#[test]
fn a_state_gives_the_generator_back() {
    let generator = json!({
        "apiVersion": "generators.external-secrets.io/v1alpha1",
        "kind": "GitlabDeployToken",
        "metadata": {"name": "g", "namespace": "n"},
        "spec": {
            "groupID": "a/b",
            "name": "deploy",
            "scopes": ["read_repository"],
            "auth": {"token": {"secretRef": {"name": "creds", "key": "token"}}},
        },
    });
    let state: GeneratorState = serde_json::from_value(json!({
        "spec": {
            "resource": generator,
            "state": {"tokenID": 1},
            "garbageCollectionDeadline": "2026-01-02T03:04:05Z",
        },
    }))
    .expect("parses");
    let spec = state.spec.as_ref().expect("sound");
    assert!(spec.garbage_collection_deadline.is_some());
    let token: GitlabDeployToken = serde_json::from_value(spec.resource.as_value().clone()).expect("parses");
    let owner = token.spec.as_ref().expect("sound").owner.clone();
    assert!(matches!(owner, GitlabOwner::Group(path) if path.as_str() == "a/b"));
    const { assert!(!GeneratorState::STATUS_SUBRESOURCE) };
}

#[test]
fn a_webhook_knows_one_way_to_log_in() {
    let auth = |auth: Value| json!({"url": "https://example.com", "result": {}, "auth": auth});
    let selector = json!({"name": "creds", "key": "k"});
    let ntlm = json!({"ntlm": {"usernameSecret": selector, "passwordSecret": selector}});
    assert!(sound::<WebhookSpec>(auth(ntlm)).auth.is_some());
    assert_eq!(faulty_field::<WebhookSpec>(auth(json!({}))), "auth");
    assert_eq!(
        faulty_field::<WebhookSpec>(json!({"url": "https://example.com"})),
        ""
    );
}

#[test]
fn a_missing_field_is_named() {
    let fault = |why: Parsed<ACRAccessTokenSpec>| why.as_ref().expect_err("broken").why.clone();
    assert_eq!(
        fault(Parsed::from_json(json!({"auth": {}}))),
        "missing field `registry`"
    );
    let azure: ACRAccessTokenSpec = sound(json!({"auth": {}, "registry": "example.azurecr.io"}));
    assert_eq!(azure.environment_type, AzureEnvironment::PublicCloud);
}
