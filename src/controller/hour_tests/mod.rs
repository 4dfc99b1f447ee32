//! An hour in which nothing that generators made can be undone, counted where it is made. The hour is told by the queues'
//! own schedules, so that it takes as long as its calls.

mod cluster;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lockstep_api::{Condition, ConditionStatus, ConditionType, ExternalSecret};
use lockstep_testkit::{Asked, Fate, Gitlab, eventually};
use serde_json::json;

use self::cluster::Small;
use super::testing::context;
use super::{Context, external_secret, generator_state};
use crate::cluster::Cluster;
use crate::engine::object::ObjectKey;
use crate::queue::schedule::Schedule;

const CANARY: &str = "canary-3d07";
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// Back-off ends at seven minutes; whatever failed is tried again by then.
const A_WHILE: Duration = Duration::from_mins(8);
/// A queue that never comes to rest is a failure, not a test without an end.
const MOST_TURNS: usize = 3000;
/// 1 s, 2 s, 4 s … 7 min: that many times in an hour.
const MOST_TRIES: usize = 18;

thread_local! {
    static SINCE_START: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Each test has a thread, and so a clock of its own.
fn clock() -> Timestamp {
    let start = Timestamp::from_second(1_800_000_000).expect("a time");
    start.checked_add(SINCE_START.get()).expect("a time")
}

/// All that one process knows; a restart makes another.
struct Process {
    context: Context,
    memory: Arc<external_secret::Memory>,
    owners: Schedule<ObjectKey>,
    notes: Schedule<ObjectKey>,
}

struct Scene {
    gitlab: Gitlab,
    cluster: Arc<Small>,
    process: Process,
    start: Instant,
    turns: usize,
}

fn app() -> ObjectKey {
    ObjectKey::new("team", "app")
}

impl Scene {
    /// An ExternalSecret that has a token of GitLab.
    async fn new(interval: &str) -> Self {
        SINCE_START.set(Duration::ZERO);
        let gitlab = Gitlab::start(&format!("{CANARY}-key"), &["projects/42"]).await;
        let gitlab = gitlab.expect("a server");
        let cluster = Small::of(&manifests(&gitlab, interval)).await;
        let mut scene = Self {
            process: Process::begin(&cluster),
            gitlab,
            cluster,
            start: Instant::now(),
            turns: 0,
        };
        scene.process.owners.wake(&app(), scene.start);
        scene.pass(Duration::from_secs(1)).await;
        scene.is_ready();
        assert_eq!((scene.left(), scene.cluster.notes().len()), (1, 1));
        scene
    }

    /// Lets that much time pass, and everything be done that falls due meanwhile.
    async fn pass(&mut self, time: Duration) {
        let end = SINCE_START.get() + time;
        loop {
            let now = self.start + SINCE_START.get();
            self.hear(now);
            if self.owner(now).await || self.note(now).await {
                self.turns += 1;
                assert!(self.turns < MOST_TURNS, "it never comes to rest");
                continue;
            }
            let timers = [self.process.owners.next_timer(), self.process.notes.next_timer()];
            let next = timers.into_iter().flatten().min().map(|at| at - self.start);
            match next.filter(|next| *next <= end) {
                Some(next) => SINCE_START.set(next),
                None => break,
            }
        }
        SINCE_START.set(end);
    }

    async fn owner(&mut self, now: Instant) -> bool {
        let Some(turn) = self.process.owners.pop(now) else {
            return false;
        };
        let (context, memory) = (self.process.context.clone(), self.process.memory.clone());
        let next = external_secret::reconcile(context, memory, turn.key.clone()).await;
        self.hear(now);
        self.process.owners.finish(&turn.key, next, now);
        true
    }

    async fn note(&mut self, now: Instant) -> bool {
        let Some(turn) = self.process.notes.pop(now) else {
            return false;
        };
        let next = generator_state::reconcile(self.process.context.clone(), turn.key.clone()).await;
        // A watch may tell of what a turn did before the turn is over.
        self.hear(now);
        self.process.notes.finish(&turn.key, next, now);
        true
    }

    fn hear(&mut self, now: Instant) {
        for key in self.cluster.changed() {
            self.process.notes.wake(&key, now);
        }
    }

    /// Whoever comes next is told of everything that is there, and knows nothing else.
    fn restart(&mut self) {
        self.process = Process::begin(&self.cluster);
        let now = self.start + SINCE_START.get();
        self.process.owners.wake(&app(), now);
        for note in self.cluster.notes().iter() {
            self.process.notes.wake(&note.key, now);
        }
    }

    fn object(&self) -> Arc<ExternalSecret> {
        self.cluster.external_secret(&app()).expect("it is there")
    }

    fn ready(&self) -> Condition {
        let status = self.object().status.clone().unwrap_or_default();
        let mut conditions = status.conditions.into_iter();
        conditions
            .find(|condition| condition.kind == ConditionType::Ready)
            .expect("a condition")
    }

    fn is_ready(&self) {
        let ready = self.ready();
        assert_eq!(ready.status, ConditionStatus::True, "{:?}", ready.message);
    }

    fn left(&self) -> usize {
        self.gitlab.world().tokens.len()
    }

    /// What workloads use is good.
    async fn is_used(&self) {
        let target = self.cluster.read_target(&app()).await.expect("an answer");
        let (_, values) = target.expect("a Secret");
        let is_good = |token: &str| values["token"].expose() == token.as_bytes();
        let world = self.gitlab.world();
        assert!(
            world.tokens.values().any(|token| is_good(&token.secret)),
            "the Secret holds a token that is no more"
        );
    }

    /// One token, one note of it, and all is well, as soon as nobody uses an earlier one any more.
    async fn is_in_step(&mut self) {
        for _ in 0..5 {
            if self.cluster.notes().len() > 1 {
                self.pass(MINUTE).await;
            }
        }
        self.is_ready();
        self.is_used().await;
        assert_eq!((self.left(), self.cluster.notes().len()), (1, 1));
    }

    /// No token is lost: each has its note, and each note that could not be settled says why.
    fn nothing_is_lost(&self) {
        for note in self.cluster.notes().iter() {
            assert!(!note.finalizers.is_empty(), "{} lost its mark", note.key);
            let is_due = note.deadline.is_some_and(|deadline| deadline + MINUTE < clock());
            let complaint = note.complaint.as_deref().unwrap_or_default();
            assert!(!complaint.contains(CANARY), "a token was told");
            assert!(
                !is_due || complaint.starts_with("could not cleanup generator state: deploy tokens of 42: "),
                "{} says {complaint:?}",
                note.key
            );
        }
    }
}

impl Process {
    fn begin(cluster: &Arc<Small>) -> Self {
        let mut context = context(cluster.clone());
        context.clock = clock;
        context.settings.grace = MINUTE * 2;
        Self {
            context,
            memory: Arc::default(),
            owners: Schedule::default(),
            notes: Schedule::default(),
        }
    }
}

fn manifests(gitlab: &Gitlab, interval: &str) -> String {
    let metadata = |name: &str| json!({"name": name, "namespace": "team"});
    let generators = "generators.external-secrets.io/v1alpha1";
    let reference = json!({"apiVersion": generators, "kind": "GitlabDeployToken", "name": "gen"});
    let all = [
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": metadata("creds"),
            "stringData": {"token": format!("{CANARY}-key")},
        }),
        json!({
            "apiVersion": generators, "kind": "GitlabDeployToken", "metadata": metadata("gen"),
            "spec": {
                "url": gitlab.url(), "projectID": "42", "name": "deploy", "scopes": ["read_repository"],
                "auth": {"token": {"secretRef": {"name": "creds", "key": "token"}}},
            },
        }),
        json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": metadata("app"),
            "spec": {"refreshInterval": interval, "dataFrom": [{"sourceRef": {"generatorRef": reference}}]},
        }),
    ];
    all.map(|manifest| manifest.to_string()).join("\n---\n")
}

/// A backend that is away in every way, one after the other.
fn away(carries_out: bool) -> impl Fn() -> Fate + Send + Sync {
    let asked = AtomicUsize::default();
    move || match asked.fetch_add(1, SeqCst) % 4 {
        0 => Fate::status(503, CANARY),
        1 => Fate::Cut {
            carried_out: carries_out,
        },
        2 => Fate::status(502, CANARY),
        _ => Fate::status(500, CANARY),
    }
}

fn is(asked: &Asked, method: &str) -> bool {
    asked.method == method
}

/// What is made goes well, and nothing can be deleted.
fn nothing_is_deleted(gitlab: &Gitlab) {
    let away = away(false);
    gitlab
        .faults()
        .are(move |asked| if is(asked, "DELETE") { away() } else { Fate::Pass });
}

#[tokio::test]
async fn a_clean_up_that_fails_for_an_hour_loses_nothing_and_is_made_up_for() {
    let mut scene = Scene::new("10m").await;
    nothing_is_deleted(&scene.gitlab);
    for half in [1, 2] {
        scene.pass(HOUR / 2).await;
        scene.nothing_is_lost();
        scene.is_ready();
        scene.is_used().await;
        if half == 1 {
            scene.restart();
        }
    }
    let made = scene.gitlab.world().made;
    assert!((6..=12).contains(&made), "{made} were made in an hour");
    assert_eq!(scene.left() as u64, made, "nothing could be deleted");
    assert_eq!(scene.cluster.notes().len(), scene.left(), "a note for each");
    let tries = scene.gitlab.faults().traffic().of("DELETE ");
    // A restart begins anew with each.
    let most = 2 * MOST_TRIES * scene.left();
    assert!(tries > scene.left() && tries < most, "{tries} tries");

    scene.gitlab.faults().always(Fate::Pass);
    scene.pass(A_WHILE).await;
    scene.is_in_step().await;
}

#[tokio::test]
async fn an_hour_in_which_nothing_is_answered_leaves_one_token() {
    let mut scene = Scene::new("10m").await;
    let away = away(true);
    scene.gitlab.faults().are(move |_| away());
    scene.gitlab.faults().forget();
    for half in [1, 2] {
        scene.pass(HOUR / 2).await;
        scene.nothing_is_lost();
        scene.is_used().await;
        assert_eq!(scene.ready().status, ConditionStatus::False);
        if half == 1 {
            scene.restart();
        }
    }
    let traffic = scene.gitlab.faults().traffic();
    let (asked, notes) = (traffic.of("POST "), scene.cluster.notes().len());
    assert!(scene.left() > 1, "some were made that nobody was told of");
    assert!(asked > 6 && asked <= 2 * MOST_TRIES, "{asked} were asked for");
    assert!(
        traffic.total() < notes * 2 * MOST_TRIES,
        "{} calls",
        traffic.total()
    );

    scene.gitlab.faults().always(Fate::Pass);
    scene.pass(A_WHILE * 2).await;
    scene.is_in_step().await;
}

#[tokio::test]
async fn what_cannot_be_deleted_does_not_pile_up_without_end() {
    let mut scene = Scene::new("1m").await;
    nothing_is_deleted(&scene.gitlab);
    scene.pass(HOUR).await;
    // Twenty, the one in use, and those that were not tried yet.
    assert!((21..=25).contains(&scene.left()), "{} are there", scene.left());
    scene.nothing_is_lost();
    scene.is_used().await;
    assert_eq!(scene.ready().status, ConditionStatus::False);
    let status = format!("{:?}", scene.object().status);
    assert!(
        status.contains("20 of what it made before could not be undone"),
        "{status}"
    );
    let before = scene.gitlab.world().made;
    scene.restart();
    scene.pass(HOUR).await;
    assert_eq!(scene.gitlab.world().made, before, "a restart forgot how many");

    scene.gitlab.faults().always(Fate::Pass);
    scene.pass(A_WHILE * 2).await;
    scene.is_ready();
    scene.is_used().await;
    // The one in use, and those of the grace period.
    assert!(scene.left() <= 5, "{} are left", scene.left());
}

#[tokio::test]
async fn an_object_that_is_deleted_meanwhile_leaves_nothing_in_the_end() {
    let mut scene = Scene::new("10m").await;
    nothing_is_deleted(&scene.gitlab);
    scene.pass(MINUTE * 20).await;
    let uid = scene.object().metadata.uid.clone().unwrap_or_default();
    scene.cluster.delete(&uid);
    let now = scene.start + SINCE_START.get();
    scene.process.owners.wake(&app(), now);
    scene.pass(HOUR / 2).await;
    scene.nothing_is_lost();
    let (left, notes) = (scene.left(), scene.cluster.notes().clone());
    assert!(left > 1 && notes.len() == left, "{left} and {}", notes.len());
    assert!(notes.iter().all(|note| note.complaint.is_some()), "each says why");
    scene.restart();
    scene.gitlab.faults().always(Fate::Pass);
    scene.pass(A_WHILE).await;
    assert_eq!((scene.left(), scene.cluster.notes().len()), (0, 0));
}

#[tokio::test]
async fn who_is_killed_between_the_note_and_the_token_leaves_neither() {
    let mut scene = Scene::new("10m").await;
    scene.pass(MINUTE * 4).await;
    scene.gitlab.faults().are(|asked| {
        let is_making = is(asked, "POST");
        if is_making {
            Fate::Hang { carried_out: true }
        } else {
            Fate::Pass
        }
    });
    let made = scene.gitlab.world().made;
    let killed = {
        let gitlab = &scene.gitlab;
        let is_made = eventually("a token that nobody hears of", MINUTE, async || {
            let now = gitlab.world().made;
            if now > made { Ok(()) } else { Err(now) }
        });
        let (context, memory) = (scene.process.context.clone(), scene.process.memory.clone());
        SINCE_START.set(HOUR);
        tokio::select! {
            next = external_secret::reconcile(context, memory, app()) => panic!("{next:?}"),
            killed = is_made => killed,
        }
    };
    killed.expect("a token");
    assert_eq!((scene.left(), scene.cluster.notes().len()), (2, 2));
    scene.gitlab.faults().always(Fate::Pass);
    scene.restart();
    scene.pass(A_WHILE).await;
    scene.is_in_step().await;
}
