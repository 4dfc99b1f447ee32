//! A backend that has had enough, or is not there, under a clock that does not run by itself.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::future::join_all;
use tokio::time::sleep;

use super::*;
use crate::provider::{Aspect, Limits, PushSource};

const LATENCY: Duration = Duration::from_millis(20);
const OWNER: &str = "SecretStore own/store";

/// Does what its mood says, which knows the number of the call and when it came.
struct Moody {
    mood: Box<dyn Fn(usize, Duration) -> Result<(), Problem> + Send + Sync>,
    begun: Instant,
    calls: Mutex<Vec<Duration>>,
    retries: Option<Retries>,
}

impl Moody {
    fn new(mood: impl Fn(usize, Duration) -> Result<(), Problem> + Send + Sync + 'static) -> Arc<Self> {
        Self::with_retries(None, mood)
    }

    fn with_retries(
        retries: Option<Retries>,
        mood: impl Fn(usize, Duration) -> Result<(), Problem> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            mood: Box::new(mood),
            begun: Instant::now(),
            calls: Mutex::default(),
            retries,
        })
    }

    async fn answer(&self) -> Result<(), Problem> {
        let at = self.begun.elapsed();
        let nth = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.push(at);
            calls.len() - 1
        };
        sleep(LATENCY).await;
        (self.mood)(nth, at)
    }

    /// When it was asked.
    fn calls(&self) -> Vec<Duration> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn reader(self: &Arc<Self>) -> Reader {
        Reader::new(
            self.clone(),
            Gate::new(OWNER, Arc::default()),
            None,
            Origin::default(),
        )
    }
}

#[async_trait]
impl Backend for Moody {
    async fn read(&self, wanted: &[Location]) -> Vec<Answer> {
        let answer = self.answer().await;
        wanted
            .iter()
            .map(|location| {
                let value = Payload::Bytes(location.key.as_str().into());
                answer.clone().map(|()| value)
            })
            .collect()
    }

    async fn find(&self, _: &Find) -> Result<Values, Problem> {
        self.answer().await.map(|()| Values::new())
    }

    async fn check(&self) -> Result<Health, Problem> {
        self.answer().await.map(|()| Health::Ready)
    }

    async fn write(&self, _: &Push) -> Result<(), Problem> {
        self.answer().await
    }

    fn select(&self, _: &Payload, _: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        Ok(None)
    }

    fn explode(&self, _: &Payload, _: Option<&str>) -> Result<Option<Values>, Problem> {
        Ok(None)
    }

    fn limits(&self) -> Limits {
        Limits {
            retries: self.retries,
            ..Limits::default()
        }
    }
}

impl std::fmt::Debug for Moody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Moody")
    }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn too_much(pause: Option<u64>) -> Problem {
    Problem::Throttled {
        what: "key".into(),
        why: "HTTP 429".into(),
        retry_after: pause.map(seconds),
    }
}

fn away() -> Problem {
    Problem::Unreachable {
        what: "key".into(),
        why: "HTTP 503".into(),
    }
}

fn at(key: &str) -> Location {
    Location {
        key: key.into(),
        version: None,
        aspect: Aspect::Value,
        property: None,
    }
}

fn push() -> Push {
    Push {
        remote: Remote {
            key: "k".into(),
            property: None,
            metadata: None,
        },
        secret_key: None,
        values: Values::new(),
        source: PushSource::default(),
    }
}

/// Reads as the queue has objects do: what fails is read again when the problem says so, or else later each time.
/// How long it took, and how often it failed.
async fn until_read(reader: &Reader, key: &str) -> (Duration, usize) {
    let (begun, mut failures) = (Instant::now(), 0);
    loop {
        match reader.read(at(key)).await {
            Ok(_) => return (begun.elapsed(), failures),
            Err(problem) => {
                let pause = match problem.retry() {
                    crate::engine::problem::Retry::After(pause) => pause,
                    _ => seconds(1 << failures.min(2)),
                };
                failures += 1;
                sleep(pause).await;
            }
        }
    }
}

async fn all_read(reader: &Reader, count: usize) -> Vec<(Duration, usize)> {
    let keys: Vec<_> = (0..count).map(|nth| format!("key-{nth}")).collect();
    join_all(keys.iter().map(|key| until_read(reader, key))).await
}

/// Looks whether the backend is back, as the pool does.
async fn look(gate: &Gate, reader: &Reader) {
    loop {
        match gate.worth_a_look() {
            Some(at) => {
                tokio::time::sleep_until(at).await;
                let _ = reader.check().await;
            }
            None => sleep(LATENCY).await,
        }
    }
}

/// The most calls within a second that begins after `from`.
fn peak(calls: &[Duration], from: Duration) -> usize {
    let later: Vec<_> = calls.iter().filter(|at| **at >= from).collect();
    let within = |start: &Duration| {
        later
            .iter()
            .filter(|at| (*start..*start + seconds(1)).contains(**at))
            .count()
    };
    later.iter().map(|start| within(start)).max().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_refuses_half_of_all_calls_is_read_from_without_a_burst_and_nobody_fails() {
    let backend = Moody::new(|nth, _| if nth % 2 == 0 { Ok(()) } else { Err(too_much(None)) });
    let read = all_read(&backend.reader(), 100).await;
    assert!(read.iter().all(|(_, failures)| *failures <= 1), "{read:?}");
    let slowest = read.iter().map(|(took, _)| *took).max();
    assert!(slowest.is_some_and(|took| took < seconds(25)), "{slowest:?}");
    let calls = backend.calls();
    assert!(calls.len() <= 205, "{} calls for 100 reads", calls.len());
    assert!(calls[..16].iter().all(Duration::is_zero), "nothing was known yet");
    let peak = peak(&calls, LATENCY);
    assert!(peak <= 40, "{peak} calls within a second");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_the_pause_that_was_asked_for_is_over() {
    let backend = Moody::new(|nth, _| {
        if nth % 3 < 2 {
            Ok(())
        } else {
            Err(too_much(Some(2)))
        }
    });
    let read = all_read(&backend.reader(), 60).await;
    assert_eq!(read.len(), 60);
    let calls = backend.calls();
    for refused in calls.iter().skip(2).step_by(3) {
        let heard = *refused + LATENCY;
        let within = |at: &&Duration| **at > heard && **at < heard + seconds(2);
        assert_eq!(calls.iter().find(within), None, "refused at {heard:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_learnt_and_kept_to() {
    // Fifty calls in each second of the clock, as quotas have it.
    let used = Mutex::new((0, 0));
    let backend = Moody::new(move |_, at| {
        let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.0 != at.as_secs() {
            *used = (at.as_secs(), 0);
        }
        used.1 += 1;
        if used.1 <= 50 {
            Ok(())
        } else {
            Err(too_much(Some(1)))
        }
    });
    let read = all_read(&backend.reader(), 1000).await;
    let slowest = read.iter().map(|(took, _)| *took).max();
    assert!(slowest.is_some_and(|took| took < seconds(45)), "{slowest:?}");
    let calls = backend.calls();
    assert!(calls.len() < 1150, "{} calls for 1000 reads", calls.len());
}

#[tokio::test(start_paused = true)]
async fn reads_wait_for_a_short_pause_and_are_told_of_a_long_one() {
    for (pause, calls_in_vain) in [(10, 0), (100, 1)] {
        let backend = Moody::new(move |nth, _| match nth {
            0 => Err(too_much(Some(pause))),
            _ => Ok(()),
        });
        let reader = backend.reader();
        let (took, failures) = until_read(&reader, "first").await;
        assert!(took >= seconds(pause) && took < seconds(pause * 2), "{took:?}");
        assert_eq!((failures, backend.calls().len()), (calls_in_vain, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_during_a_long_pause_hears_at_once_when_to_come_back() {
    let backend = Moody::new(|nth, _| {
        if nth == 0 {
            Err(too_much(Some(100)))
        } else {
            Ok(())
        }
    });
    let reader = backend.reader();
    let first = reader.read(at("first")).await.expect_err("too much");
    assert_eq!(
        first.to_string(),
        "first: the backend asks for fewer requests (HTTP 429)"
    );
    let asked = Instant::now();
    let told: Vec<_> = join_all(["a", "b", "c"].map(|key| reader.read(at(key)))).await;
    let find = reader.find(&Find::default()).await;
    assert_eq!(asked.elapsed(), Duration::ZERO);
    for problem in told.into_iter().filter_map(Result::err).chain(find.err()) {
        let Problem::Throttled {
            retry_after: Some(pause),
            ..
        } = problem
        else {
            panic!("{problem}");
        };
        assert!(pause >= seconds(99) && pause <= seconds(150), "{pause:?}");
    }
    assert_eq!(backend.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_too_much_is_made_again_and_one_without_an_answer_is_not() {
    let backend = Moody::with_retries(
        Some(Retries {
            by_default: 5,
            uncounted: 5,
        }),
        |nth, _| match nth {
            0 => Err(too_much(None)),
            1 => Ok(()),
            _ => Err(away()),
        },
    );
    let reader = backend.reader();
    assert_eq!(reader.write(&push()).await, Ok(()));
    assert_eq!(backend.calls().len(), 2);
    assert_eq!(reader.write(&push()).await, Err(away()));
    assert_eq!(backend.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_read_without_an_answer_is_repeated_as_often_as_the_store_says() {
    for (times, answered) in [(2, true), (1, false)] {
        let backend = Moody::with_retries(Some(Retries::default()), |nth, _| {
            if nth < 2 { Err(away()) } else { Ok(()) }
        });
        let settings = RetrySettings {
            max_retries: Some(times),
            retry_interval: Some("3s".into()),
        };
        let reader = Reader::new(
            backend.clone(),
            Gate::new(OWNER, Arc::default()),
            Some(&settings),
            Origin::default(),
        );
        assert_eq!(reader.read(at("k")).await.is_ok(), answered);
        let pauses: Vec<_> = backend
            .calls()
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]).as_secs())
            .collect();
        assert!(
            pauses.len() == usize::try_from(times).expect("few") && pauses.iter().all(|pause| *pause == 3)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_was_away_for_a_minute_is_back_within_seconds_and_not_overrun() {
    let back = seconds(61);
    let backend = Moody::new(move |_, at| {
        if (seconds(1)..back).contains(&at) {
            Err(away())
        } else {
            Ok(())
        }
    });
    let gate = Gate::new(OWNER, Arc::default());
    let reader = Reader::new(backend.clone(), gate.clone(), None, Origin::default());
    reader.read(at("before")).await.expect("it is there");
    sleep(seconds(1)).await;
    let read = tokio::select! {
        read = all_read(&reader, 1000) => read,
        () = look(&gate, &reader) => Vec::new(),
    };
    let calls = backend.calls();
    let meanwhile = calls.iter().filter(|at| **at < back && **at > seconds(2)).count();
    assert!(meanwhile <= 40, "{meanwhile} calls to a backend that is away");
    let first_after = calls.iter().find(|at| **at >= back).expect("a call");
    assert!(*first_after < back + seconds(7), "{first_after:?}");
    let first_second = calls
        .iter()
        .filter(|at| (*first_after..=*first_after + seconds(1)).contains(*at));
    assert!(first_second.count() <= 50);
    assert_eq!(read.len(), 1000);
}

#[tokio::test(start_paused = true)]
async fn while_a_backend_is_away_everybody_hears_so_at_once_in_the_same_words() {
    let backend = Moody::new(|_, _| Err(away()));
    let reader = backend.reader();
    for _ in 0..5 {
        assert_eq!(reader.read(at("k")).await, Err(away()));
    }
    let asked = Instant::now();
    let find = Find::default();
    let (read, find, check) = tokio::join!(reader.read(at("k")), reader.find(&find), reader.check());
    assert_eq!(asked.elapsed(), Duration::ZERO);
    let expected = "SecretStore own/store: its backend does not answer (HTTP 503); lockstep looks every few seconds, \
                    and goes on as soon as it does";
    for problem in [read.err(), find.err(), check.err()] {
        assert_eq!(
            problem.map(|problem| problem.to_string()).as_deref(),
            Some(expected)
        );
    }
    assert_eq!(backend.calls().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_is_queued_when_a_backend_goes_away_fails_with_it() {
    let backend = Moody::new(|_, _| Err(away()));
    let reader = backend.reader();
    let begun = Instant::now();
    let keys: Vec<_> = (0..500).map(|nth| nth.to_string()).collect();
    let read = join_all(keys.iter().map(|key| reader.read(at(key)))).await;
    assert!(read.iter().all(Result::is_err) && begun.elapsed() <= LATENCY * 2);
    assert!(backend.calls().len() <= 32);
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_no_values_are_answers() {
    let backend = Moody::new(|_, _| Err(Problem::Absent { key: "k".into() }));
    let reader = backend.reader();
    for _ in 0..20 {
        assert!(
            reader
                .read(at("k"))
                .await
                .is_err_and(|problem| problem.is_absent())
        );
    }
}
