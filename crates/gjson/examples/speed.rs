//! How fast a property is read from a large document: `cargo run --release -p lockstep-gjson --example speed`.
#![expect(clippy::print_stdout, reason = "it has nothing else to tell")]

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use lockstep_gjson::{get, is_valid, members, set};

fn main() {
    let json = document(100 << 10);
    println!("document of {} KiB", json.len() >> 10);
    measure(&json, "last property, get", || {
        get(&json, "zz-last.password").raw().len()
    });
    measure(&json, "missing property, get", || {
        get(&json, "nope.password").raw().len()
    });
    measure(&json, "query for the last one, get", || {
        get(&json, r#"list.#(name=="last").value"#).raw().len()
    });
    measure(&json, "pretty print, get", || get(&json, "@pretty").raw().len());
    measure(&json, "all members", || members(&json).count());
    measure(&json, "is_valid", || usize::from(is_valid(&json)));
    measure(&json, "set the last property", || {
        set(&json, "zz-last.password", b"new").map_or(0, |json| json.len())
    });
}

/// Settings of all sizes, then a list, then the property we are after.
fn document(size: usize) -> Vec<u8> {
    let mut json = String::from("{");
    for i in (0..).take_while(|i| i * 100 < size / 2) {
        let name = format!(r#""service-{i}": {{"user": "app{i}", "password": "p\"w\u00e9 {i}""#);
        let _ = write!(json, r#"{name}, "ports": [{i}, 5432], "tls": true}}, "#);
    }
    json += r#""list": ["#;
    for i in (0..).take_while(|i| i * 133 < size / 2) {
        let _ = write!(
            json,
            r#"{{"name": "entry-{i}", "value": "{}"}}, "#,
            "x".repeat(i % 200)
        );
    }
    json += r#"{"name": "last", "value": "v"}], "zz-last": {"user": "app", "password": "s3cret"}}"#;
    json.into_bytes()
}

fn measure(json: &[u8], what: &str, run: impl Fn() -> usize) {
    let start = Instant::now();
    let mut runs = 0_u32;
    while start.elapsed() < Duration::from_millis(300) {
        black_box(run());
        runs += 1;
    }
    let each = start.elapsed() / runs;
    let size = f64::from(u32::try_from(json.len()).unwrap_or(u32::MAX));
    println!(
        "{what:28} {:7.0} MB/s  {each:9.1?}",
        size / each.as_secs_f64() / 1e6
    );
}
