//! Against a small Vault on loopback.

use std::time::Duration;

use lockstep_api::generator::{ClusterGeneratorKind, GeneratorSpec};
use lockstep_api::{GeneratorKind, Parsed};
use serde_json::{Value, json};

use super::request::RETRIES;
use super::*;
use crate::cluster::DocumentKind;
use crate::engine::generator::GeneratorKey;
use crate::engine::object::ObjectKey;
use crate::engine::state::State;
use crate::generator::page::{Owner, Page};
use crate::generator::patience::{LONGEST_PAUSE, MOST_RETRIES, PAUSE, Patience};
use crate::generator::{Generators, Renewal, kept};
use crate::provider::testing::TestCluster;
use crate::provider::vault::tests::server::{CANARY, Server};

const LOGIN: &str = "PUT /v1/auth/approle/login";
const ASK: &str = "GET /v1/db/creds/app";
const KV: &str = "GET /v1/kv/app";
const RENEW: &str = "PUT /v1/auth/token/renew-self";
const GIVE_BACK: &str = "PUT /v1/auth/token/revoke-self";

struct Bench {
    server: Server,
    cluster: Arc<TestCluster>,
    generators: Generators,
    auth: Value,
}

impl Bench {
    /// One where we log in, unless the token is given.
    async fn new(is_given: bool) -> Self {
        let (server, cluster) = (Server::start().await, Arc::<TestCluster>::default());
        let secret = format!("{CANARY}-secret");
        cluster.put(
            DocumentKind::Secret,
            "own",
            "creds",
            &[("secret", &secret), ("token", "given")],
        );
        let body = json!({"role_id": "r", "secret_id": secret});
        server
            .state()
            .logins
            .insert("auth/approle/login".to_owned(), body);
        server.state().tokens.insert("given".to_owned());
        let lease = json!({"lease_id": format!("{CANARY}/lease"), "lease_duration": 600, "renewable": true,
            "data": {"username": "u", "password": format!("{CANARY}-password")}});
        server.put("db/creds/app", 200, lease);
        let auth = if is_given {
            json!({"tokenSecretRef": {"name": "creds", "key": "token"}})
        } else {
            json!({"appRole": {"path": "approle", "roleId": "r", "secretRef": {"name": "creds", "key": "secret"}}})
        };
        Self {
            generators: Generators::new(cluster.clone(), Calls::default(), Rules::default()),
            server,
            cluster,
            auth,
        }
    }

    fn page(&self) -> Page {
        let cluster: Arc<dyn Cluster> = self.cluster.clone();
        let key = ObjectKey::new("own", "app");
        Page::kept_in(&cluster, Owner::external_secret(&key, "uid", 0))
    }

    async fn generate(&self, path: &str, page: &Page) -> Result<Values, Problem> {
        let spec = json!({"path": path, "provider": {"server": self.server.url, "auth": self.auth}});
        let Parsed::Sound(spec) = GeneratorSpec::of_object(GeneratorKind::VaultDynamicSecret, spec) else {
            panic!("a broken spec");
        };
        let generator = GeneratorKey::Namespaced(
            ClusterGeneratorKind::VaultDynamicSecret,
            ObjectKey::new("own", "gen"),
        );
        let order = Order {
            generator: &generator,
            namespace: "own",
            now: now(),
            refresh: None,
            page,
        };
        self.generators.generate(&spec, order).await
    }

    /// What is noted of a credential that is in use.
    async fn borrowed(&self) -> State {
        let page = self.page();
        self.generate("db/creds/app", &page).await.expect("values");
        let noted = page.record(|content| kept::mark(content, Some("hash"))).await;
        self.server.requests();
        noted.expect("written").expect("a note")
    }

    fn lines(&self) -> Vec<String> {
        self.server.lines()
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_000_000).expect("a time")
}

#[tokio::test]
async fn a_login_that_is_shared_is_given_back_in_the_end() {
    let bench = Bench::new(false).await;
    bench.server.put("kv/app", 200, json!({"data": {"a": "b"}}));
    for _ in 0..3 {
        bench.generate("kv/app", &bench.page()).await.expect("values");
    }
    bench.server.requests();
    bench.generators.close(Duration::from_secs(5)).await;
    bench.generators.close(Duration::from_secs(5)).await;
    assert_eq!(bench.lines(), [GIVE_BACK]);
}

#[tokio::test]
async fn the_token_is_noted_before_anything_is_made_with_it_and_cannot_be_read() {
    let bench = Bench::new(false).await;
    let page = bench.page();
    let values = bench.generate("db/creds/app", &page).await.expect("values");
    assert!(values.contains_key("username"));
    assert_eq!(bench.lines(), [LOGIN, ASK], "the token lives on");
    let intent = page.state().expect("an intent");
    assert!(!kept::account(&intent).is_complete);
    assert!(!intent.content.as_value().to_string().contains(CANARY));

    let noted = page.record(|content| kept::mark(content, Some("hash"))).await;
    let noted = kept::account(&noted.expect("written").expect("a note"));
    assert!(noted.is_complete);
    assert_eq!(noted.fits(Some("hash")), Some(true));
    assert_eq!(bench.cluster.states().len(), 1);
    assert!(!format!("{noted:?}{:?}{page:?}", bench.cluster.states()).contains(CANARY));
}

#[tokio::test]
async fn an_intent_alone_undoes_what_was_made_with_its_token() {
    let bench = Bench::new(false).await;
    let page = bench.page();
    bench.generate("db/creds/app", &page).await.expect("values");
    let intent = page.state().expect("an intent");
    bench.lines();
    bench.generators.undo(&intent).await.expect("undone");
    assert_eq!(bench.lines(), [GIVE_BACK]);
    bench
        .generators
        .undo(&intent)
        .await
        .expect("nothing is left of it");
    let moved = State {
        key: ObjectKey::new("elsewhere", "state"),
        ..intent.clone()
    };
    let mut resource = intent.resource.as_value().clone();
    resource["spec"]["provider"]["server"] = json!("http://127.0.0.1:1");
    let redirected = State {
        resource: resource.into(),
        ..intent
    };
    for stolen in [moved, redirected] {
        let problem = bench.generators.undo(&stolen).await.expect_err("sealed");
        assert!(problem.to_string().contains("cannot be opened"), "{problem}");
    }
}

#[tokio::test]
async fn what_lends_nothing_leaves_nothing_and_is_remembered() {
    let bench = Bench::new(false).await;
    bench.server.put("kv/app", 200, json!({"data": {"a": "1"}}));
    for lines in [vec![LOGIN, KV, GIVE_BACK], vec![LOGIN, KV], vec![KV]] {
        let page = bench.page();
        bench.generate("kv/app", &page).await.expect("values");
        assert!(page.state().is_none() && page.unrecorded().is_none());
        assert_eq!(bench.lines(), lines, "one login for all that lends nothing");
        assert!(bench.cluster.states().is_empty());
    }
}

#[tokio::test]
async fn what_nobody_answers_is_asked_again_as_often_as_the_spec_says() {
    let spec = |settings: Value| {
        let settings: Option<_> = serde_json::from_value(settings).expect("settings");
        let patience = Patience::of(settings.as_ref(), RETRIES);
        patience
            .map(|patience| (patience.retries, patience.pause))
            .map_err(|problem| problem.to_string())
    };
    assert_eq!(spec(Value::Null), Ok((RETRIES, PAUSE)));
    assert_eq!(spec(json!({})), Ok((0, PAUSE)));
    let settings = json!({"maxRetries": 3, "retryInterval": "10ms"});
    assert_eq!(spec(settings), Ok((3, Duration::from_millis(10))));
    assert_eq!(
        spec(json!({"maxRetries": i32::MAX, "retryInterval": "9h"})),
        Ok((MOST_RETRIES, LONGEST_PAUSE))
    );
    assert!(spec(json!({"retryInterval": "soon"})).is_err());

    let bench = Bench::new(true).await;
    bench.server.put("kv/app", 200, json!({"data": {"a": "1"}}));
    bench.server.script(503, &[], CANARY);
    bench.generate("kv/app", &bench.page()).await.expect("values");
    assert_eq!(bench.lines(), [KV, KV]);
}

#[tokio::test]
async fn a_shared_login_that_is_refused_is_made_anew_once() {
    let bench = Bench::new(false).await;
    bench.server.put("kv/app", 200, json!({"data": {"a": "1"}}));
    for _ in 0..2 {
        bench.generate("kv/app", &bench.page()).await.expect("values");
    }
    bench.server.state().denied.insert("kv/app".to_owned());
    bench.lines();
    bench.generate("kv/app", &bench.page()).await.expect_err("denied");
    assert_eq!(bench.lines(), [KV, LOGIN, KV]);
    bench.server.state().denied.clear();
    bench.generate("kv/app", &bench.page()).await.expect("values");
}

#[tokio::test]
async fn a_path_that_comes_to_lend_is_noted_from_then_on() {
    let bench = Bench::new(false).await;
    let lease = bench.server.state().answers["db/creds/app"].clone();
    bench.server.put("db/creds/app", 200, json!({"data": {"a": "1"}}));
    bench
        .generate("db/creds/app", &bench.page())
        .await
        .expect("values");
    bench.server.put("db/creds/app", lease.0, lease.1);
    let page = bench.page();
    bench.generate("db/creds/app", &page).await.expect("values");
    assert!(
        page.state().is_none() && page.unrecorded().is_some(),
        "noted by its lease"
    );
    let page = bench.page();
    bench.generate("db/creds/app", &page).await.expect("values");
    assert!(page.state().is_some(), "noted before it is asked for");
}

#[tokio::test]
async fn a_call_that_fails_leaves_nothing() {
    let bench = Bench::new(false).await;
    bench.server.state().denied.insert("db/creds/app".to_owned());
    let page = bench.page();
    let problem = bench.generate("db/creds/app", &page).await.expect_err("denied");
    assert!(matches!(problem.root(), Problem::Refused { .. }), "{problem}");
    assert!(!problem.to_string().contains(CANARY));
    assert_eq!(bench.lines().last().map(String::as_str), Some(GIVE_BACK));
    assert!(bench.cluster.states().is_empty());
    let nothing = bench
        .generate("db/nothing", &bench.page())
        .await
        .expect_err("empty");
    assert!(
        nothing.to_string().contains("empty response from Vault"),
        "{nothing}"
    );
}

#[tokio::test]
async fn token_and_lease_are_renewed_together_until_the_server_says_no() {
    let bench = Bench::new(false).await;
    let lease = json!({"lease_id": "l", "lease_duration": 300, "renewable": true});
    bench.server.put("sys/leases/renew", 200, lease);
    let state = bench.borrowed().await;
    let renewed = bench.generators.renew(&state, now()).await.expect("renewed");
    let Renewal::Renewed(terms) = renewed else {
        panic!("over");
    };
    assert_eq!(terms.iter().map(|term| term.span).collect::<Vec<_>>(), [900, 300]);
    assert_eq!(bench.lines(), [RENEW, "PUT /v1/sys/leases/renew"]);
    bench.server.script(503, &[], CANARY);
    bench.server.script(503, &[], CANARY);
    bench.server.script(503, &[], CANARY);
    let problem = bench
        .generators
        .renew(&state, now())
        .await
        .expect_err("it may pass");
    assert!(!problem.to_string().contains(CANARY));
    bench.server.state().scripted.clear();
    bench.server.state().tokens.clear();
    let renewed = bench.generators.renew(&state, now()).await;
    assert_eq!(renewed, Ok(Renewal::Over), "with the token goes the lease");
}

#[tokio::test]
async fn a_glance_keeps_nothing() {
    let bench = Bench::new(false).await;
    bench
        .generate("db/creds/app", &Page::glance())
        .await
        .expect("values");
    assert_eq!(bench.lines(), [LOGIN, ASK, GIVE_BACK]);
    assert!(bench.cluster.states().is_empty());
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_left_alone_and_its_lease_revoked_by_name() {
    let bench = Bench::new(true).await;
    bench.server.put("sys/leases/revoke", 204, Value::Null);
    let state = bench.borrowed().await;
    bench.generators.undo(&state).await.expect("undone");
    assert_eq!(bench.lines(), ["PUT /v1/sys/leases/revoke"]);
    bench.server.put("kv/app", 200, json!({"data": {"a": "1"}}));
    bench.generate("kv/app", &bench.page()).await.expect("values");
    assert_eq!(bench.lines(), ["GET /v1/kv/app"]);
    assert_eq!(
        bench.cluster.states().len(),
        1,
        "nothing is noted of what is only read"
    );
    bench.server.state().denied.insert("sys/leases/revoke".to_owned());
    let problem = bench.generators.undo(&state).await.expect_err("no right to");
    assert!(matches!(problem, Problem::Refused { .. }), "{problem}");
}

#[tokio::test]
async fn a_certificate_is_noted_with_its_end_alone() {
    let bench = Bench::new(false).await;
    let ends = now().as_second() + 90 * 86_400;
    bench.server.put(
        "pki/issue/app",
        200,
        json!({"data": {"certificate": "PEM", "expiration": ends}}),
    );
    let page = bench.page();
    bench.generate("pki/issue/app", &page).await.expect("values");
    let noted = page.record(|_| ()).await.expect("written").expect("a note");
    assert!(kept::account(&noted).life.is_some());
    assert!(noted.content.as_value().get("token").is_none());
    bench.lines();
    bench.generators.undo(&noted).await.expect("nothing to undo");
    assert!(bench.lines().is_empty());
}
