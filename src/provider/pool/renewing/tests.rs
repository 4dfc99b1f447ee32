use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures::future::join_all;

use super::super::closing::Closing;
use super::super::dial::NoLink;
use super::*;
use crate::cluster::DocumentKind;
use crate::provider::testing::TestCluster;
use crate::provider::{Aspect, References, StoreScope};

/// Connects to a backend that serves those who have the token of this number or a later one.
#[derive(Debug)]
struct Door {
    cluster: Arc<TestCluster>,
    wanted: Arc<AtomicUsize>,
    made: Arc<AtomicUsize>,
    /// The tokens that were given back.
    closed: Arc<Mutex<Vec<usize>>>,
    is_referent: bool,
    closing: Closing,
}

#[derive(Debug)]
struct Guarded {
    wanted: Arc<AtomicUsize>,
    token: usize,
    closed: Arc<Mutex<Vec<usize>>>,
}

#[async_trait]
impl Dial for Door {
    async fn dial(&self) -> Result<Link, NoLink> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let token = self.made.fetch_add(1, SeqCst);
        let scope = StoreScope::Cluster {
            consumer: Some("a".into()),
        };
        let references = References::new(self.cluster.clone(), scope);
        let mut selector = serde_json::json!({"name": "creds", "key": "k"});
        if !self.is_referent || token == 0 {
            selector["namespace"] = "a".into();
        }
        let selector = serde_json::from_value(selector).expect("a selector");
        references.secret_key(&selector, "f").await.expect("a credential");
        Ok(Link {
            backend: Arc::new(Guarded {
                wanted: self.wanted.clone(),
                token,
                closed: self.closed.clone(),
            }),
            references,
            closing: self.closing.clone(),
        })
    }
}

impl Guarded {
    fn admit(&self, key: &str) -> Result<(), Problem> {
        if key != "forbidden" && self.token >= self.wanted.load(SeqCst) {
            return Ok(());
        }
        let (what, why) = (key.to_owned(), "403".to_owned());
        let problem = match key {
            "session" => Problem::Expired { what, why },
            _ => Problem::Refused { what, why },
        };
        Err(problem.at("deep inside"))
    }
}

#[async_trait]
impl Backend for Guarded {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        let answer = |location: &Location| {
            let token = self.token.to_string();
            self.admit(&location.key).map(|()| Payload::Bytes(token.into()))
        };
        wanted.iter().map(answer).collect()
    }

    async fn find(&self, _: &Find) -> Result<Values, Problem> {
        self.admit("find").map(|()| Values::new())
    }

    async fn check(&self) -> Result<Health, Problem> {
        self.admit("check").map(|()| Health::Ready)
    }

    fn select(&self, _: &Payload, _: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        Ok(None)
    }

    fn explode(&self, _: &Payload, _: Option<&str>) -> Result<Option<Values>, Problem> {
        Ok(None)
    }

    fn limits(&self) -> Limits {
        Limits::default()
    }

    async fn close(&self) {
        self.closed.lock().expect("unpoisoned").push(self.token);
    }
}

const TOKENS: [&str; 4] = ["0", "1", "2", "3"];

struct Scene {
    cluster: Arc<TestCluster>,
    renewing: Renewing,
    wanted: Arc<AtomicUsize>,
    made: Arc<AtomicUsize>,
    closed: Arc<Mutex<Vec<usize>>>,
    closing: Closing,
}

/// Another version of the credential.
fn put(cluster: &TestCluster) {
    cluster.put(DocumentKind::Secret, "a", "creds", &[("k", "v")]);
}

async fn scene(is_referent: bool) -> Scene {
    let (wanted, made, closed, closing) = Default::default();
    let cluster = Arc::<TestCluster>::default();
    put(&cluster);
    let door = Door {
        cluster: cluster.clone(),
        wanted,
        made,
        closed,
        is_referent,
        closing,
    };
    let (wanted, made) = (door.wanted.clone(), door.made.clone());
    let (closed, closing) = (door.closed.clone(), door.closing.clone());
    let link = door.dial().await.expect("a connection");
    Scene {
        cluster,
        renewing: Renewing::new(Box::new(door), link),
        wanted,
        made,
        closed,
        closing,
    }
}

impl Scene {
    /// The token that each of these keys was read with; none for those that were refused.
    async fn read(&self, keys: &[&str]) -> Vec<Option<&'static str>> {
        let locations: Vec<_> = keys
            .iter()
            .map(|key| Location {
                key: (*key).to_owned(),
                version: None,
                aspect: Aspect::Value,
                property: None,
            })
            .collect();
        let answers = self.renewing.read(&locations).await.into_iter();
        let shown = answers.map(|answer| match answer {
            Ok(Payload::Bytes(token)) => TOKENS
                .into_iter()
                .find(|known| token.expose() == known.as_bytes()),
            Ok(Payload::Map(_)) | Err(_) => None,
        });
        shown.collect()
    }

    /// From now on only another credential is accepted.
    fn rotate(&self) {
        self.wanted.fetch_add(1, SeqCst);
        put(&self.cluster);
    }

    fn logins(&self) -> usize {
        self.made.load(SeqCst)
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_asked_once_more_with_a_new_connection() {
    let scene = scene(false).await;
    assert_eq!(scene.read(&["a"]).await, [Some("0")]);
    scene.rotate();
    assert_eq!(scene.read(&["a", "b"]).await, [Some("1"), Some("1")]);
    assert_eq!(scene.read(&["a"]).await, [Some("1")]);
    assert_eq!(scene.logins(), 2);
}

#[tokio::test(start_paused = true)]
async fn only_what_was_refused_is_asked_again() {
    let scene = scene(false).await;
    assert_eq!(
        scene.read(&["a", "forbidden", "b"]).await,
        [Some("0"), None, Some("0")]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_really_forbidden_does_not_log_in_again_and_again() {
    let scene = scene(false).await;
    for logins in [1, 2] {
        for _ in 0..9 {
            assert_eq!(scene.read(&["forbidden"]).await, [None]);
            tokio::time::advance(PAUSE).await;
        }
        assert_eq!(scene.logins(), logins);
        scene.rotate();
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_of_some_age_is_made_anew_for_the_next_one_may_be_granted_more() {
    let scene = scene(false).await;
    scene.wanted.store(1, SeqCst);
    assert_eq!(scene.read(&["a"]).await, [None]);
    tokio::time::advance(AGE).await;
    assert_eq!(scene.read(&["a"]).await, [Some("1")]);
    tokio::time::advance(PAUSE).await;
    assert_eq!(scene.read(&["forbidden"]).await, [None]);
    assert_eq!(scene.logins(), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_looks_again_and_again() {
    let scene = scene(false).await;
    assert_eq!(scene.read(&["forbidden"]).await, [None]);
    scene.rotate();
    assert_eq!(scene.read(&["a"]).await, [None]);
    tokio::time::advance(PAUSE).await;
    assert_eq!(scene.read(&["a"]).await, [Some("1")]);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_has_ended_is_made_anew_though_nothing_has_changed() {
    let scene = scene(false).await;
    scene.wanted.store(1, SeqCst);
    assert_eq!(
        scene.read(&["a", "session", "forbidden"]).await,
        [Some("1"), Some("1"), None]
    );
    scene.wanted.store(2, SeqCst);
    assert_eq!(scene.read(&["session"]).await, [None]);
    assert_eq!(scene.logins(), 2);
}

#[tokio::test(start_paused = true)]
async fn those_who_are_refused_together_renew_together() {
    let scene = scene(false).await;
    scene.rotate();
    let reads = join_all([scene.read(&["a"]), scene.read(&["b"])]).await;
    assert_eq!(reads, [[Some("1")], [Some("1")]]);
    let query = Find::default();
    let (found, checked) = tokio::join!(scene.renewing.find(&query), scene.renewing.check());
    assert_eq!((found, checked), (Ok(Values::new()), Ok(Health::Ready)));
    assert_eq!(scene.logins(), 2);
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_call_renews() {
    let scene = scene(false).await;
    scene.rotate();
    assert_eq!(scene.renewing.check().await, Ok(Health::Ready));
    assert_eq!(scene.logins(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_serves_everybody_never_takes_one_namespace_s_credentials() {
    let scene = scene(true).await;
    scene.rotate();
    assert_eq!(scene.read(&["a"]).await, [None]);
    assert_eq!(scene.logins(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_closed_once_when_it_is_replaced_and_when_nobody_holds_it_any_more() {
    let scene = scene(false).await;
    let closed = scene.closed.clone();
    let closed = || closed.lock().expect("unpoisoned").clone();
    scene.rotate();
    assert_eq!(scene.read(&["a"]).await, [Some("1")]);
    scene.closing.finish(PAUSE).await;
    assert_eq!(closed(), [0]);
    let Scene {
        renewing, closing, ..
    } = scene;
    drop(renewing);
    closing.finish(PAUSE).await;
    assert_eq!(closed(), [0, 1]);
}
