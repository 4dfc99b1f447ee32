//! Look-ups in a document of 10 KB. `testbed/gjson-bench` measures the same in Go.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lockstep_gjson::{get, set};

const DOCUMENT: &[u8] = include_bytes!("document.json");
const PATHS: [(&str, &str); 5] = [
    ("first", "service-00.password"),
    ("last", "service-39.tls.key"),
    ("element", "users.50.email"),
    ("query", r#"users.#(name=="user77").email"#),
    ("all", "users.#.name"),
];

fn bench(criterion: &mut Criterion) {
    for (name, path) in PATHS {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| get(black_box(DOCUMENT), path).text().len());
        });
    }
    criterion.bench_function("set", |bencher| {
        bencher.iter(|| set(black_box(DOCUMENT), "service-39.password", b"new"));
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
