use serde_json::json;

use super::*;
use crate::engine::object::ObjectKey;
use crate::provider::testing;

/// A connection, and the one Secret it was built from.
#[derive(Clone, Debug, PartialEq)]
struct Wire(&'static str, &'static str);

impl Connection for Wire {
    fn is_outdated_by(&self, document: &ObjectRef, version: Option<&str>) -> bool {
        document.kind == "Secret" && document.name == self.1 && version != Some("1")
    }

    fn token_age(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.0.len() as u64))
    }
}

fn cluster_store(generation: i64) -> Arc<Store> {
    testing::store(
        StoreKey::Cluster("s".into()),
        generation,
        &json!({"fake": {"data": []}}),
    )
}

fn own_store(name: &str) -> Arc<Store> {
    testing::store(
        StoreKey::Namespaced(ObjectKey::new("own", name)),
        1,
        &json!({"fake": {"data": []}}),
    )
}

fn shelves() -> Shelves<Wire> {
    Shelves::new(2)
}

fn ticket(shelves: &mut Shelves<Wire>, store: &Store, consumer: Option<&str>) -> Ticket {
    match shelves.search(store, consumer, Instant::now()) {
        Search::ToBuild(ticket) => ticket,
        other => panic!("expected a ticket, not {other:?}"),
    }
}

/// Builds what is searched for.
fn build(shelves: &mut Shelves<Wire>, store: &Store, consumer: Option<&str>, is_referent: bool, wire: Wire) {
    let ticket = ticket(shelves, store, consumer);
    shelves.put(&ticket, consumer, is_referent, Some(wire));
}

fn found(shelves: &mut Shelves<Wire>, store: &Store, consumer: Option<&str>) -> Option<&'static str> {
    match shelves.search(store, consumer, Instant::now()) {
        Search::Found(Wire(name, _)) => Some(name),
        Search::ToBuild(_) | Search::NoUser => None,
    }
}

#[test]
fn what_no_referent_took_part_in_serves_everybody() {
    let (mut shelves, store) = (shelves(), cluster_store(1));
    build(&mut shelves, &store, Some("a"), false, Wire("common", "x"));
    for consumer in [Some("a"), Some("b"), None] {
        assert_eq!(found(&mut shelves, &store, consumer), Some("common"));
    }
}

#[test]
fn what_a_referent_took_part_in_serves_its_namespace_alone() {
    let (mut shelves, store) = (shelves(), cluster_store(1));
    build(&mut shelves, &store, Some("a"), true, Wire("of a", "x"));
    assert_eq!(found(&mut shelves, &store, Some("a")), Some("of a"));
    assert_eq!(found(&mut shelves, &store, Some("b")), None);
    assert!(matches!(
        shelves.search(&store, None, Instant::now()),
        Search::NoUser
    ));
    assert_eq!(ticket(&mut shelves, &store, Some("b")).lane, Lane::Of("b".into()));
}

#[test]
fn a_failure_teaches_whom_the_credentials_belong_to() {
    let (mut shelves, store) = (shelves(), cluster_store(1));
    let first = ticket(&mut shelves, &store, None);
    assert_eq!(first.lane, Lane::Common);
    shelves.put(&first, None, false, None);
    assert_eq!(
        ticket(&mut shelves, &store, Some("a")).lane,
        Lane::Common,
        "nothing was learnt"
    );
    shelves.put(&first, None, true, None);
    assert_eq!(ticket(&mut shelves, &store, Some("a")).lane, Lane::Of("a".into()));
}

#[test]
fn another_generation_or_uid_starts_anew_and_late_builds_are_dropped() {
    let mut shelves = shelves();
    let early = ticket(&mut shelves, &cluster_store(1), Some("a"));
    build(
        &mut shelves,
        &cluster_store(2),
        Some("a"),
        false,
        Wire("new", "x"),
    );
    shelves.put(&early, Some("a"), false, Some(Wire("old", "x")));
    assert_eq!(found(&mut shelves, &cluster_store(2), Some("a")), Some("new"));

    let kept = ticket(&mut shelves, &cluster_store(3), Some("a")).keepsake;
    kept.keep("k", "v".into());
    let same = ticket(&mut shelves, &cluster_store(4), Some("a")).keepsake;
    assert!(same.get("k").is_some(), "a store remembers");
    let recreated = Arc::new(Store {
        uid: "other".into(),
        ..(*cluster_store(4)).clone()
    });
    assert!(
        ticket(&mut shelves, &recreated, Some("a"))
            .keepsake
            .get("k")
            .is_none()
    );
}

#[test]
fn reset_keeps_what_the_store_remembers_and_forget_does_not() {
    let (mut shelves, store) = (shelves(), own_store("s"));
    let before = ticket(&mut shelves, &store, None);
    before.keepsake.keep("k", "v".into());
    shelves.put(&before, None, false, Some(Wire("w", "x")));
    shelves.reset(&store.key);
    assert_eq!(found(&mut shelves, &store, None), None);
    shelves.put(&before, None, false, Some(Wire("late", "x")));
    assert_eq!(found(&mut shelves, &store, None), None, "it was under way before");
    assert!(ticket(&mut shelves, &store, None).keepsake.get("k").is_some());
    shelves.forget(&store.key);
    assert!(ticket(&mut shelves, &store, None).keepsake.get("k").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_changed_document_takes_what_was_or_is_being_built_from_it() {
    let (mut shelves, key) = (shelves(), ObjectKey::new("own", "creds"));
    let [map, secret] = ["ConfigMap", "Secret"].map(|kind| ObjectRef::namespaced(kind, &key));
    build(&mut shelves, &own_store("one"), None, false, Wire("one", "creds"));
    build(&mut shelves, &own_store("two"), None, false, Wire("two", "other"));
    let under_way = ticket(&mut shelves, &own_store("three"), None);
    shelves.document_changed(&map, None, Instant::now());
    shelves.document_changed(&secret, Some("1"), Instant::now());
    assert_eq!(found(&mut shelves, &own_store("one"), None), Some("one"));
    shelves.document_changed(&secret, Some("2"), Instant::now());
    assert_eq!(found(&mut shelves, &own_store("one"), None), None);
    assert_eq!(found(&mut shelves, &own_store("two"), None), Some("two"));
    shelves.put(&under_way, None, false, Some(Wire("three", "creds")));
    assert_eq!(found(&mut shelves, &own_store("three"), None), None);

    tokio::time::advance(Duration::from_secs(1)).await;
    build(
        &mut shelves,
        &own_store("three"),
        None,
        false,
        Wire("three", "creds"),
    );
    assert_eq!(found(&mut shelves, &own_store("three"), None), Some("three"));
}

#[test]
fn a_namespace_keeps_only_so_many_connections_of_its_own() {
    let mut shelves = shelves();
    build(
        &mut shelves,
        &cluster_store(1),
        Some("own"),
        true,
        Wire("cluster", "x"),
    );
    build(&mut shelves, &own_store("one"), None, false, Wire("one", "x"));
    assert_eq!(
        found(&mut shelves, &cluster_store(1), Some("own")),
        Some("cluster")
    );
    build(&mut shelves, &own_store("two"), None, false, Wire("two", "x"));
    assert_eq!(
        found(&mut shelves, &own_store("one"), None),
        None,
        "it was used longest ago"
    );
    assert_eq!(found(&mut shelves, &own_store("two"), None), Some("two"));
    build(
        &mut shelves,
        &cluster_store(1),
        Some("b"),
        true,
        Wire("of b", "x"),
    );
    assert_eq!(
        found(&mut shelves, &cluster_store(1), Some("own")),
        Some("cluster"),
        "that is another's"
    );
}

#[test]
fn what_was_learnt_of_a_backend_outlives_its_connections_but_not_its_store() {
    let (mut shelves, store) = (shelves(), cluster_store(1));
    build(&mut shelves, &store, Some("a"), true, Wire("of a", "creds"));
    let gate = ticket(&mut shelves, &store, Some("b")).gate;
    assert!(Arc::ptr_eq(&gate, &ticket(&mut shelves, &store, Some("b")).gate));
    assert!(
        !Arc::ptr_eq(&gate, &ticket(&mut shelves, &store, Some("c")).gate),
        "their own account"
    );
    let edited = ticket(&mut shelves, &cluster_store(2), Some("b")).gate;
    assert!(!Arc::ptr_eq(&gate, &edited), "another server, as far as we know");
}

#[test]
fn gates_that_learnt_nothing_go_when_nobody_needs_them() {
    let (mut shelves, store) = (shelves(), cluster_store(1));
    build(&mut shelves, &store, Some("a"), true, Wire("of a", "x"));
    for nth in 0..10 {
        let ticket = ticket(&mut shelves, &store, Some(&format!("n{nth}")));
        shelves.put(&ticket, Some(&format!("n{nth}")), true, None);
    }
    let kept: usize = shelves.stores.values().map(|stock| stock.gates.len()).sum();
    assert_eq!(kept, 1, "that of the last ticket, which was held");
}

#[test]
fn a_store_is_told_of_as_long_as_it_is_there() {
    let (mut shelves, store) = (shelves(), cluster_store(1));
    build(&mut shelves, &store, Some("a"), true, Wire("old", "x"));
    build(&mut shelves, &store, Some("b"), true, Wire("older", "x"));
    let vitals = shelves.vitals();
    let told = &vitals[0].1;
    assert_eq!(
        (told.connections, told.away, told.token_age),
        (2, 0, Some(Duration::from_secs(5)))
    );
    shelves.forget(&store.key);
    assert!(shelves.vitals().is_empty());
}
