//! Files as a store.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use crate::bed::{Bed, PATIENCE, pause};

const SWAPS: u32 = 10_000;

/// A volume of the kubelet, or a folder of Docker's secrets: whichever, it is replaced as the kubelet does.
struct Volume(PathBuf);

impl Volume {
    fn swap(&self, version: u32) {
        let name = format!("..{version}");
        fs::create_dir_all(self.0.join(&name)).expect("a folder");
        for half in ["left", "right"] {
            fs::write(self.0.join(&name).join(half), version.to_string()).expect("a file");
        }
        symlink(&name, self.0.join("..data_tmp")).expect("a link");
        let old = fs::read_link(self.0.join("..data"));
        fs::rename(self.0.join("..data_tmp"), self.0.join("..data")).expect("a rename");
        if let Ok(old) = old {
            fs::remove_dir_all(self.0.join(old)).expect("removed");
        }
    }
}

/// Two stores, and a file of configuration that is made of both.
const MANIFESTS: &str = r#"
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: volume}
spec: {provider: {lockstep.dev/file: {directory: {path: volume}}}}
---
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: settings}
spec: {provider: {lockstep.dev/file: {dotenv: {path: settings.env}}}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: app}
spec:
  refreshInterval: 1h
  secretStoreRef: {name: volume}
  target: {template: {data: {config: "{{ .HOST }} {{ .left }} {{ .right }}"}}}
  data:
  - {secretKey: left, remoteRef: {key: left}}
  - {secretKey: right, remoteRef: {key: right}}
  dataFrom:
  - {find: {}, sourceRef: {storeRef: {name: settings}}}
"#;

struct Scene {
    bed: Bed,
    volume: Volume,
}

impl Scene {
    fn new() -> Self {
        let bed = Bed::new(&[("app.yaml", MANIFESTS)]);
        fs::create_dir_all(bed.path("root/volume")).expect("a folder");
        let volume = Volume(bed.path("root/volume"));
        let scene = Self { bed, volume };
        scene.volume.swap(0);
        scene.host("a");
        scene
    }

    fn host(&self, host: &str) {
        let fresh = self.bed.path("root/fresh");
        fs::write(&fresh, format!("# of a test\nexport HOST='{host}'\n")).expect("a file");
        fs::rename(fresh, self.bed.path("root/settings.env")).expect("a rename");
    }

    fn flag(&self) -> String {
        format!("--file-provider-root={}", self.bed.path("root").display())
    }

    fn config(&self) -> String {
        fs::read_to_string(self.bed.out("app/config")).expect("it is there all the time")
    }

    /// How long that takes.
    #[track_caller]
    fn until(&self, config: &str) -> Duration {
        let started = Instant::now();
        while self.config() != config {
            assert!(
                started.elapsed() < PATIENCE,
                "{:?} is not {config:?}",
                self.config()
            );
            pause();
        }
        started.elapsed()
    }
}

#[test]
fn the_example_works() {
    let bed = Bed::new(&[]);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/files");
    let ended = bed.once_from(&example, &[]);
    ended.assert(0).tells(&["app ", "SecretStore", "Ready"]);
    assert_eq!(ended.stderr, "");
    bed.until(&[(
        "app/app.ini",
        "[database]\nurl = postgresql://shop:correct+horse+battery+staple@db.example.com/shop\n\n\
         [mail]\nuser = shop\npassword = hunter2\n",
    )]);
}

#[test]
fn a_source_that_rotates_is_followed_within_a_second_and_never_seen_in_halves() {
    let scene = Scene::new();
    let agent = scene.bed.start(&[&scene.flag()]);
    scene.bed.until(&[("app/config", "a 0 0")]);

    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            (1..=SWAPS).for_each(|version| scene.volume.swap(version));
            is_over.store(true, SeqCst);
        });
        while !is_over.load(SeqCst) {
            let config = scene.config();
            let halves: Vec<&str> = config.split(' ').collect();
            assert!(halves.len() == 3 && halves[1] == halves[2], "{config:?}");
        }
    });
    scene.until(&format!("a {SWAPS} {SWAPS}"));

    // Others may keep this machine busy: once in a few times it is idle.
    let took = (1..=5).map(|round| {
        let version = SWAPS + round;
        scene.volume.swap(version);
        let of_volume = scene.until(&format!("a {version} {version}"));
        scene.host("b");
        let of_settings = scene.until(&format!("b {version} {version}"));
        scene.host("a");
        scene.until(&format!("a {version} {version}"));
        of_volume.max(of_settings)
    });
    let fastest = took.min().expect("some rounds");
    assert!(fastest < Duration::from_secs(1), "{fastest:?}");
    agent.stop("TERM").0.assert(0);
}

#[test]
fn a_file_that_breaks_or_goes_leaves_what_it_led_to() {
    let scene = Scene::new();
    let agent = scene.bed.start(&[&scene.flag()]);
    scene.bed.until(&[("app/config", "a 0 0")]);
    let settings = scene.bed.path("root/settings.env");
    fs::write(&settings, "HOST=a\ncanary\n").expect("a file");
    agent.until_told("line 2 has no `=` after the name");
    fs::rename(&settings, scene.bed.path("root/aside")).expect("a rename");
    agent.until_told("settings.env: does not exist");
    assert_eq!(scene.config(), "a 0 0");
    scene.host("c");
    scene.until("c 0 0");
    let ended = agent.stop("TERM").0;
    ended.assert(0);
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
}

#[test]
fn what_is_not_below_a_root_is_refused() {
    let store = |path: &str| {
        format!(
            "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {{name: s}}\n\
             spec: {{provider: {{lockstep.dev/file: {{directory: {{path: {path}}}}}}}}}\n"
        )
    };
    let object = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: a}\n\
                  spec: {secretStoreRef: {name: s}, dataFrom: [{find: {}}]}\n";
    for (path, words) in [
        ("/etc", "is not below a --file-provider-root"),
        ("../x", "must not have `..` in it"),
        ("nowhere", "nowhere: does not exist"),
    ] {
        let bed = Bed::new(&[("s.yaml", &store(path)), ("a.yaml", object)]);
        bed.once(&[]).assert(1).tells(&[words]);
        bed.until(&[]);
    }
}

/// What one agent writes as a dotenv file, another reads.
#[test]
fn a_dotenv_file_comes_back_as_it_was() {
    let values = r#"{"A": "a ''b'' \"c\" $d `e` \\n #f", "B": "x\ny\r\n", "C": "", "D": "  ü  "}"#;
    let bed = Bed::new(&[
        ("s.yaml", &crate::store(values)),
        ("a.yaml", &crate::extract("a", "")),
    ]);
    bed.once(&["--format", "dotenv"]).assert(0);
    let store = "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: s}\n\
                 spec: {provider: {lockstep.dev/file: {dotenv: {path: a.env}}}}\n";
    let object = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: a}\n\
                  spec: {secretStoreRef: {name: s}, dataFrom: [{find: {}}]}\n";
    let again = Bed::new(&[("s.yaml", store), ("a.yaml", object)]);
    let root = format!("--file-provider-root={}", bed.out("").display());
    again.once(&[&root]).assert(0);
    again.until(&[
        ("a/A", "a 'b' \"c\" $d `e` \\n #f"),
        ("a/B", "x\ny\r\n"),
        ("a/C", ""),
        ("a/D", "  ü  "),
    ]);
}
