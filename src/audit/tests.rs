use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::sink::Sink;
use super::*;
use crate::courier::{Courier, Pace, Tally};
use crate::engine::ask::Find;
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::target::Digest;
use crate::engine::values::Values;

const CANARY: &str = "canary-4f1c";
const AMPLE: Duration = Duration::from_secs(10);

fn who() -> Who {
    let key = ObjectKey::new("team", "app");
    Who::new(&ObjectRef::namespaced("ExternalSecret", &key), "uid-1")
}

fn read(key: &str) -> Record {
    let store = StoreKey::Cluster("vault".to_owned());
    let asked = Asked::key(key, Some("password"), None);
    Record::new(Action::Read, who()).store(&store).asked(Some(asked))
}

fn told(record: &Record) -> Value {
    serde_json::to_value(record).expect("JSON")
}

fn values(pairs: &[(&str, &str)]) -> Values {
    let pairs = pairs.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).into()))
        .collect()
}

#[test]
fn a_read_says_who_got_what_and_not_the_value() {
    let credentials = [ObjectRef::secret("team", "token")];
    let record = read("db")
        .credentials(&credentials)
        .values(&values(&[("password", CANARY)]));
    assert!(!told(&record).to_string().contains(CANARY));
    let fingerprint = Digest::of(&CANARY.into()).long();
    assert_eq!(
        told(&record),
        json!({
            "action": "read",
            "outcome": "done",
            "for": {"kind": "ExternalSecret", "namespace": "team", "name": "app", "uid": "uid-1"},
            "store": {"kind": "ClusterSecretStore", "name": "vault"},
            "as": [{"kind": "Secret", "namespace": "team", "name": "token"}],
            "key": "db",
            "property": "password",
            "values": {"password": {"after": fingerprint}},
        })
    );
}

#[test]
fn a_write_names_the_values_that_are_other_than_before() {
    let digests = |pairs: &[(&str, &str)]| {
        let values = values(pairs);
        let digests = values.iter().map(|(key, value)| (key.clone(), Digest::of(value)));
        digests.collect()
    };
    let before = digests(&[("gone", "1"), ("other", "2"), ("same", "3")]);
    let after = digests(&[("new", "4"), ("other", "5"), ("same", "3")]);
    let of = |value: &str| Digest::of(&value.into()).long();
    let written = told(&Record::new(Action::Write, who()).changed(&before, &after));
    assert_eq!(
        written["values"],
        json!({
            "gone": {"before": of("1")},
            "new": {"after": of("4")},
            "other": {"before": of("2"), "after": of("5")},
        })
    );
}

#[test]
fn a_search_over_everything_is_one_line_of_bounded_length() {
    let found: Values = (0..1000)
        .map(|number| (format!("key-{number:04}"), "x".into()))
        .collect();
    let find = Find {
        name: Some("^app-".to_owned()),
        ..Find::default()
    };
    let record = read("").asked(Some(Asked::search(&find))).values(&found);
    let told = told(&record);
    assert_eq!(told["find"], json!({"name": "^app-"}));
    assert_eq!(told["values"].as_object().map(serde_json::Map::len), Some(64));
    assert_eq!(told["valuesLeftOut"], 936);
}

#[test]
fn a_refusal_is_told_from_a_failure() {
    let refused = Problem::Refused {
        what: "db".to_owned(),
        why: "HTTP 403".to_owned(),
    };
    let absent = Problem::Absent { key: "db".to_owned() };
    for (problem, outcome, reason) in [
        (refused.at("store"), "refused", "Refused"),
        (absent, "failed", "Absent"),
    ] {
        let told = told(&read("db").ended(Some(&problem)));
        assert_eq!(
            (&told["outcome"], &told["reason"]),
            (&json!(outcome), &json!(reason))
        );
    }
}

#[test]
fn nothing_is_done_where_nobody_listens() {
    Audit::default().tell(|| unreachable!("nobody listens"));
}

#[test]
fn a_line_that_finds_no_room_is_counted_and_shows() {
    let (queue, mut lines) = mpsc::channel(2);
    let tally = Arc::<Tally>::default();
    let lines_out = Outbox::new(queue, tally.clone());
    let audit = Audit::new("run".to_owned(), lines_out, || Timestamp::UNIX_EPOCH);
    let mut numbers = || {
        let mut numbers = Vec::new();
        while let Ok(line) = lines.try_recv() {
            let line: Value = serde_json::from_str(&line).expect("JSON");
            assert_eq!(line["time"], "1970-01-01T00:00:00Z");
            numbers.extend(line["number"].as_u64());
        }
        numbers
    };
    for _ in 0..3 {
        audit.tell(|| read("db"));
    }
    assert_eq!(numbers(), [1, 2]);
    audit.tell(|| read("db"));
    assert_eq!((numbers(), tally.dropped()), (vec![4], 1));
}

fn flags(destination: &str, token: Option<&Path>) -> AuditFlags {
    AuditFlags {
        audit_log: Some(destination.parse().expect("a destination")),
        audit_log_token_file: token.map(Into::into),
        audit_log_max_files: 1,
        ..AuditFlags::default()
    }
}

fn start(flags: &AuditFlags, queue: usize) -> (Audit, Courier) {
    let pace = Pace {
        queue,
        linger: Duration::ZERO,
        pause: Duration::from_millis(1),
    };
    let sink = Sink::open(flags).expect("a sink").expect("one is wanted");
    super::log::start(sink, pace).expect("an audit")
}

#[tokio::test]
async fn what_is_queued_at_the_end_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit");
    let (audit, log) = start(&flags(path.to_str().expect("text"), None), 2000);
    for _ in 0..1500 {
        audit.tell(|| read("db"));
    }
    let tally = log.tally.clone();
    log.close(AMPLE).await;
    let text = std::fs::read_to_string(&path).expect("a file");
    let numbers = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let numbers: Vec<_> = numbers.filter_map(|line| line["number"].as_u64()).collect();
    assert_eq!(numbers, (1..=1500).collect::<Vec<_>>());
    assert_eq!((tally.delivered(), tally.dropped()), (1500, 0));
    audit.tell(|| read("db"));
    assert_eq!(tally.dropped(), 1, "nothing is taken any more");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_told_at_the_start() {
    let flags = flags("/nowhere/at/all/audit", None);
    let problem = open(&flags).expect_err("there is no such folder");
    assert!(
        format!("{problem:#}").contains("/nowhere/at/all/audit"),
        "{problem:#}"
    );
}

/// A server that answers with these statuses, the last one for ever, and keeps what it is sent.
#[derive(Clone)]
struct Collector {
    statuses: Arc<Mutex<Vec<u16>>>,
    got: Arc<Mutex<Vec<(u16, String, String)>>>,
}

impl Collector {
    async fn start(statuses: &[u16]) -> (Self, String) {
        let mut statuses = statuses.to_vec();
        statuses.reverse();
        let collector = Self {
            statuses: Arc::new(Mutex::new(statuses)),
            got: Arc::default(),
        };
        let take = async |State(this): State<Self>, headers: HeaderMap, body: String| {
            let mut statuses = this.statuses.lock().expect("unpoisoned");
            let status = if statuses.len() > 1 {
                statuses.pop()
            } else {
                statuses.first().copied()
            };
            let status = status.expect("a status");
            let token = headers.get("authorization").and_then(|value| value.to_str().ok());
            let token = token.unwrap_or_default().to_owned();
            this.got.lock().expect("unpoisoned").push((status, token, body));
            StatusCode::from_u16(status).expect("a status")
        };
        let router = Router::new()
            .route("/lines", post(take))
            .with_state(collector.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/lines", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, url)
    }

    fn got(&self) -> Vec<(u16, String, usize)> {
        let got = self.got.lock().expect("unpoisoned");
        let got = got.iter();
        got.map(|(status, token, body)| (*status, token.clone(), body.lines().count()))
            .collect()
    }
}

#[tokio::test]
async fn lines_are_posted_until_the_server_takes_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("token");
    std::fs::write(&token, "first\n").expect("a token");
    let (collector, url) = Collector::start(&[503, 401, 200]).await;
    let (audit, log) = start(&flags(&url, Some(&token)), 10);
    audit.tell(|| read("db"));
    lockstep_testkit::eventually("it is taken", AMPLE, async || match log.tally.delivered() {
        1 => Ok(()),
        lines => Err(format!("{lines} lines are")),
    })
    .await
    .expect("it is taken");
    std::fs::write(&token, "second\n").expect("a token");
    audit.tell(|| read("db"));
    log.close(AMPLE).await;
    let (first, second) = ("Bearer first".to_owned(), "Bearer second".to_owned());
    assert_eq!(
        collector.got(),
        [
            (503, first.clone(), 1),
            (401, first.clone(), 1),
            (200, first, 1),
            (200, second, 1)
        ]
    );
}

#[tokio::test]
async fn lines_that_will_never_be_taken_hold_up_nothing() {
    let (collector, url) = Collector::start(&[413, 200]).await;
    let (audit, log) = start(&flags(&url, None), 10);
    let tally = log.tally.clone();
    audit.tell(|| read("db"));
    lockstep_testkit::eventually("it is given up", AMPLE, async || match tally.dropped() {
        1 => Ok(()),
        lines => Err(format!("{lines} lines are")),
    })
    .await
    .expect("it is given up");
    audit.tell(|| read("db"));
    log.close(AMPLE).await;
    assert_eq!(
        (tally.delivered(), tally.dropped(), collector.got().len()),
        (1, 1, 2)
    );
}

#[tokio::test]
async fn a_server_that_is_away_does_not_hold_up_the_end() {
    let (_, url) = Collector::start(&[503]).await;
    let (audit, log) = start(&flags(&url, None), 10);
    let tally = log.tally.clone();
    audit.tell(|| read("db"));
    log.close(AMPLE).await;
    assert_eq!((tally.delivered(), tally.dropped()), (0, 1));
}
