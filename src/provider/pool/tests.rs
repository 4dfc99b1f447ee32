use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use super::*;
use crate::cluster::DocumentKind;
use crate::engine::ask::{Aspect, Location};
use crate::engine::object::ObjectKey;
use crate::provider::testing::{TestCluster, store};

fn key(name: &str) -> StoreKey {
    StoreKey::Namespaced(ObjectKey::new("own", name))
}

fn fake(generation: i64, value: &str) -> Arc<Store> {
    store(
        key("fake"),
        generation,
        &json!({"fake": {"data": [{"key": "k", "value": value}]}}),
    )
}

/// A store whose connection takes a token of a ServiceAccount to make, and nothing else.
fn kubernetes(key: StoreKey, namespace: Option<&str>) -> Arc<Store> {
    let account = json!({"name": "reader", "namespace": namespace});
    store(
        key,
        1,
        &json!({"kubernetes": {"server": {"url": "http://127.0.0.1:1"}, "auth": {"serviceAccount": account}}}),
    )
}

fn cluster_key() -> StoreKey {
    StoreKey::Cluster("all".into())
}

fn slow_cluster() -> Arc<TestCluster> {
    TestCluster::slow(Duration::from_secs(1))
}

fn pool(cluster: &Arc<TestCluster>) -> Pool {
    Pool::new(cluster.clone(), Calls::default(), Rules::default())
}

fn tokens(cluster: &TestCluster) -> usize {
    cluster.tokens.load(std::sync::atomic::Ordering::SeqCst)
}

async fn value(pool: &Pool, store: &Arc<Store>) -> Result<crate::engine::secret_bytes::SecretBytes, Problem> {
    let reader = pool.connection(store, "own").await?;
    reader.value(location(), None).await
}

fn location() -> Location {
    Location {
        key: "k".into(),
        version: None,
        aspect: Aspect::Value,
        property: None,
    }
}

#[tokio::test]
async fn a_connection_is_kept_until_its_store_changes_or_goes() {
    let pool = pool(&Arc::default());
    let first = pool
        .connection(&fake(1, "one"), "own")
        .await
        .expect("a connection");
    let again = pool
        .connection(&fake(1, "one"), "own")
        .await
        .expect("a connection");
    assert!(Arc::ptr_eq(&first, &again));
    assert_eq!(value(&pool, &fake(2, "two")).await, Ok("two".into()));
    let second = pool
        .connection(&fake(2, "two"), "own")
        .await
        .expect("a connection");
    pool.reset(&key("fake"));
    let third = pool
        .connection(&fake(2, "two"), "own")
        .await
        .expect("a connection");
    pool.forget(&key("fake"));
    let fourth = pool
        .connection(&fake(2, "two"), "own")
        .await
        .expect("a connection");
    assert!(!Arc::ptr_eq(&second, &third) && !Arc::ptr_eq(&third, &fourth));
}

#[tokio::test(start_paused = true)]
async fn those_who_come_together_share_one_login() {
    let cluster = slow_cluster();
    let (pool, store) = (pool(&cluster), kubernetes(key("k"), None));
    let readers = join_all((0..50).map(|_| pool.connection(&store, "own"))).await;
    let first = readers[0].as_ref().expect("a connection");
    assert!(
        readers
            .iter()
            .all(|reader| reader.as_ref().is_ok_and(|reader| Arc::ptr_eq(reader, first)))
    );
    assert_eq!(tokens(&cluster), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_store_with_its_own_credentials_logs_in_once_for_all_namespaces() {
    let cluster = slow_cluster();
    let (pool, store) = (pool(&cluster), kubernetes(cluster_key(), Some("infra")));
    let namespaces: Vec<_> = (0..20).map(|nth| format!("n{nth}")).collect();
    let readers = join_all(
        namespaces
            .iter()
            .map(|namespace| pool.connection(&store, namespace)),
    )
    .await;
    assert!(readers.iter().all(Result::is_ok));
    assert_eq!(tokens(&cluster), 1);
}

#[tokio::test(start_paused = true)]
async fn referents_are_logged_in_for_each_namespace_and_never_shared() {
    let cluster = slow_cluster();
    let (pool, store) = (pool(&cluster), kubernetes(cluster_key(), None));
    let namespaces = ["a", "b", "a", "b", "c"];
    let readers = join_all(namespaces.map(|namespace| pool.connection(&store, namespace))).await;
    let readers: Vec<_> = readers
        .into_iter()
        .map(|reader| reader.expect("a connection"))
        .collect();
    for (nth, other) in [(0, 2), (1, 3)] {
        assert!(Arc::ptr_eq(&readers[nth], &readers[other]));
    }
    for (nth, other) in [(0, 1), (0, 4), (1, 4)] {
        assert!(!Arc::ptr_eq(&readers[nth], &readers[other]));
    }
    assert_eq!(tokens(&cluster), 3);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_its_users_credentials_is_valid_untouched() {
    let cluster = slow_cluster();
    let (pool, store) = (pool(&cluster), kubernetes(cluster_key(), None));
    assert_eq!(pool.check(&store).await, Verdict::Valid);
    assert_eq!(tokens(&cluster), 0);
    pool.connection(&store, "a").await.expect("a connection");
    assert_eq!(pool.check(&store).await, Verdict::Valid);
    assert_eq!(tokens(&cluster), 1);
}

#[tokio::test(start_paused = true)]
async fn a_check_tells_what_stands_in_the_way() {
    let cluster = Arc::<TestCluster>::default();
    let pool = pool(&cluster);
    let checked = |result: u8| {
        store(
            key("f"),
            result.into(),
            &json!({"fake": {"data": [], "validationResult": result}}),
        )
    };
    assert_eq!(pool.check(&checked(0)).await, Verdict::Valid);
    assert!(matches!(pool.check(&checked(1)).await, Verdict::Doubtful { .. }));
    assert!(matches!(
        pool.check(&checked(2)).await,
        Verdict::Failed(Problem::BadData { .. })
    ));
    let broken = store(key("b"), 1, &json!({}));
    assert!(matches!(
        pool.check(&broken).await,
        Verdict::NoConnection(Problem::StoreBroken { .. })
    ));
    let account = json!({"serviceAccount": {"name": "nobody"}});
    let nobody = store(key("n"), 1, &json!({"kubernetes": {"auth": account}}));
    let missing = pool.check(&nobody).await;
    assert!(matches!(
        missing,
        Verdict::NoConnection(Problem::ReferenceMissing { .. })
    ));
    let later = store(key("l"), 1, &json!({"conjur": {}}));
    assert!(matches!(
        pool.check(&later).await,
        Verdict::NoConnection(Problem::NotSupported { .. })
    ));
    let closed = pool.check(&kubernetes(key("k"), None)).await;
    assert!(matches!(closed, Verdict::Doubtful { .. }), "{closed:?}");
}

fn with_token(generation: i64) -> Arc<Store> {
    let auth = json!({"token": {"bearerToken": {"name": "creds", "key": "token"}}});
    store(
        key("t"),
        generation,
        &json!({"kubernetes": {"server": {"url": "http://127.0.0.1:1"}, "auth": auth}}),
    )
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_those_who_wait_and_not_kept() {
    let cluster = slow_cluster();
    let (pool, store) = (pool(&cluster), with_token(1));
    let both = join_all([pool.connection(&store, "own"), pool.connection(&store, "own")]).await;
    for failure in both {
        assert_eq!(failure.expect_err("no Secret").reason(), "ReferenceMissing");
    }
    cluster.put(DocumentKind::Secret, "own", "creds", &[("token", "t")]);
    assert!(pool.connection(&store, "own").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_connection_goes_with_the_credentials_it_was_built_from() {
    let cluster = Arc::<TestCluster>::default();
    let (pool, store, secret) = (pool(&cluster), with_token(1), DocumentKind::Secret);
    let connect = async || pool.connection(&store, "own").await.expect("a connection");
    cluster.put(secret, "own", "creds", &[("token", "one")]);
    let first = connect().await;
    let used = pool.uses(&key("t"));
    assert_eq!(
        used.iter().map(|used| used.key.to_string()).collect::<Vec<_>>(),
        ["own/creds"]
    );
    pool.refresh_if_stale(&key("t")).await;
    pool.on_change(&ObjectRef::secret("own", "other"), None);
    pool.on_change(&ObjectRef::secret("own", "creds"), Some(&used[0].version));
    assert!(Arc::ptr_eq(&first, &connect().await));

    cluster.put(secret, "own", "creds", &[("token", "two")]);
    pool.refresh_if_stale(&key("t")).await;
    let second = connect().await;
    assert!(!Arc::ptr_eq(&first, &second));
    pool.on_change(&ObjectRef::secret("own", "creds"), Some("newer"));
    let third = connect().await;
    assert!(!Arc::ptr_eq(&second, &third));
    cluster.remove(secret, "own", "creds");
    pool.refresh_if_stale(&key("t")).await;
    assert!(pool.connection(&store, "own").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn building_has_a_deadline() {
    let cluster = TestCluster::slow(Duration::from_hours(1));
    let refused = pool(&cluster)
        .connection(&with_token(1), "own")
        .await
        .expect_err("too late");
    assert_eq!(refused.to_string(), "SecretStore own/t: no connection within 30s");
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_goes_away_is_told_once_and_no_longer_asked() {
    let pool = pool(&Arc::default());
    let store = kubernetes(key("k"), None);
    let reader = pool.connection(&store, "own").await.expect("a connection");
    let mut told = Vec::new();
    for _ in 0..7 {
        let problem = reader.read(location()).await.expect_err("nobody listens there");
        told.push(problem.to_string().contains("lockstep looks every few seconds"));
    }
    assert_eq!(told, [false, false, false, false, false, true, true]);
    let (told, tidings) = pool.turned().await;
    assert_eq!((told, tidings.turn), (key("k"), Some(Turn::Away)));
    assert!(futures::FutureExt::now_or_never(pool.turned()).is_none());
    pool.reset(&key("k"));
    let reader = pool.connection(&store, "own").await.expect("a connection");
    let problem = reader.read(location()).await.expect_err("nobody listens there");
    assert!(
        !problem.to_string().contains("lockstep"),
        "another backend, as far as we know: {problem}"
    );
}
