//! The traces of a run, as a collector gets them.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::bed::Bed;
use crate::{extract, store};

const CANARY: &str = "canary-4f1c";

/// Takes everything, and keeps it. Ends with the process.
struct Collector {
    endpoint: String,
    sent: Arc<Mutex<String>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
        let sent = Arc::<Mutex<String>>::default();
        let kept = sent.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let (mut request, mut part) = (Vec::new(), [0; 4096]);
                while !is_whole(&request) {
                    let read = stream.read(&mut part).expect("a request");
                    request.extend_from_slice(&part[..read]);
                }
                let text = String::from_utf8(request).expect("text");
                kept.lock().expect("no test panics here").push_str(&text);
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
            }
        });
        Self { endpoint, sent }
    }
}

/// The headers say how long the rest is.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    length.is_none_or(|length: usize| body.len() >= length)
}

#[test]
fn a_run_sends_its_traces_before_it_ends_whatever_it_logs() {
    let collector = Collector::start();
    let secret = format!(r#"{{"passphrase":"{CANARY}"}}"#);
    let bed = Bed::new(&[("s.yaml", &store(&secret)), ("a.yaml", &extract("app", ""))]);
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint.as_str()),
        ("LOCKSTEP_LOGLEVEL", "error"),
    ];
    assert!(bed.once_in(&environment).success());
    let sent = collector.sent.lock().expect("no test panics here").clone();
    assert!(sent.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{sent}");
    for name in [
        "reconcile SecretStore",
        "reconcile ExternalSecret",
        "gather",
        "fetch",
        "plan",
        "act",
        "report",
        "backend connect",
        "backend check",
        "backend read",
    ] {
        assert!(
            sent.contains(&format!(r#""name":"{name}""#)),
            "{name} is not in {sent}"
        );
    }
    assert!(!sent.contains(CANARY) && !sent.contains("passphrase"), "{sent}");
}
