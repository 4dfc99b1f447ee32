//! Every way to log in, and what becomes of the token.

use lockstep_testkit::{Authority, Purpose, Tls};

use super::*;

#[tokio::test]
async fn a_client_secret_is_shown_once_for_everybody_and_the_token_is_given_back() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    assert_eq!(backend.token_age(), None);
    assert_eq!(backend.check().await, Ok(Health::Ready));
    assert_eq!(value(&backend, "API_KEY", "").await, Ok(CANARY.to_owned()));
    assert_eq!(scene.infisical.log_ins(), 1);
    assert!(backend.token_age().is_some() && scene.infisical.knows("token-1"));
    backend.close().await;
    assert!(!scene.infisical.knows("token-1"));
}

#[tokio::test]
async fn the_other_ways_show_what_the_api_wants() {
    let scene = Scene::new().await;
    let id = ("identityId", "id");
    scene.infisical.admit("jwt-auth", &[id, ("jwt", CANARY)]);
    scene.infisical.admit(
        "ldap-auth",
        &[id, ("username", "canary-9e02-token"), ("password", CANARY)],
    );
    let organized = [
        ("clientId", "id"),
        ("clientSecret", CANARY),
        ("organizationSlug", "o"),
    ];
    scene.infisical.admit("universal-auth", &organized);
    scene.infisical.allow("canary-9e02-token");
    let ldap = json!({"identityId": key("id"), "ldapUsername": key("token"), "ldapPassword": key("secret")});
    for (nth, extra) in [
        json!({"auth": {"jwtAuthCredentials": {"identityId": key("id"), "jwt": key("secret")}}}),
        json!({"auth": {"ldapAuthCredentials": ldap}}),
        scope(&json!({"organizationSlug": "o"})),
    ]
    .into_iter()
    .enumerate()
    {
        let backend = scene.backend(extra).await;
        assert_eq!(backend.check().await, Ok(Health::Ready), "{nth}");
        assert_eq!(scene.infisical.log_ins(), nth + 1);
    }
    let given = json!({"auth": {"tokenAuthCredentials": {"accessToken": key("token")}}});
    let backend = scene.backend(given).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    backend.close().await;
    assert!(
        scene.infisical.knows("canary-9e02-token"),
        "it is not ours to give back"
    );
}

#[tokio::test]
async fn a_login_that_is_refused_is_told() {
    let scene = Scene::new().await;
    let backend = scene.backend(json!({"auth": universal("wrong")})).await;
    assert_eq!(
        told(&backend.check().await.expect_err("refused")),
        "login at Infisical: the backend refuses (HTTP 401; check spec.provider.infisical.auth, and the identity at \
         Infisical)"
    );
    let given = json!({"auth": {"tokenAuthCredentials": {"accessToken": key("token")}}});
    let backend = scene.backend(given).await;
    let expected = "API_KEY: the backend refuses (HTTP 401; the token is wrong, or has ended)".to_owned();
    assert_eq!(value(&backend, "API_KEY", "").await, Err(expected));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_ahead_of_its_end_and_replaced_where_it_was_ended() {
    let scene = Scene::new().await;
    scene.infisical.tokens_live(600);
    let backend = scene.store().await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    tokio::time::advance(Duration::from_secs(470)).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    assert_eq!(scene.infisical.log_ins(), 1);
    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    assert_eq!(scene.infisical.log_ins(), 2);
    scene.infisical.end_tokens();
    assert!(backend.check().await.is_err(), "too new to be replaced");
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    assert_eq!(scene.infisical.log_ins(), 3);
}

#[tokio::test]
async fn our_own_token_goes_where_a_namespace_says_only_if_that_is_infisical_and_nothing_but_a_token_goes() {
    let mut scene = Scene::new().await;
    let auth = |extra: &Value| {
        let mut auth = json!({"identityId": key("id")});
        let extra = extra.as_object().cloned().unwrap_or_default();
        auth.as_object_mut().expect("an object").extend(extra);
        json!({"auth": {"kubernetesAuthCredentials": auth}})
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        path.display().to_string()
    };
    let paths = [
        ("id", "id".to_owned()),
        ("good", file("good", "head.canary-9e02.sign\n")),
        ("bad", file("bad", "canary-9e02 is no token")),
        ("none", folder.path().join("none").display().to_string()),
    ];
    let values: Vec<_> = paths.iter().map(|(name, path)| (*name, path.as_str())).collect();
    scene.cluster.put(DocumentKind::Secret, "own", "creds", &values);
    let shown = [("identityId", "id"), ("jwt", "head.canary-9e02.sign")];
    scene.infisical.admit("kubernetes-auth", &shown);
    let at_path = |name: &str| auth(&json!({"serviceAccountTokenPath": key(name)}));
    for extra in [auth(&json!({})), at_path("good")] {
        let refused = scene.refusal(extra).await;
        assert!(
            refused.contains("a ClusterSecretStore may name others"),
            "{refused}"
        );
    }
    let at_infisical = |mut extra: Value| {
        extra["hostAPI"] = json!("https://eu.infisical.com/api");
        extra
    };
    assert!(scene.connect(at_infisical(auth(&json!({})))).await.is_ok());
    assert!(
        scene.connect(at_infisical(at_path("good"))).await.is_err(),
        "a path"
    );

    scene.scope = StoreScope::Cluster {
        consumer: Some("own".to_owned()),
    };
    let backend = scene.backend(at_path("good")).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    for (name, why) in [("bad", "holds no token"), ("none", "there is no file")] {
        let backend = scene.backend(at_path(name)).await;
        let problem = backend.check().await.expect_err("no token");
        assert_eq!(problem.reason(), "ReferenceInvalid");
        assert!(told(&problem).contains(why), "{problem}");
    }
}

#[tokio::test]
async fn a_store_says_all_that_it_takes() {
    let scene = Scene::new().await;
    for (extra, expected) in [
        (
            scope(&json!({"projectSlug": ""})),
            "spec.provider.infisical.secretsScope: secretsScope.projectSlug and secretsScope.environmentSlug cannot be \
             empty",
        ),
        (
            json!({"hostAPI": "infisical"}),
            "spec.provider.infisical.hostAPI: must be a URL, such as https://app.infisical.com/api",
        ),
        (
            json!({"auth": {}}),
            "spec.provider.infisical.auth: authentication method not found",
        ),
        (
            json!({"auth": {"awsAuthCredentials": {"identityId": key("id")}}}),
            "spec.provider.infisical.auth.awsAuthCredentials: is not supported by this version of lockstep; use \
             another of Infisical's ways to log in",
        ),
        (
            json!({"auth": universal("none")}),
            "cannot find key \"none\" in Secret own/creds",
        ),
    ] {
        assert_eq!(scene.refusal(extra).await, expected);
    }
}

#[tokio::test]
async fn only_a_server_that_is_trusted_is_shown_anything() {
    let scene = Scene::new().await;
    let authority = Authority::new("infisical").expect("made");
    let shown = authority.issue("infisical", Purpose::Server).expect("issued");
    let tls = Tls::before(scene.infisical.faults().address(), &shown)
        .await
        .expect("TLS");
    let url = tls.url().replace("127.0.0.1", "localhost");
    let trusting = |authority: &Authority| {
        let bundle = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, authority.pem());
        json!({"hostAPI": url, "caBundle": bundle})
    };
    let backend = scene.backend(trusting(&authority)).await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    let stranger = Authority::new("stranger").expect("made");
    let backend = scene.backend(trusting(&stranger)).await;
    let problem = backend.check().await.expect_err("a stranger");
    assert!(matches!(problem, Problem::Unreachable { .. }), "{problem:?}");
    assert_eq!(scene.infisical.log_ins(), 1);
}
