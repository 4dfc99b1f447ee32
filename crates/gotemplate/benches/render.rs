//! A configuration file of some twenty actions over ten keys. `testbed/gotemplate-bench` measures the same in Go.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::SystemTime;

use criterion::{Criterion, criterion_group, criterion_main};
use lockstep_gotemplate::{Cache, Data, MissingKey, Options, Random, Template, World};

const TEXT: &str = include_str!("config.tmpl");

fn data() -> Data {
    let ca = "MIIBszCCAVmgAwIBAgIUQxZ3yTt6y0n6bG9ja3N0ZXAwCgYIKoZIzj0EAwIwEjEQ\n".repeat(10);
    Data::from(&BTreeMap::from([
        ("title", "Settings of the shop"),
        ("user", "shop"),
        ("password", "p@ss/word with spaces"),
        ("host", "db.example.org"),
        ("port", "5432"),
        ("database", "shop-production"),
        ("tls", "true"),
        ("ca", &*ca),
        ("hosts", "A.example.org, B.example.org, C.example.org"),
        ("owner", "team shop"),
        ("token", "c2VjcmV0IHRva2VuIG9mIHRoZSBzaG9w"),
    ]))
}

/// The benchmark asks for no randomness.
struct None;

impl Random for None {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

fn bench(criterion: &mut Criterion) {
    let options = Options {
        missing_key: MissingKey::Error,
        ..Options::default()
    };
    let data = data();
    let render = |template: &Template| {
        let mut world = World {
            now: SystemTime::UNIX_EPOCH,
            random: &mut None,
        };
        template.render(&data, &mut world).expect("it renders")
    };
    let parse = || Template::parse("config", black_box(TEXT), &options).expect("it parses");
    criterion.bench_function("parse and render", |bencher| bencher.iter(|| render(&parse())));
    let cache = Cache::new(1 << 20);
    criterion.bench_function("render from the cache", |bencher| {
        bencher.iter(|| {
            render(
                &cache
                    .parse("config", black_box(TEXT), &options)
                    .expect("it parses"),
            )
        });
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
