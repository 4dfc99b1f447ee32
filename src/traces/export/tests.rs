use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use lockstep_testkit::eventually;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::traces::{self, Kind};

const AMPLE: Duration = Duration::from_secs(10);
const QUICK: Pace = Pace {
    queue: 100,
    linger: Duration::from_millis(1),
    pause: Duration::from_millis(1),
};

/// What a request was answered, and what it brought.
type Asked = (u16, HeaderMap, Value);

/// Answers with these, the last one for ever, and keeps what it is sent.
#[derive(Clone)]
struct Fake {
    answers: Arc<Mutex<Vec<(u16, &'static str)>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    async fn start(answers: &[(u16, &'static str)]) -> (Self, String) {
        let fake = Self {
            answers: Arc::new(Mutex::new(answers.iter().rev().copied().collect())),
            asked: Arc::default(),
        };
        let take = async |State(this): State<Self>, headers: HeaderMap, body: String| {
            let mut answers = this.answers.lock().expect("unpoisoned");
            let last = answers.first().copied();
            let (status, answer) = Some(answers.len())
                .filter(|left| *left > 1)
                .and_then(|_| answers.pop())
                .or(last)
                .expect("an answer");
            let body = serde_json::from_str(&body).expect("JSON");
            this.asked
                .lock()
                .expect("unpoisoned")
                .push((status, headers, body));
            (StatusCode::from_u16(status).expect("a status"), answer)
        };
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(fake.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (fake, url)
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("unpoisoned").clone()
    }

    fn statuses(&self) -> Vec<u16> {
        self.asked().iter().map(|(status, ..)| *status).collect()
    }
}

fn begin(url: &str) -> (Traces, Courier) {
    let variable = |name: &str| match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(url.to_owned()),
        "OTEL_EXPORTER_OTLP_HEADERS" => Some("x-token=canary-4f1c".to_owned()),
        "OTEL_SERVICE_NAME" => Some("secrets".to_owned()),
        _ => None,
    };
    let settings = Settings::read(&TraceFlags::default(), variable).expect("settings");
    start(settings.expect("they are on"), QUICK).expect("traces")
}

async fn take_a_turn(traces: &Traces) {
    let call = async {
        traces::note(|span| {
            span.kind = Kind::Client;
            span.set("lockstep.batch.size", 3_usize);
            span.happened(
                "GetSecretValue",
                Timestamp::now(),
                vec![("lockstep.ok", true.into())],
            );
            span.failed("Throttled");
        });
    };
    let begun = traces.begin(|span| span.name = "turn".into());
    begun.within(async { traces::step("call", call).await }).await;
}

async fn until_delivered(courier: &Courier, delivered: u64, dropped: u64) {
    eventually("they are there", AMPLE, async || {
        let told = (courier.tally.delivered(), courier.tally.dropped());
        if told == (delivered, dropped) {
            Ok(())
        } else {
            Err(format!("{told:?}"))
        }
    })
    .await
    .expect("they are there");
}

#[tokio::test]
async fn spans_are_sent_in_the_mapping_of_the_protocol() {
    let (fake, url) = Fake::start(&[(200, "{}")]).await;
    let (traces, courier) = begin(&url);
    take_a_turn(&traces).await;
    courier.close(AMPLE).await;
    let (_, headers, body) = fake.asked().remove(0);
    assert_eq!(
        (&headers["content-type"], &headers["x-token"]),
        (
            &"application/json".parse().expect("a value"),
            &"canary-4f1c".parse().expect("a value")
        )
    );
    let resource = &body["resourceSpans"][0]["resource"]["attributes"];
    assert!(
        resource.as_array().is_some_and(
            |told| told.contains(&json!({"key": "service.name", "value": {"stringValue": "secrets"}}))
        ),
        "{resource}"
    );
    let spans = &body["resourceSpans"][0]["scopeSpans"][0]["spans"];
    let (call, turn) = (&spans[0], &spans[1]);
    assert_eq!(call["parentSpanId"], turn["spanId"]);
    assert_eq!(call["traceId"], turn["traceId"]);
    assert_eq!(call["traceId"].as_str().map(str::len), Some(32));
    assert_eq!((&call["kind"], &turn["kind"]), (&json!(3), &json!(1)));
    assert_eq!(call["status"], json!({"code": 2, "message": "Throttled"}));
    assert_eq!(turn["status"], json!({}));
    assert_eq!(
        call["attributes"][0],
        json!({"key": "lockstep.batch.size", "value": {"intValue": "3"}})
    );
    let happened = &call["events"][0];
    assert_eq!(happened["name"], "GetSecretValue");
    assert_eq!(
        happened["attributes"],
        json!([{"key": "lockstep.ok", "value": {"boolValue": true}}])
    );
    let time = |name: &str| call[name].as_str().and_then(|time| time.parse::<u64>().ok());
    let (began, ended) = (time("startTimeUnixNano"), time("endTimeUnixNano"));
    assert!(began.is_some() && began <= ended, "{began:?} {ended:?}");
}

#[tokio::test]
async fn a_collector_that_is_away_gets_them_later_and_one_that_refuses_never() {
    let (fake, url) = Fake::start(&[(503, ""), (429, ""), (200, ""), (401, "")]).await;
    let (traces, courier) = begin(&url);
    take_a_turn(&traces).await;
    until_delivered(&courier, 2, 0).await;
    take_a_turn(&traces).await;
    until_delivered(&courier, 2, 2).await;
    assert_eq!(fake.statuses(), [503, 429, 200, 401]);
    courier.close(AMPLE).await;
}

#[tokio::test]
async fn what_a_collector_does_not_want_is_counted() {
    let answer = r#"{"partialSuccess": {"rejectedSpans": "1", "errorMessage": "too old"}}"#;
    let (_, url) = Fake::start(&[(200, answer)]).await;
    let (traces, courier) = begin(&url);
    take_a_turn(&traces).await;
    until_delivered(&courier, 1, 1).await;
    courier.close(AMPLE).await;
    for (body, expected) in [
        ("", 0),
        ("{}", 0),
        (r#"{"partialSuccess": {"rejectedSpans": 7}}"#, 7),
    ] {
        assert_eq!(unwanted(body.as_bytes()), expected, "{body}");
    }
}

/// Reads what comes in as OpenTelemetry's own messages. Python's reader of JSON takes bytes in base64, where OTLP has
/// hexadecimal digits for ids.
const READER: &str = r#"
import base64, json, sys
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
def ids(part):
    if isinstance(part, list):
        return [ids(each) for each in part]
    if not isinstance(part, dict):
        return part
    is_id = lambda name: name in ("traceId", "spanId", "parentSpanId")
    as_bytes = lambda text: base64.b64encode(bytes.fromhex(text)).decode()
    return {name: as_bytes(each) if is_id(name) else ids(each) for name, each in part.items()}
request = json_format.ParseDict(ids(json.load(sys.stdin)), ExportTraceServiceRequest())
spans = request.resource_spans[0].scope_spans[0].spans
for span in spans:
    sizes = len(span.trace_id), len(span.span_id), len(span.parent_span_id)
    print(span.name, *sizes, span.kind, span.status.code, len(span.events), span.end_time_unix_nano >= span.start_time_unix_nano > 0)
"#;

#[tokio::test]
#[ignore = "needs the test bed"]
async fn opentelemetrys_own_messages_are_made_of_what_is_sent() {
    use std::io::Write as _;
    let python = lockstep_testkit::opentelemetry().expect("`cargo xtask testbed` installs it");
    let (fake, url) = Fake::start(&[(200, "{}")]).await;
    let (traces, courier) = begin(&url);
    take_a_turn(&traces).await;
    courier.close(AMPLE).await;
    let mut reader = std::process::Command::new(python)
        .args(["-c", READER])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    let (_, _, body) = fake.asked().remove(0);
    let mut stdin = reader.stdin.take().expect("it listens");
    stdin.write_all(body.to_string().as_bytes()).expect("it reads");
    drop(stdin);
    let output = reader.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(told, "call 16 8 8 3 2 1 True\nturn 16 8 0 1 0 0 True\n");
}
