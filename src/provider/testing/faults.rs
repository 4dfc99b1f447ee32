//! What servers do instead of answering, and what that is to be taken for.

use std::time::Duration;

use http::header::LOCATION;
use lockstep_testkit::{Answer, Fate};

use crate::engine::problem::Problem;

/// Stands in everything that is said, and is to be seen nowhere.
const CANARY: &str = "canary-0d3e";
const PAUSE: u64 = 7;

/// What is done, what that is to be taken for, and a part of what is said about it.
pub(crate) struct Fault {
    pub(crate) fate: Fate,
    reason: &'static str,
    says: &'static str,
}

impl Fault {
    pub(crate) fn new(fate: Fate, reason: &'static str, says: &'static str) -> Self {
        Self { fate, reason, says }
    }

    /// Whether it came to what it should, and what is said of it begins with what it is about.
    pub(crate) fn came_to(&self, problem: &Problem, about: &str) {
        let (shown, text) = (format!("{:?}", self.fate), told(problem));
        assert_eq!(problem.reason(), self.reason, "{shown}: {problem:?}");
        assert!(
            text.starts_with(about) && text.contains(self.says),
            "{shown}: {text}"
        );
        if let Problem::Throttled { retry_after, .. } = problem.root() {
            assert_eq!(*retry_after, Some(Duration::from_secs(PAUSE)), "{shown}");
        }
    }
}

/// What can become of any request. `body` looks like something that the backend says.
pub(crate) fn faults_of_http(body: &str) -> Vec<Fault> {
    let elsewhere = Answer::new(302, CANARY).header(LOCATION, "/elsewhere");
    let pause = PAUSE.to_string();
    [
        (Fate::status(500, body), "Unreachable", "HTTP 500"),
        (Fate::status(503, CANARY), "Unreachable", "HTTP 503"),
        (Fate::status(403, body), "Refused", "HTTP 403"),
        (Fate::Answer(elsewhere), "BadAnswer", "HTTP 302"),
        (Fate::throttled(Some(&pause), CANARY), "Throttled", "HTTP 429"),
        (Fate::page(CANARY), "BadAnswer", ""),
        (Fate::Endless(20 << 20), "BadAnswer", "larger than"),
        (Fate::Half, "Unreachable", ""),
        (Fate::Cut { carried_out: false }, "Unreachable", ""),
        (Fate::Cut { carried_out: true }, "Unreachable", ""),
    ]
    .map(|(fate, reason, says)| Fault::new(fate, reason, says))
    .into()
}

/// What is shown to users; nothing of it is to stay hidden.
pub(crate) fn told(problem: &Problem) -> String {
    let all = format!("{problem} {problem:?}");
    assert!(!all.contains("canary") && !all.contains("token-"), "{all}");
    problem.to_string()
}
