use serde_json::json;

use super::*;

fn external_secret(spec: &Value) -> Verdict {
    let object = json!({"metadata": {"name": "app", "namespace": "shop"}, "spec": spec});
    review(Subject::ExternalSecret, object, None)
}

fn entry(key: &str) -> Value {
    json!({"secretKey": key, "remoteRef": {"key": "a"}})
}

fn store(provider: &Value) -> Verdict {
    let object = json!({"metadata": {"name": "s", "namespace": "shop"}, "spec": {"provider": provider}});
    review(Subject::SecretStore, object, None)
}

fn cluster_store(provider: &Value) -> Verdict {
    let object = json!({"metadata": {"name": "s"}, "spec": {"provider": provider}});
    review(Subject::ClusterSecretStore, object, None)
}

/// The message of a refusal, empty where there is none.
fn denied(verdict: &Verdict) -> &str {
    match &verdict.refusal {
        Some(Refusal::Denied(message)) => message,
        Some(Refusal::Unreadable(message)) => panic!("unreadable: {message}"),
        None => "",
    }
}

#[test]
fn policies_that_contradict_each_other_are_denied() {
    for (create, delete, is_denied) in [
        ("Owner", "Delete", false),
        ("Orphan", "Delete", false),
        ("Merge", "Delete", true),
        ("None", "Delete", true),
        ("CreateOrMerge", "Delete", true),
        ("None", "Merge", true),
        ("Merge", "Merge", false),
        ("CreateOrMerge", "Merge", false),
        ("None", "Retain", false),
    ] {
        let verdict = external_secret(&json!({
            "target": {"creationPolicy": create, "deletionPolicy": delete}, "data": [entry("x")],
        }));
        assert_eq!(
            denied(&verdict).starts_with("spec.target: deletionPolicy="),
            is_denied,
            "{create} {delete}"
        );
        assert_eq!(
            verdict.warnings.is_empty(),
            create != "Orphan",
            "{create} {delete}"
        );
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let verdict = external_secret(&json!({
        "target": {"creationPolicy": "None", "deletionPolicy": "Merge", "template": {"type": "bootstrap.kubernetes.io/token"}},
        "dataFrom": [{}, {"extract": {"key": "a"}, "find": {"name": {"regexp": "x"}}}],
    }));
    let lines: Vec<&str> = denied(&verdict).lines().collect();
    let begins = [
        "spec.target: deletionPolicy=Merge",
        "spec.target.template.type",
        "spec.dataFrom[0]: one of",
        "spec.dataFrom[1]: only one of",
    ];
    assert_eq!(lines.len(), begins.len(), "{lines:?}");
    for (line, begin) in lines.iter().zip(begins) {
        assert!(line.starts_with(begin), "{line}");
    }
}

#[test]
fn nothing_to_fetch_is_denied() {
    assert!(denied(&external_secret(&json!({}))).starts_with("spec: data and dataFrom are both empty"));
    let object = json!({"metadata": {"name": "app", "namespace": "shop"}});
    assert!(
        review(Subject::ExternalSecret, object, None).refusal.is_some(),
        "no spec at all"
    );
}

#[test]
fn a_generator_beside_extract_is_denied_and_a_store_is_not() {
    let generator = json!({"generatorRef": {"kind": "Fake", "name": "f"}});
    let store = json!({"storeRef": {"name": "s"}});
    for (entry, is_denied) in [
        (json!({"extract": {"key": "a"}, "sourceRef": generator}), true),
        (json!({"find": {}, "sourceRef": generator}), true),
        (json!({"extract": {"key": "a"}, "sourceRef": store}), false),
        (json!({"sourceRef": generator}), false),
        (json!({"sourceRef": store}), false),
    ] {
        let verdict = external_secret(&json!({"dataFrom": [entry]}));
        assert_eq!(verdict.refusal.is_some(), is_denied, "{entry}");
    }
}

#[test]
fn duplicate_keys_are_denied_under_retain_and_warned_of_otherwise() {
    let twice = |policy: &str| {
        external_secret(
            &json!({"target": {"deletionPolicy": policy}, "data": [entry("x"), entry("y"), entry("x"), entry("x")]}),
        )
    };
    let message = "duplicate secretKey found: x\nduplicate secretKey found: x";
    assert_eq!(denied(&twice("Retain")), message);
    assert_eq!(
        denied(&external_secret(&json!({"data": [entry("x"), entry("x")]}))),
        "duplicate secretKey found: x"
    );
    for policy in ["Delete", "Merge"] {
        let verdict = twice(policy);
        assert_eq!((verdict.refusal, verdict.warnings.len()), (None, 2), "{policy}");
    }
}

#[test]
fn template_targets_are_free_where_the_target_is_no_secret() {
    let template = json!({"templateFrom": [{"target": "spec.x", "literal": "a: b"}]});
    let with = |target: Value| external_secret(&json!({"target": target, "data": [entry("x")]}));
    let config_map = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    let minting = json!({"type": "kubernetes.io/service-account-token", "templateFrom": [{"target": "annotations", "literal": ""}]});
    assert!(
        denied(&with(json!({"template": template})))
            .starts_with("spec.target.template.templateFrom[0].target")
    );
    assert_eq!(
        denied(&with(json!({"template": template, "manifest": config_map}))),
        ""
    );
    assert!(denied(&with(json!({"template": minting, "manifest": config_map}))).contains("token"));
}

#[test]
fn what_cannot_be_read_is_told_by_its_field_and_without_its_value() {
    let verdict = external_secret(&json!({"refreshInterval": "1d", "data": [entry("x")]}));
    let Some(Refusal::Unreadable(message)) = verdict.refusal else {
        panic!("a duration that is none")
    };
    assert!(
        message.starts_with("spec.refreshInterval: unknown unit"),
        "{message}"
    );
    let verdict = store(&json!({"fake": {"data": [{"key": "k", "value": {"canary": 1}}]}}));
    let Some(Refusal::Unreadable(message)) = verdict.refusal else {
        panic!("a value that is no text")
    };
    assert!(!message.contains("canary"), "{message}");
}

#[test]
fn what_fails_at_each_sync_is_warned_of() {
    let verdict = external_secret(&json!({
        "dataFrom": [{"find": {"name": {"regexp": "(["}}, "rewrite": [{"regexp": {"source": "(", "target": ""}}]}],
        "syncWindows": {"kind": "allow", "windows": [{"schedule": "61 * * * *", "duration": "1h"}]},
    }));
    assert_eq!(verdict.refusal, None);
    let begins = [
        "spec.dataFrom[0].find.name.regexp: ",
        "spec.dataFrom[0].rewrite[0].regexp.source: ",
        "spec.syncWindows.windows[0].schedule: ",
    ];
    assert_eq!(verdict.warnings.len(), begins.len(), "{:?}", verdict.warnings);
    for (warning, begin) in verdict.warnings.iter().zip(begins) {
        assert!(warning.starts_with(begin), "{warning}");
    }
}

#[test]
fn an_object_that_goes_is_let_go_and_one_that_stays_as_it_was_is_warned_of() {
    let old = json!({"metadata": {"name": "app"}, "spec": {}});
    let mut labelled = old.clone();
    labelled["metadata"]["labels"] = json!({"team": "a"});
    let verdict = review(Subject::ExternalSecret, labelled, Some(&old));
    assert_eq!(verdict.refusal, None);
    assert!(verdict.warnings[0].starts_with("is kept as it is, but would be refused: spec: data and"));
    let mut edited = old.clone();
    edited["spec"]["refreshInterval"] = json!("1h");
    assert!(
        review(Subject::ExternalSecret, edited.clone(), Some(&old))
            .refusal
            .is_some()
    );
    edited["metadata"]["deletionTimestamp"] = json!("2026-11-21T20:00:00Z");
    assert_eq!(
        review(Subject::ExternalSecret, edited, Some(&old)),
        Verdict::default()
    );
}

#[test]
fn a_verdict_is_of_a_bounded_length_and_a_warning_of_one_line() {
    let many: Vec<Value> = (0..5000).map(|_| entry("x")).collect();
    let verdict = external_secret(&json!({"data": many}));
    assert_eq!(denied(&verdict).lines().count(), MOST + 1);
    assert!(denied(&verdict).ends_with("and 4983 more"));
    let verdict = external_secret(&json!({"data": many, "target": {"deletionPolicy": "Merge"}}));
    assert_eq!(verdict.warnings.len(), MOST);
    let regexp = format!("(\n{}", "x".repeat(1000));
    let regexes = json!({"provider": {"fake": {"data": []}}, "conditions": [{"namespaceRegexes": [regexp]}]});
    let store = review(
        Subject::ClusterSecretStore,
        json!({"metadata": {"name": "s"}, "spec": regexes}),
        None,
    );
    assert_eq!(denied(&store).chars().count(), LONGEST + 1);
    let verdict = external_secret(&json!({"dataFrom": [{"find": {"name": {"regexp": regexp}}}]}));
    assert!(verdict.warnings[0].len() <= LONGEST && !verdict.warnings[0].contains('\n'));
}

#[test]
fn intervals_conditions_and_values_of_stores_are_judged() {
    let fake = json!({"fake": {"data": [{"key": "a", "value": "1"}]}});
    let spec = |extra: Value| {
        let mut object = json!({"metadata": {"name": "s", "namespace": "shop"}, "spec": {"provider": fake}});
        for (field, value) in extra.as_object().expect("fields") {
            object["spec"][field] = value.clone();
        }
        review(Subject::ClusterSecretStore, object, None)
    };
    for (extra, begin) in [
        (
            json!({"refreshInterval": "-5s"}),
            "spec.refreshInterval: must not be negative",
        ),
        (
            json!({"refreshInterval": "soon"}),
            "spec.refreshInterval: invalid duration",
        ),
        (json!({"refreshInterval": 60}), ""),
        (
            json!({"conditions": [{}, {"namespaceRegexes": ["ok", "(["]}]}),
            "failed to compile 1th namespace regex in 1th condition: ",
        ),
        (
            json!({"provider": {"fake": {"data": [{"key": "", "value": "x"}]}}}),
            "spec.provider.fake.data[0].key: must be set",
        ),
        (
            json!({"provider": {"fake": {"data": [{"key": "k", "value": ""}]}}}),
            "spec.provider.fake.data[0].value: must be set",
        ),
    ] {
        let verdict = spec(extra.clone());
        assert!(
            denied(&verdict).starts_with(begin),
            "{extra}: {:?}",
            verdict.refusal
        );
        assert_eq!(denied(&verdict).is_empty(), begin.is_empty(), "{extra}");
    }
}

#[test]
fn a_store_refers_to_its_own_namespace_and_a_cluster_store_to_any() {
    let token = |namespace: Option<&str>| json!({"name": "t", "key": "k", "namespace": namespace});
    let vault =
        |namespace| json!({"vault": {"server": "https://v", "auth": {"tokenSecretRef": token(namespace)}}});
    let remote = |namespace| json!({"kubernetes": {"auth": {"token": {"bearerToken": token(namespace)}}}});
    let own = "must be left out, or be the namespace of the SecretStore";
    for (verdict, end) in [
        (store(&vault(None)), ""),
        (store(&vault(Some("shop"))), ""),
        (store(&vault(Some("other"))), own),
        (store(&remote(Some("other"))), own),
        (cluster_store(&vault(Some("other"))), ""),
        (cluster_store(&vault(None)), ""),
        (cluster_store(&remote(Some("other"))), ""),
        (
            cluster_store(&remote(None)),
            "must be set in a ClusterSecretStore",
        ),
    ] {
        assert!(
            denied(&verdict).ends_with(end) && denied(&verdict).is_empty() == end.is_empty(),
            "{verdict:?}"
        );
    }
}

#[test]
fn what_belongs_together_in_a_provider_is_asked_for() {
    let secret = json!({"name": "s", "key": "k"});
    let vault = |extra: Value| {
        let mut spec = json!({"server": "https://v"});
        spec.as_object_mut()
            .expect("an object")
            .extend(extra.as_object().expect("an object").clone());
        json!({"vault": spec})
    };
    let aws = |extra: Value| json!({"aws": {"service": "SecretsManager", "region": "eu-central-1", "secretsManager": extra}});
    let ca = |namespace: Option<&str>| json!({"type": "Secret", "name": "ca", "key": "ca.crt", "namespace": namespace});
    let crd = |kind: &str, rules: Value| {
        json!({"crd": {
            "auth": {"serviceAccount": {"name": "reader"}}, "whitelist": {"rules": rules},
            "resource": {"group": "", "version": "v1", "kind": kind},
        }})
    };
    let gitlab = |extra: Value| {
        let mut spec = json!({"auth": {"SecretRef": {"accessToken": secret}}});
        spec.as_object_mut()
            .expect("an object")
            .extend(extra.as_object().expect("an object").clone());
        json!({"gitlab": spec})
    };
    let onepassword = |vaults: Value, token: &Value| {
        let auth = json!({"secretRef": {"connectTokenSecretRef": token}});
        json!({"onepassword": {"connectHost": "http://connect:8080", "vaults": vaults, "auth": auth}})
    };
    for (provider, field) in [
        (
            vault(json!({"auth": {"appRole": {"path": "a", "secretRef": secret}}})),
            "vault.auth.appRole",
        ),
        (vault(json!({"auth": {"jwt": {"path": "j"}}})), "vault.auth.jwt"),
        (vault(json!({"tls": {"certSecretRef": secret}})), "vault.tls"),
        (
            vault(json!({"version": "v1", "checkAndSet": {"required": true}})),
            "vault.checkAndSet",
        ),
        (
            vault(json!({"version": "v2", "checkAndSet": {"required": true}})),
            "",
        ),
        (
            aws(json!({"recoveryWindowInDays": 5})),
            "aws.secretsManager.recoveryWindowInDays",
        ),
        (
            aws(json!({"recoveryWindowInDays": 7, "forceDeleteWithoutRecovery": true})),
            "aws.secretsManager.recoveryWindowInDays",
        ),
        (
            aws(json!({"recoveryWindowInDays": 0, "forceDeleteWithoutRecovery": true})),
            "",
        ),
        (
            json!({"aws": {"service": "ParameterStore", "region": "eu central 1"}}),
            "aws.region",
        ),
        (
            json!({"kubernetes": {"server": {"caProvider": ca(Some("shop"))}}}),
            "kubernetes.server.caProvider.namespace",
        ),
        (
            json!({"kubernetes": {"auth": {"cert": {"clientCert": {}, "clientKey": {}}}}}),
            "kubernetes.auth.cert.clientCert.name",
        ),
        (crd("ConfigMap", json!([{"name": "^a"}])), ""),
        (crd("Secret", json!([])), "crd.resource.kind"),
        (crd("ConfigMap", json!([{}])), "crd.whitelist.rules[0]"),
        (
            crd("ConfigMap", json!([{"namespace": "a"}])),
            "crd.whitelist.rules[0].namespace",
        ),
        (gitlab(json!({"projectID": "1"})), ""),
        (gitlab(json!({})), "gitlab.projectID"),
        (
            gitlab(json!({"projectID": "1", "groupIDs": ["2"], "inheritFromGroups": true})),
            "gitlab.groupIDs",
        ),
        (onepassword(json!({"a": 1, "b": 2}), &secret), ""),
        (
            onepassword(json!({"a": 1, "b": 1}), &secret),
            "onepassword.vaults",
        ),
        (onepassword(json!({}), &secret), "onepassword.vaults"),
        (
            onepassword(json!({"a": 1}), &json!({"name": "s"})),
            "onepassword.auth.secretRef.connectTokenSecretRef.key",
        ),
        (json!({"webhook": {"url": "https://w", "result": {}}}), ""),
    ] {
        let verdict = store(&provider);
        let begin = if field.is_empty() {
            String::new()
        } else {
            format!("spec.provider.{field}: ")
        };
        assert!(denied(&verdict).starts_with(&begin), "{provider}: {verdict:?}");
        assert_eq!(
            denied(&verdict).is_empty(),
            field.is_empty(),
            "{provider}: {verdict:?}"
        );
    }
    let outside = cluster_store(&json!({"kubernetes": {"server": {"caProvider": ca(None)}}}));
    assert!(denied(&outside).ends_with("must be set in a ClusterSecretStore"));
}

#[test]
fn providers_that_nobody_looks_after_or_that_are_not_there_are_warned_of() {
    let fake = store(&json!({"fake": {"data": [{"key": "a", "value": "1"}]}}));
    assert_eq!((fake.refusal, fake.warnings.len()), (None, 1));
    let later = store(&json!({"conjur": {"url": "https://c"}}));
    assert_eq!(later.refusal, None);
    assert_eq!(
        later.warnings,
        ["provider conjur is not supported by this version of lockstep"]
    );
}

#[test]
fn infisical_wants_a_project_an_environment_and_whole_selectors() {
    let with = |client: &Value, scope: &Value, more: &Value| {
        let mut spec = json!({
            "auth": {"universalAuthCredentials": {"clientId": client, "clientSecret": {"name": "s", "key": "k"}}},
            "secretsScope": scope,
        });
        let more = more.as_object().cloned().unwrap_or_default();
        spec.as_object_mut().expect("an object").extend(more);
        json!({ "infisical": spec })
    };
    let (client, scope) = (
        json!({"name": "s", "key": "k"}),
        json!({"projectSlug": "p", "environmentSlug": "e"}),
    );
    let sound = with(&client, &scope, &json!({}));
    assert_eq!(denied(&store(&sound)), "");
    assert_eq!(
        denied(&cluster_store(&sound)),
        "",
        "its users bring the credentials"
    );
    let trusted = json!({"caProvider": {"type": "Secret", "name": "ca", "key": "k", "namespace": "shop"}});
    for (spec, field) in [
        (
            with(
                &client,
                &json!({"projectSlug": "", "environmentSlug": "e"}),
                &json!({}),
            ),
            "secretsScope",
        ),
        (
            with(&json!({"name": "s"}), &scope, &json!({})),
            "auth.universalAuthCredentials.clientId.key",
        ),
        (with(&client, &scope, &trusted), "caProvider.namespace"),
    ] {
        let expected = format!("spec.provider.infisical.{field}: ");
        assert!(denied(&store(&spec)).contains(&expected), "{expected}");
    }
}
