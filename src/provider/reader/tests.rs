use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::time::{sleep, timeout};

use super::*;
use crate::provider::Aspect;
use crate::provider::Limits;

/// Answers every key with itself after a while, and remembers what it was asked.
#[derive(Debug)]
struct Slow {
    latency: Duration,
    batch: usize,
    parallel: usize,
    asked: Mutex<Vec<String>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

impl Slow {
    /// After a second.
    fn new(batch: usize, parallel: usize) -> Arc<Self> {
        Self::within(Duration::from_secs(1), batch, parallel)
    }

    fn within(latency: Duration, batch: usize, parallel: usize) -> Arc<Self> {
        let (asked, under_way, most_under_way) = Default::default();
        Arc::new(Self {
            latency,
            batch,
            parallel,
            asked,
            under_way,
            most_under_way,
        })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("unpoisoned").clone()
    }

    async fn answer(&self, question: String) {
        let under_way = self.under_way.fetch_add(1, SeqCst) + 1;
        self.most_under_way.fetch_max(under_way, SeqCst);
        self.asked.lock().expect("unpoisoned").push(question.clone());
        match question.as_str() {
            "panic" => panic!("on purpose"),
            "hang" => std::future::pending::<()>().await,
            _ => sleep(self.latency).await,
        }
        self.under_way.fetch_sub(1, SeqCst);
    }
}

#[async_trait]
impl Backend for Slow {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        let keys: Vec<_> = wanted.iter().map(|location| location.key.as_str()).collect();
        self.answer(keys.join(" ")).await;
        let answer = |&key: &&str| match key {
            "absent" => Err(Problem::Absent { key: key.into() }),
            key => Ok(Payload::Bytes(key.into())),
        };
        let short = keys.iter().filter(|&&key| key != "unanswered");
        short.map(answer).collect()
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        self.answer(query.name.clone().unwrap_or_default()).await;
        Ok(Values::new())
    }

    async fn check(&self) -> Result<Health, Problem> {
        self.answer("check".into()).await;
        Ok(Health::Ready)
    }

    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        match payload {
            Payload::Bytes(value) if property.is_none() => Ok(Some(value.clone())),
            Payload::Bytes(_) | Payload::Map(_) => Ok(None),
        }
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        let value = self.select(payload, property)?;
        Ok(value.map(|value| Values::from([("all".to_owned(), value)])))
    }

    fn limits(&self) -> Limits {
        Limits {
            batch: self.batch,
            parallel: self.parallel,
            deadline: Duration::from_secs(10),
            retries: Some(Retries::default()),
        }
    }

    fn missing_value(&self, key: &str) -> Problem {
        Problem::BadData {
            why: format!("{key} not found"),
        }
    }

    async fn write(&self, _: &Push) -> Result<(), Problem> {
        Ok(())
    }

    async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        self.answer(remote.key.clone()).await;
        Ok(())
    }
}

fn reader(backend: Arc<Slow>) -> Reader {
    let gate = Gate::new("SecretStore own/store", Arc::default());
    Reader::new(backend, gate, None)
}

fn at(key: &str) -> Location {
    Location {
        key: key.to_owned(),
        version: None,
        aspect: Aspect::Value,
        property: None,
    }
}

fn named(name: &str) -> Find {
    Find {
        name: Some(name.to_owned()),
        ..Find::default()
    }
}

async fn read_all(reader: &Reader, keys: &[&str]) -> Vec<Answer> {
    join_all(keys.iter().map(|key| reader.read(at(key)))).await
}

#[tokio::test(start_paused = true)]
async fn reads_that_come_together_go_together() {
    let backend = Slow::new(3, 4);
    let reader = reader(backend.clone());
    let answers = read_all(&reader, &["a", "b", "c", "d", "b", "e", "a"]).await;
    let expected = ["a", "b", "c", "d", "b", "e", "a"].map(|key| Ok(Payload::Bytes(key.into())));
    assert_eq!(answers, expected);
    assert_eq!(backend.asked(), ["a b c", "d e"]);
    let totals = reader.line.gate.tally().totals();
    assert_eq!((totals.reads, totals.answered, totals.saved()), (7, 2, 5));
    assert_eq!(totals.batches.counts, [0, 1, 1, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_lone_read_does_not_wait() {
    let reader = reader(Slow::new(10, 4));
    let before = tokio::time::Instant::now();
    reader.read(at("a")).await.expect("an answer");
    assert_eq!(before.elapsed(), Duration::from_secs(1));
}

/// Of a thousand objects, some are late because the machine is busy.
/// On a worker, a task that is spawned runs next. It is not to leave behind those that stand in line already.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_first_of_many_takes_along_who_is_about_to_ask() {
    let backend = Slow::within(Duration::from_millis(1), 20, 8);
    let reader = Arc::new(reader(backend.clone()));
    // Spawned from a task of the worker's, they stand in its line before any of them runs.
    let asking = tokio::spawn(async move {
        let each = (0..20).map(|nth| {
            let reader = reader.clone();
            tokio::spawn(async move { reader.read(at(&nth.to_string())).await.is_ok() })
        });
        join_all(each.collect::<Vec<_>>()).await
    });
    let answers = asking.await.expect("no panic");
    assert!(answers.into_iter().all(|answer| answer.is_ok_and(|read| read)));
    assert_eq!(backend.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_reads_that_come_one_by_one_take_fifty_batches() {
    const READS: usize = 1000;
    for seed in 1..=30 {
        let mut dice = StdRng::seed_from_u64(seed);
        let backend = Slow::within(Duration::from_millis(20), 20, 16);
        let reader = Arc::new(reader(backend.clone()));
        let (mut came, mut reads) = (0, tokio::task::JoinSet::new());
        while came < READS {
            let together = dice.random_range(8..=30).min(READS - came);
            for key in came..came + together {
                let reader = reader.clone();
                reads.spawn(async move { reader.read(at(&key.to_string())).await });
            }
            came += together;
            let lull = if came < 60 { 20 } else { 80 };
            sleep(Duration::from_millis(dice.random_range(0..lull))).await;
        }
        assert!(reads.join_all().await.iter().all(Result::is_ok));
        let batches = backend.asked().iter().filter(|asked| asked.contains(' ')).count();
        assert!(batches <= READS / 20, "{batches} batches, with {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_than_allowed_whatever_they_are_for() {
    let backend = Slow::new(1, 2);
    let reader = reader(backend.clone());
    let keys = ["a", "b", "c", "d", "e"];
    let all = Find::default();
    let (answers, found, checked) = tokio::join!(read_all(&reader, &keys), reader.find(&all), reader.check());
    assert!(answers.iter().all(Result::is_ok) && found.is_ok() && checked.is_ok());
    assert_eq!(backend.asked().len(), 7);
    assert_eq!(backend.most_under_way.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_hangs_is_unreachable_and_others_get_through() {
    let reader = reader(Slow::new(1, 2));
    let query = named("hang");
    let (hung, found, after) =
        tokio::join!(reader.read(at("hang")), reader.find(&query), reader.read(at("b")));
    let why = "no answer within 10s".to_owned();
    assert_eq!(
        hung,
        Err(Problem::Unreachable {
            what: "hang".into(),
            why: why.clone()
        })
    );
    assert_eq!(
        found,
        Err(Problem::Unreachable {
            what: "find".into(),
            why
        })
    );
    assert!(after.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_panics_or_answers_too_little_is_an_error_and_others_get_through() {
    let reader = reader(Slow::new(2, 1));
    for key in ["panic", "unanswered"] {
        assert_eq!(reader.read(at(key)).await, Err(crashed(key)));
    }
    let remote = Remote {
        key: "panic".into(),
        property: None,
        metadata: None,
    };
    assert_eq!(reader.delete(&remote).await, Err(crashed("panic")));
    assert_eq!(reader.find(&named("panic")).await, Err(crashed("find")));
    assert!(reader.read(at("b")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_leaves_nothing_behind() {
    let backend = Slow::new(1, 1);
    let reader = reader(backend.clone());
    let impatient = async {
        let both = read_all(&reader, &["a", "b"]);
        timeout(Duration::from_millis(1), both)
            .await
            .expect_err("they take longer");
    };
    let ((), c) = tokio::join!(impatient, reader.read(at("c")));
    assert!(c.is_ok());
    assert_eq!(backend.asked(), ["a", "c"], "b was never asked");
}

#[tokio::test(start_paused = true)]
async fn a_caller_hears_even_if_its_turn_never_comes() {
    let reader = reader(Slow::new(1, 1));
    let waiting = join_all(["hang", "a", "b"].map(|key| reader.read(at(key))));
    let query = named("hang");
    let find = reader.find(&query);
    let before = tokio::time::Instant::now();
    let (answers, found) = tokio::join!(waiting, find);
    let outcomes = answers
        .iter()
        .map(|answer| answer.as_ref().err())
        .chain([found.as_ref().err()]);
    assert_eq!(
        outcomes
            .map(|problem| problem.map(Problem::reason))
            .collect::<Vec<_>>(),
        [Some("Unreachable"); 4]
    );
    assert_eq!(before.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn after_a_write_a_read_sees_it() {
    let backend = Slow::new(1, 4);
    let reader = reader(backend.clone());
    let write = async {
        sleep(Duration::from_millis(500)).await;
        let push = Push {
            remote: Remote {
                key: "a".into(),
                property: None,
                metadata: None,
            },
            secret_key: None,
            values: Values::new(),
            source: crate::provider::PushSource::default(),
        };
        reader.write(&push).await.expect("written");
        reader.read(at("a")).await.expect("read");
    };
    let (before, ()) = tokio::join!(reader.read(at("a")), write);
    assert!(before.is_ok());
    assert_eq!(backend.asked(), ["a", "a"]);
}

#[tokio::test(start_paused = true)]
async fn equal_searches_are_one() {
    let backend = Slow::new(1, 4);
    let reader = reader(backend.clone());
    let found = join_all(["x", "x", "y"].map(|name| {
        let reader = &reader;
        async move { reader.find(&named(name)).await }
    }));
    assert!(found.await.iter().all(Result::is_ok));
    assert_eq!(backend.asked(), ["x", "y"]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_and_an_extract_get_what_the_backend_makes_of_a_payload() {
    let reader = reader(Slow::new(1, 4));
    let absent = |key: &str| Problem::Absent { key: key.into() };
    assert_eq!(reader.value(at("a"), None).await, Ok("a".into()));
    assert_eq!(reader.value(at("a"), Some("p")).await, Err(absent("a")));
    assert_eq!(
        reader.value(at("absent"), None).await,
        Err(Problem::BadData {
            why: "absent not found".into()
        })
    );
    assert_eq!(
        reader.extract(at("a"), None).await.map(|values| values.len()),
        Ok(1)
    );
    assert_eq!(reader.extract(at("a"), Some("p")).await, Err(absent("a")));
    assert_eq!(reader.extract(at("absent"), None).await, Err(absent("absent")));
}
