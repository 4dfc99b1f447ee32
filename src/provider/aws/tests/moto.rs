//! Against moto, which answers as AWS does: every kind of read, every fault.

use lockstep_testkit::{Fate, Faults, Moto};

use super::*;

pub(super) const CANARY: &str = "canary-4f1c";
const ROLE: &str = "arn:aws:iam::123456789012:role/reader";

/// moto, and a proxy before it. Each test has names of its own.
pub(super) struct Bed {
    moto: Arc<Moto>,
    pub(super) before: Faults,
    pub(super) cluster: Arc<TestCluster>,
    scope: StoreScope,
}

impl Bed {
    pub(super) async fn new() -> Self {
        let moto = Moto::shared().await.expect("moto");
        Self {
            before: Faults::before(&moto.url()).await.expect("a proxy"),
            moto,
            cluster: keys(),
            scope: in_namespace("own"),
        }
    }

    pub(super) async fn connect(&self, service: &str, extra: Value) -> Arc<dyn Backend> {
        connect_at(&self.before.url(), (&self.cluster, &self.scope), service, extra)
            .await
            .expect("a connection")
    }

    pub(super) async fn secrets(&self) -> Arc<dyn Backend> {
        self.connect("SecretsManager", json!({})).await
    }

    pub(super) async fn parameters(&self) -> Arc<dyn Backend> {
        self.connect("ParameterStore", json!({})).await
    }

    pub(super) async fn ask(&self, service: &str, operation: &str, parameters: Value) -> Value {
        let answer = self.moto.ask(service, operation, parameters).await;
        answer.expect("moto does so")
    }

    /// Creates a secret; `more` is what `CreateSecret` takes besides a name and a string.
    pub(super) async fn secret(&self, name: &str, value: &str, more: Value) -> Value {
        let mut secret = more;
        secret["Name"] = name.into();
        secret["SecretString"] = value.into();
        self.ask("secretsmanager", "CreateSecret", secret).await
    }

    pub(super) async fn parameter(&self, name: &str, value: &str, more: Value) {
        let mut parameter = more;
        parameter["Name"] = name.into();
        parameter["Value"] = value.into();
        parameter["Type"] = "SecureString".into();
        self.ask("ssm", "PutParameter", parameter).await;
    }
}

fn is_absent(answer: &Result<String, String>) -> bool {
    matches!(answer, Err(why) if why.ends_with("secret does not exist"))
}

async fn one(backend: &Arc<dyn Backend>, location: Location) -> Result<String, String> {
    let mut answers = read(backend, &[location]).await;
    answers.pop().expect("one answer")
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn versions_of_a_secret() {
    let bed = Bed::new().await;
    let first = bed.secret("v/app", "one", json!({})).await;
    let update = json!({"SecretId": "v/app", "SecretString": "two"});
    bed.ask("secretsmanager", "PutSecretValue", update).await;
    let backend = bed.secrets().await;
    let first = format!("uuid/{}", first["VersionId"].as_str().expect("an id"));
    for (asked, expected) in [
        (None, "two"),
        (Some("AWSCURRENT"), "two"),
        (Some("AWSPREVIOUS"), "one"),
        (Some(first.as_str()), "one"),
    ] {
        let answer = one(&backend, version("v/app", asked)).await;
        assert_eq!(answer, Ok(expected.to_owned()), "{asked:?}");
    }
    for gone in ["AWSPENDING", "uuid/00000000-0000-0000-0000-000000000009"] {
        let answer = one(&backend, version("v/app", Some(gone))).await;
        assert!(is_absent(&answer), "{gone}: {answer:?}");
    }
    let prefixed = bed.connect("SecretsManager", json!({"prefix": "v/"})).await;
    assert_eq!(one(&prefixed, at("app")).await, Ok("two".to_owned()));
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn secrets_that_are_gone_binary_or_tagged() {
    let bed = Bed::new().await;
    bed.secret("g/gone", CANARY, json!({})).await;
    bed.ask("secretsmanager", "DeleteSecret", json!({"SecretId": "g/gone"}))
        .await;
    let binary = json!({"Name": "g/binary", "SecretBinary": "AAH/"});
    bed.ask("secretsmanager", "CreateSecret", binary).await;
    let tags = json!({"Tags": [{"Key": "team", "Value": "blue"}]});
    bed.secret("g/tagged", CANARY, tags).await;
    let backend = bed.secrets().await;
    for key in ["g/gone", "g/nowhere"] {
        let alone = one(&backend, at(key)).await;
        let among = read(&backend, &[at("g/tagged"), at(key)]).await;
        assert!(is_absent(&alone) && is_absent(&among[1]), "{alone:?}, {among:?}");
        assert_eq!(among[0], Ok(CANARY.to_owned()));
    }
    let answers = backend.read(&[at("g/binary")]).await;
    assert_eq!(answers, [Ok(Payload::Bytes([0, 1, 255].as_slice().into()))]);
    let said = Location {
        aspect: Aspect::Metadata,
        ..at("g/tagged")
    };
    assert_eq!(one(&backend, said).await, Ok(r#"{"team":"blue"}"#.to_owned()));
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn reads_go_in_batches() {
    let bed = Bed::new().await;
    let mut names = Vec::new();
    for number in 0..20 {
        let (secret, parameter) = (format!("b/{number}"), format!("/b/{number}"));
        bed.secret(&secret, &secret, json!({})).await;
        bed.parameter(&parameter, &parameter, json!({})).await;
        names.push((secret, parameter));
    }
    let expected = |names: &[&String]| names.iter().map(|name| Ok((*name).clone())).collect::<Vec<_>>();
    let secrets: Vec<_> = names.iter().map(|(secret, _)| secret).collect();
    let wanted: Vec<_> = secrets.iter().map(|name| at(name)).collect();
    assert_eq!(read(&bed.secrets().await, &wanted).await, expected(&secrets));
    let parameters: Vec<_> = names.iter().map(|(_, parameter)| parameter).take(10).collect();
    let wanted: Vec<_> = parameters.iter().map(|name| at(name)).collect();
    assert_eq!(
        read(&bed.parameters().await, &wanted).await,
        expected(&parameters)
    );
    let traffic = bed.before.traffic();
    let calls: Vec<_> = traffic.calls.iter().collect();
    assert_eq!(
        calls,
        [
            (&"AmazonSSM.GetParameters".to_owned(), &1),
            (&"secretsmanager.BatchGetSecretValue".to_owned(), &1),
        ]
    );
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn parameters_and_their_versions() {
    let bed = Bed::new().await;
    bed.parameter("/p/app", "one", json!({})).await;
    bed.parameter("/p/app", "two", json!({"Overwrite": true})).await;
    let label = json!({"Name": "/p/app", "ParameterVersion": 1, "Labels": ["stable"]});
    bed.ask("ssm", "LabelParameterVersion", label).await;
    let tags = json!({"ResourceType": "Parameter", "ResourceId": "/p/app", "Tags": [{"Key": "team", "Value": "blue"}]});
    bed.ask("ssm", "AddTagsToResource", tags).await;
    let backend = bed.parameters().await;
    for (asked, expected) in [(None, "two"), (Some("1"), "one"), (Some("stable"), "one")] {
        let answer = one(&backend, version("/p/app", asked)).await;
        assert_eq!(answer, Ok(expected.to_owned()), "{asked:?}");
    }
    for gone in [
        at("/p/nowhere"),
        version("/p/nowhere", Some("1")),
        version("/p/app", Some("9")),
    ] {
        let answer = one(&backend, gone).await;
        assert!(is_absent(&answer), "{answer:?}");
    }
    let said = Location {
        aspect: Aspect::Metadata,
        ..at("/p/app")
    };
    assert_eq!(one(&backend, said).await, Ok(r#"{"team":"blue"}"#.to_owned()));
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn find_by_tags_is_exact() {
    let bed = Bed::new().await;
    for (name, a, b) in [("one", "1", "2"), ("other", "2", "1")] {
        let tags = json!({"Tags": [{"Key": "f-a", "Value": a}, {"Key": "f-b", "Value": b}]});
        bed.secret(&format!("f/{name}"), name, tags.clone()).await;
        bed.parameter(&format!("/f/{name}"), name, tags).await;
    }
    let query = by_tags(&[("f-a", "1"), ("f-b", "2")], None);
    assert_eq!(
        find(&bed.secrets().await, &query).await,
        Ok(pairs(&[("f/one", "one")]))
    );
    assert_eq!(
        find(&bed.parameters().await, &query).await,
        Ok(pairs(&[("/f/one", "one")]))
    );
    let query = by_name("^/?f/o.*r$", None);
    assert_eq!(
        find(&bed.secrets().await, &query).await,
        Ok(pairs(&[("f/other", "other")]))
    );
    assert_eq!(
        find(&bed.parameters().await, &query).await,
        Ok(pairs(&[("/f/other", "other")]))
    );
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn one_login_for_all_reads() {
    let bed = Bed::new().await;
    bed.secret("l/app", "v", json!({})).await;
    let role = json!({"role": ROLE, "externalID": "x", "sessionTags": [{"key": "k", "value": "v"}],
                      "transitiveTagKeys": ["k"]});
    let backend = bed.connect("SecretsManager", role).await;
    for _ in 0..20 {
        assert_eq!(one(&backend, at("l/app")).await, Ok("v".to_owned()));
    }
    let traffic = bed.before.traffic();
    assert_eq!(
        (traffic.of("AssumeRole"), traffic.total()),
        (1, 21),
        "{traffic:?}"
    );
}

/// A fault, what it comes to, and what the message says.
type Fault = (Fate, &'static str, &'static str);

/// The bodies say what must be repeated nowhere.
fn faults() -> Vec<Fault> {
    let said = |code: &str| json!({"__type": code, "message": CANARY}).to_string();
    vec![
        (
            Fate::throttled(Some("7"), said("ThrottlingException")),
            "Throttled",
            "fewer requests",
        ),
        (
            Fate::status(400, said("ThrottlingException")),
            "Throttled",
            "fewer requests",
        ),
        (
            Fate::status(400, said("AccessDeniedException")),
            "Refused",
            "HTTP 400",
        ),
        (
            Fate::status(400, said("UnrecognizedClientException")),
            "Refused",
            "HTTP 400",
        ),
        (Fate::status(403, CANARY), "Refused", "HTTP 403"),
        (
            Fate::status(400, said("ValidationException")),
            "BadAnswer",
            "HTTP 400",
        ),
        (Fate::status(404, CANARY), "BadAnswer", "HTTP 404"),
        (
            Fate::status(500, said("InternalServiceError")),
            "Unreachable",
            "HTTP 500",
        ),
        (Fate::status(503, CANARY), "Unreachable", "HTTP 503"),
        (Fate::page(CANARY), "BadAnswer", ""),
        (Fate::status(200, CANARY), "BadAnswer", ""),
        (Fate::status(200, "{}"), "BadAnswer", ""),
        (Fate::Endless(100 << 20), "BadAnswer", "larger than"),
        (Fate::Half, "Unreachable", ""),
        (Fate::Cut { carried_out: false }, "Unreachable", ""),
        (Fate::Cut { carried_out: true }, "Unreachable", ""),
    ]
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn faults_are_told_and_the_next_read_succeeds() {
    let bed = Bed::new().await;
    bed.secret("x/one", CANARY, json!({})).await;
    bed.secret("x/two", CANARY, json!({})).await;
    bed.parameter("/x/one", CANARY, json!({})).await;
    bed.parameter("/x/two", CANARY, json!({})).await;
    for (backend, keys) in [
        (bed.secrets().await, ["x/one", "x/two"]),
        (bed.parameters().await, ["/x/one", "/x/two"]),
    ] {
        let both = keys.map(at);
        for (fate, comes_to, says) in faults() {
            let shown = format!("{fate:?} for {backend:?}");
            bed.before.always(fate);
            for wanted in [&both[..1], &both[..]] {
                for (answer, key) in backend.read(wanted).await.into_iter().zip(keys) {
                    let problem = answer.expect_err(&shown);
                    let text = problem.to_string();
                    assert_eq!(problem.reason(), comes_to, "{shown}: {text}");
                    assert!(text.contains(says) && text.contains(key), "{shown}: {text}");
                    assert!(
                        !format!("{problem:?} {problem}").contains(CANARY),
                        "{shown}: {text}"
                    );
                }
            }
            bed.before.always(Fate::Pass);
            let good = read(&backend, &both).await;
            assert_eq!(
                good,
                [Ok(CANARY.to_owned()), Ok(CANARY.to_owned())],
                "after {shown}"
            );
        }
    }
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_login_that_fails_names_the_role_and_no_value() {
    let bed = Bed::new().await;
    bed.secret("r/app", "v", json!({})).await;
    let denied = format!(
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>{CANARY}</Message></Error>\
         <RequestId>{CANARY}</RequestId></ErrorResponse>"
    );
    let backend = bed.connect("SecretsManager", json!({"role": ROLE})).await;
    for (fate, comes_to) in [
        (Fate::status(403, denied), "Refused"),
        (Fate::status(503, CANARY), "Unreachable"),
        (Fate::page(CANARY), "BadAnswer"),
        (Fate::Cut { carried_out: false }, "Unreachable"),
    ] {
        let shown = format!("{fate:?}");
        bed.before.are(move |asked| match asked.operation.as_deref() {
            Some("AssumeRole") => fate.clone(),
            _ => Fate::Pass,
        });
        let answer = backend.read(&[at("r/app")]).await.pop().expect("an answer");
        let problem = answer.expect_err(&shown);
        assert_eq!(problem.reason(), comes_to, "{shown}: {problem}");
        assert!(problem.to_string().contains("role/reader"), "{shown}: {problem}");
        assert!(!format!("{problem:?}").contains("canary"), "{shown}: {problem:?}");
    }
    bed.before.always(Fate::Pass);
    assert_eq!(one(&backend, at("r/app")).await, Ok("v".to_owned()));
}
