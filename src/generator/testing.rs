//! For tests of generators that ask a fake: a cluster with a credential, pages in it, and every fault.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_api::Parsed;
use lockstep_api::generator::{ClusterGeneratorKind, GeneratorSpec};
use lockstep_testkit::{Asked, Fate, Faults};
use serde_json::Value;

use super::page::{Owner, Page};
use super::{Generators, Order, kept};
use crate::cluster::{Cluster, DocumentKind};
use crate::engine::generator::GeneratorKey;
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::state::State;
use crate::provider::testing::TestCluster;
use crate::provider::{Calls, Rules};

pub(super) const CANARY: &str = "canary-5b1d";
/// What is not answered in tests is given up after this.
const PATIENCE: Duration = Duration::from_millis(300);

pub(super) struct Bench {
    pub(super) cluster: Arc<TestCluster>,
    pub(super) generators: Generators,
    /// When other values are asked for at the latest.
    pub(super) refresh: Option<jiff::Timestamp>,
    kind: ClusterGeneratorKind,
}

impl Bench {
    /// With this credential under `token` in the Secret `creds`.
    pub(super) fn new(kind: ClusterGeneratorKind, credential: &str) -> Self {
        let cluster = Arc::<TestCluster>::default();
        cluster.put(DocumentKind::Secret, "own", "creds", &[("token", credential)]);
        let mut generators = Generators::new(cluster.clone(), Calls::default(), Rules::default());
        generators.web.deadline = PATIENCE;
        Self {
            cluster,
            generators,
            refresh: None,
            kind,
        }
    }

    pub(super) fn page(&self) -> Page {
        let cluster: Arc<dyn Cluster> = self.cluster.clone();
        let key = ObjectKey::new("own", "app");
        Page::kept_in(&cluster, Owner::external_secret(&key, "uid", 0))
    }

    pub(super) async fn generate(
        &self,
        spec: &Value,
        page: &Page,
    ) -> Result<BTreeMap<String, String>, Problem> {
        let Parsed::Sound(spec) = GeneratorSpec::of_object(self.kind.into(), spec.clone()) else {
            panic!("a broken spec: {spec}");
        };
        let generator = GeneratorKey::Namespaced(self.kind, ObjectKey::new("own", "gen"));
        let order = Order {
            generator: &generator,
            namespace: "own",
            now: jiff::Timestamp::now(),
            refresh: self.refresh,
            page,
        };
        let values = self.generators.generate(&spec, order).await?;
        let text = |value: &SecretBytes| String::from_utf8_lossy(value.expose()).into_owned();
        Ok(values
            .iter()
            .map(|(key, value)| (key.clone(), text(value)))
            .collect())
    }

    /// What it says, without a secret in it.
    pub(super) async fn refused(&self, spec: &Value) -> String {
        let page = self.page();
        told(&self.generate(spec, &page).await.expect_err("refused"))
    }

    /// Makes something, notes it, and says what is noted.
    pub(super) async fn made(&self, spec: &Value) -> (BTreeMap<String, String>, State) {
        let page = self.page();
        let values = self.generate(spec, &page).await.expect("made");
        let state = page.record(|_| {}).await.expect("noted").expect("a note");
        assert_eq!(page.unrecorded(), None);
        (values, state)
    }

    /// Everything that can become of a request; what it is about is told, and nothing of what was answered.
    pub(super) async fn every_fault_is_told(&self, spec: &Value, faults: &Faults, what: &str) {
        for fault in every_fault() {
            let shown = format!("{:?}", fault.fate);
            faults.always(fault.fate);
            let problem = self.generate(spec, &self.page()).await.expect_err(&shown);
            let text = told(&problem);
            assert!((fault.comes_to)(problem.root()), "{shown} comes to {problem:?}");
            assert!(
                text.contains(fault.says) && text.contains(what),
                "{shown}: {text}"
            );
        }
        faults.always(Fate::Pass);
        self.generate(spec, &self.page()).await.expect("after all faults");
        assert!(self.cluster.states().is_empty(), "it ends by itself");
    }

    /// Everything that can become of the request that makes something: nothing is left behind, whatever it was.
    pub(super) async fn every_fault_leaves_nothing(
        &self,
        spec: &Value,
        faults: &Faults,
        is_making: fn(&Asked) -> bool,
        left: impl Fn() -> usize,
    ) {
        for fault in every_fault() {
            let (shown, fate) = (format!("{:?}", fault.fate), fault.fate);
            faults.are(move |asked| {
                if is_making(asked) {
                    fate.clone()
                } else {
                    Fate::Pass
                }
            });
            let page = self.page();
            let problem = self.generate(spec, &page).await.expect_err(&shown);
            let text = told(&problem);
            assert!((fault.comes_to)(problem.root()), "{shown} comes to {problem:?}");
            assert!(text.contains(fault.says), "{shown}: {text}");
            let noted = self.cluster.states().clone();
            if fault.is_certain {
                assert!(noted.is_empty() && left() == 0, "{shown}");
                continue;
            }
            let [state] = noted.as_slice() else {
                panic!("{shown}: {} notes", noted.len())
            };
            let account = kept::account(state);
            assert!(!account.is_complete && !account.straggles().is_zero(), "{shown}");
            self.generators.undo(state).await.expect("undone");
            assert_eq!(left(), 0, "after {shown}");
            self.cluster.states().clear();
        }
        faults.always(Fate::Pass);
    }
}

struct Fault {
    fate: Fate,
    comes_to: fn(&Problem) -> bool,
    says: &'static str,
    /// The server says that it has not made anything.
    is_certain: bool,
}

fn every_fault() -> Vec<Fault> {
    fn is_refused(problem: &Problem) -> bool {
        matches!(problem, Problem::Refused { .. })
    }
    fn is_bad_answer(problem: &Problem) -> bool {
        matches!(problem, Problem::BadAnswer { .. })
    }
    fn is_unreachable(problem: &Problem) -> bool {
        matches!(problem, Problem::Unreachable { .. })
    }
    fn is_throttled(problem: &Problem) -> bool {
        matches!(problem, Problem::Throttled { retry_after: Some(pause), .. } if pause.as_secs() == 7)
    }
    let certain = |fate, comes_to, says| Fault {
        fate,
        comes_to,
        says,
        is_certain: true,
    };
    let unclear = |fate, comes_to, says| Fault {
        is_certain: false,
        ..certain(fate, comes_to, says)
    };
    vec![
        certain(Fate::status(401, CANARY), is_refused, "HTTP 401"),
        certain(Fate::status(403, CANARY), is_refused, "HTTP 403"),
        certain(Fate::status(404, CANARY), is_bad_answer, "HTTP 404"),
        certain(Fate::status(302, CANARY), is_bad_answer, "HTTP 302"),
        certain(Fate::throttled(Some("7"), CANARY), is_throttled, "HTTP 429"),
        unclear(Fate::status(500, CANARY), is_unreachable, "HTTP 500"),
        unclear(Fate::status(200, CANARY), is_bad_answer, "no valid JSON"),
        unclear(Fate::status(201, "{}"), is_bad_answer, "it has no"),
        unclear(Fate::status(201, "[1]"), is_bad_answer, "it is no object"),
        unclear(Fate::Endless(100 << 20), is_bad_answer, "larger than"),
        unclear(Fate::Half, is_unreachable, ""),
        unclear(Fate::Cut { carried_out: false }, is_unreachable, ""),
        unclear(Fate::Cut { carried_out: true }, is_unreachable, ""),
        unclear(
            Fate::Hang { carried_out: true },
            is_unreachable,
            "no answer in time",
        ),
    ]
}

/// How a problem is shown, in any way.
pub(super) fn told(problem: &Problem) -> String {
    let shown = format!("{problem} {problem:?}");
    assert!(!shown.contains(CANARY), "{shown}");
    problem.to_string()
}
