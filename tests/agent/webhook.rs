//! A webhook as a store, over several refreshes.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::bed::{Bed, pause};

/// What is answered to every request, and how often that was. Ends with the process.
struct Service {
    port: u16,
    answer: Arc<Mutex<&'static str>>,
    asked: Arc<AtomicUsize>,
}

impl Service {
    fn start(first: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (answer, asked) = (Arc::new(Mutex::new(first)), Arc::<AtomicUsize>::default());
        let (answers, count) = (answer.clone(), asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                // A check of the store connects and says nothing.
                if stream.read(&mut [0; 4096]).unwrap_or_default() > 0 {
                    count.fetch_add(1, SeqCst);
                    let answer = *answers.lock().expect("no test panics here");
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        });
        Self { port, answer, asked }
    }

    /// From now on, this is answered; waits until it was, twice.
    fn answers(&self, answer: &'static str) {
        *self.answer.lock().expect("no test panics here") = answer;
        let before = self.asked.load(SeqCst);
        while self.asked.load(SeqCst) < before + 3 {
            pause();
        }
    }
}

#[test]
fn what_has_not_changed_elsewhere_stays_as_it_is() {
    let service = Service::start("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"v\": \"1\"}");
    let store = format!(
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {{name: s}}\nspec:\n  provider:\n    \
         webhook: {{url: 'http://127.0.0.1:{}/{{{{ .remoteRef.key }}}}', result: {{jsonPath: $.v}}}}\n",
        service.port
    );
    let object = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: a}\nspec:\n  \
                  refreshInterval: 1s\n  secretStoreRef: {name: s}\n  data: [{secretKey: x, remoteRef: {key: k}}]\n";
    let bed = Bed::new(&[("s.yaml", &store), ("a.yaml", object)]);
    let agent = bed.start(&[]);
    bed.until(&[("a/x", "1")]);
    service.answers("HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
    bed.until(&[("a/x", "1")]);
    service.answers("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"v\": \"2\"}");
    bed.until(&[("a/x", "2")]);
    let (ended, _) = agent.stop("TERM");
    ended.assert(0);
    assert!(!ended.stderr.contains("Error"), "{}", ended.stderr);
}
