//! A store of files, as an object sees it.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use lockstep_testkit::eventually;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::engine::ask::Aspect;
use crate::engine::object::{ObjectKey, StoreKey};
use crate::engine::store::Store;
use crate::provider::pool::{Pool, Tidings, Verdict};
use crate::provider::reader::Reader;
use crate::provider::testing::{TestCluster, store};
use crate::provider::{Rules, Wanted};

const CANARY: &str = "canary";

struct Scene {
    bed: TempDir,
    pool: Pool,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let bed = tempfile::tempdir().expect("a folder");
        let rules = Rules {
            file_roots: vec![bed.path().join("root")],
            ..Rules::default()
        };
        fs::create_dir(bed.path().join("root")).expect("a folder");
        let pool = Pool::new(Arc::<TestCluster>::default(), Calls::default(), rules);
        let scene = Self { bed, pool };
        for (path, text) in files {
            scene.put(path, text);
        }
        scene
    }

    fn path(&self, path: &str) -> PathBuf {
        self.bed.path().join("root").join(path)
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// A version of a volume, as the kubelet puts it into its place.
    fn swap(&self, folder: &str, version: &str, files: &[(&str, &str)]) {
        for (name, text) in files {
            self.put(&format!("{folder}/..{version}/{name}"), text);
        }
        symlink(format!("..{version}"), self.path(folder).join("..data_tmp")).expect("a link");
        let old = fs::read_link(self.path(folder).join("..data"));
        fs::rename(
            self.path(folder).join("..data_tmp"),
            self.path(folder).join("..data"),
        )
        .expect("a rename");
        if let Ok(old) = old {
            fs::remove_dir_all(self.path(folder).join(old)).expect("removed");
        }
    }

    async fn reader(&self, provider: &Value) -> Arc<Reader> {
        let connected = self.pool.connection(&file_store(provider), "ns").await;
        connected.expect("a connection")
    }
}

fn key() -> StoreKey {
    StoreKey::Namespaced(ObjectKey::new("ns", "files"))
}

fn file_store(provider: &Value) -> Arc<Store> {
    store(key(), 1, &json!({ "lockstep.dev/file": provider }))
}

fn directory(path: &str) -> Value {
    json!({"directory": {"path": path}})
}

fn at(key: &str) -> Location {
    Location {
        key: key.to_owned(),
        version: None,
        aspect: Aspect::Value,
        property: None,
    }
}

fn text(answer: Result<SecretBytes, Problem>) -> Result<String, String> {
    match answer {
        Ok(value) => Ok(String::from_utf8(value.expose().to_vec()).expect("text")),
        Err(problem) => {
            let told = format!("{}: {problem}", problem.reason());
            assert!(!told.contains(CANARY), "{told}");
            Err(told)
        }
    }
}

fn names(found: Result<Values, Problem>) -> Result<String, String> {
    match found {
        Ok(values) => Ok(values.into_keys().collect::<Vec<_>>().join(" ")),
        Err(problem) => text(Err(problem)),
    }
}

#[tokio::test]
async fn a_file_is_a_value_and_json_has_properties() {
    let scene = Scene::new(&[
        ("db/password", "p\n"),
        ("db.json", r#"{"user": {"name": "u"}, "n": 1}"#),
    ]);
    let reader = scene.reader(&directory(".")).await;
    for (key, property, expected) in [
        ("db/password", None, Ok("p\n")),
        ("db/password", Some(""), Ok("p\n")),
        ("db.json", Some("user.name"), Ok("u")),
        (
            "db.json",
            Some("nothing"),
            Err("Absent: db.json: secret does not exist"),
        ),
        ("nothing", None, Err("Absent: nothing: secret does not exist")),
        (
            "db/password/x",
            None,
            Err("Absent: db/password/x: secret does not exist"),
        ),
        (
            "db",
            None,
            Err("BadData: db: is a folder; name a file in it, or use find"),
        ),
    ] {
        let found = text(reader.value(at(key), property).await);
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{key}");
    }
    let all = reader.extract(at("db.json"), None).await;
    assert_eq!(names(all), Ok("n user".to_owned()));
}

#[tokio::test]
async fn what_files_do_not_have_is_refused_and_not_missing() {
    let scene = Scene::new(&[("a", CANARY), ("deep/b", CANARY)]);
    fs::write(scene.bed.path().join("outside"), CANARY).expect("a file");
    symlink("../outside", scene.path("out")).expect("a link");
    symlink("/etc", scene.path("etc")).expect("a link");
    let reader = scene.reader(&directory(".")).await;
    for key in [
        "../outside",
        "/etc/passwd",
        "deep/../a",
        "./a",
        "a/",
        "",
        ".hidden",
        "..data/a",
    ] {
        let refused = text(reader.value(at(key), None).await).expect_err("refused");
        assert!(
            refused.starts_with("InvalidSpec: remoteRef.key: "),
            "{key}: {refused}"
        );
    }
    for key in ["out", "etc", "etc/passwd"] {
        let refused = text(reader.value(at(key), None).await).expect_err("refused");
        assert!(
            refused.starts_with("BadData") && refused.contains("leads out of"),
            "{refused}"
        );
    }
    let versioned = Location {
        version: Some("1".to_owned()),
        ..at("a")
    };
    let described = Location {
        aspect: Aspect::Metadata,
        ..at("a")
    };
    for (location, field) in [
        (versioned, "remoteRef.version"),
        (described, "remoteRef.metadataPolicy"),
    ] {
        let refused = text(reader.value(location, None).await).expect_err("refused");
        assert!(
            refused.starts_with(&format!("InvalidSpec: {field}: ")),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn files_are_found_by_path_and_name() {
    let scene = Scene::new(&[
        ("db/user", "u"),
        ("db/password", "p"),
        ("dbx", "x"),
        ("web/password", "w"),
    ]);
    let reader = scene.reader(&directory(".")).await;
    for (path, name, expected) in [
        (None, None, "db/password db/user dbx web/password"),
        (None, Some("password$"), "db/password web/password"),
        (Some("db"), None, "db/password db/user"),
        (Some("db/"), Some("^db/u"), "db/user"),
        (Some("nowhere"), None, ""),
    ] {
        let query = Find {
            path: path.map(str::to_owned),
            name: name.map(str::to_owned),
            ..Find::default()
        };
        assert_eq!(
            names(reader.find(&query).await),
            Ok(expected.to_owned()),
            "{query:?}"
        );
    }
    for (query, field) in [
        (json!({"path": "../x"}), "find.path"),
        (json!({"name": "("}), "find.name.regexp"),
        (json!({"tags": "t"}), "find.tags"),
    ] {
        let field_of = |name: &str| query[name].as_str().map(str::to_owned);
        let query = Find {
            path: field_of("path"),
            name: field_of("name"),
            tags: field_of("tags")
                .map(|tag| (tag, String::new()))
                .into_iter()
                .collect(),
            ..Find::default()
        };
        let refused = names(reader.find(&query).await).expect_err("refused");
        assert!(
            refused.starts_with(&format!("InvalidSpec: {field}: ")),
            "{refused}"
        );
    }
    symlink("/etc", scene.path("web/out")).expect("a link");
    let refused = names(reader.find(&Find::default()).await).expect_err("a link that leads out");
    assert!(refused.contains("web/out"), "{refused}");
}

#[tokio::test]
async fn a_dotenv_file_is_a_set_of_values() {
    let scene = Scene::new(&[(".env", "A=1\nexport B='{\"x\": \"y\"}'\n")]);
    let provider = json!({"dotenv": {"path": ".env"}});
    let reader = scene.reader(&provider).await;
    assert_eq!(text(reader.value(at("A"), None).await), Ok("1".to_owned()));
    assert_eq!(text(reader.value(at("B"), Some("x")).await), Ok("y".to_owned()));
    assert_eq!(names(reader.extract(at("B"), None).await), Ok("x".to_owned()));
    let absent = text(reader.value(at("C"), None).await);
    assert_eq!(absent, Err("Absent: C: secret does not exist".to_owned()));
    assert_eq!(names(reader.find(&Find::default()).await), Ok("A B".to_owned()));

    scene.put(".env", &format!("A=1\n{CANARY}\n"));
    let broken = text(reader.value(at("A"), None).await);
    assert_eq!(
        broken,
        Err("BadData: .env: line 2 has no `=` after the name".to_owned())
    );
    let Verdict::Failed(problem) = scene.pool.check(&file_store(&provider)).await else {
        panic!("the store is sound");
    };
    assert_eq!(problem.reason(), "BadData");
}

#[tokio::test]
async fn a_store_says_what_is_wrong_with_its_place() {
    let scene = Scene::new(&[("file", ""), ("folder/x", "")]);
    for (provider, expected) in [
        (directory("nowhere"), "Unreachable: nowhere: does not exist"),
        (directory("file"), "BadData: file: is a file; it must be a folder"),
        (
            json!({"dotenv": {"path": "folder"}}),
            "BadData: folder: is a folder; it must be a file",
        ),
        (
            json!({"dotenv": {"path": "nowhere"}}),
            "Unreachable: nowhere: does not exist",
        ),
    ] {
        let reader = scene.reader(&provider).await;
        let told = text(reader.value(at("x"), None).await);
        assert_eq!(told, Err(expected.to_owned()));
        scene.pool.forget(&key());
    }
    for path in ["/etc", "../x", "a/../../x"] {
        let refused = scene.pool.connection(&file_store(&directory(path)), "ns").await;
        let problem = refused.expect_err("refused");
        assert_eq!(problem.reason(), "InvalidSpec", "{problem}");
        assert!(
            problem
                .to_string()
                .starts_with("spec.provider.lockstep.dev/file.directory.path: "),
            "{problem}"
        );
    }
}

/// An entry asks by itself here, as nothing but a turn keeps several of them together.
#[tokio::test]
async fn a_turn_sees_the_files_of_one_moment() {
    const SWAPS: usize = 2000;
    let scene = Arc::new(Scene::new(&[]));
    scene.swap("v", "0", &[("a", "0"), ("b", "0")]);
    let reader = scene.reader(&directory("v")).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let swapping = {
        let (scene, is_over) = (scene.clone(), is_over.clone());
        tokio::task::spawn_blocking(move || {
            for number in 1..=SWAPS {
                let number = number.to_string();
                scene.swap("v", &number, &[("a", number.as_str()), ("b", number.as_str())]);
            }
            is_over.store(true, SeqCst);
        })
    };
    let mut looks = 0;
    while !is_over.load(SeqCst) {
        let held = match reader.hold(Hold::now(Wanted::default())).await {
            Ok(held) => held,
            Err(problem) => {
                assert_eq!(problem.reason(), "Unreachable", "{problem}");
                continue;
            }
        };
        let (a, b) = (held.value(at("a"), None).await, held.value(at("b"), None).await);
        assert_eq!(text(a), text(b));
        looks += 1;
    }
    swapping.await.expect("no panic");
    assert!(looks > 0, "nothing was seen");
    let last = reader.hold(Hold::now(Wanted::default())).await.expect("at rest");
    assert_eq!(text(last.value(at("b"), None).await), Ok(SWAPS.to_string()));
}

#[tokio::test]
async fn a_change_is_told_within_a_second() {
    let scene = Scene::new(&[]);
    scene.swap("v", "0", &[("a", "0")]);
    let _reader = scene.reader(&directory("v")).await;
    let before = scene.pool.epoch(&key());
    scene.swap("v", "1", &[("a", "1")]);
    let told = tokio::time::timeout(Duration::from_secs(1), scene.pool.turned()).await;
    let news = Tidings {
        turn: None,
        concerns_users: true,
    };
    assert_eq!(told.expect("within a second"), (key(), news));
    assert_ne!(scene.pool.epoch(&key()), before);
}

#[tokio::test]
async fn a_dotenv_file_that_is_replaced_is_told() {
    let scene = Scene::new(&[(".env", "A=1")]);
    let _reader = scene.reader(&json!({"dotenv": {"path": ".env"}})).await;
    scene.put("fresh", "A=2");
    fs::rename(scene.path("fresh"), scene.path(".env")).expect("a rename");
    let told = eventually("a change", Duration::from_secs(5), async || {
        match scene.pool.epoch(&key()).changes {
            0 => Err("none"),
            _ => Ok(()),
        }
    });
    told.await.expect("it is told");
}

fn fault_below(folder: &str) -> Contents {
    let fault = fault::Fault::Trouble(beneath::Trouble::Forbidden);
    let files = [(folder.to_owned(), Err(fault)), ("b".to_owned(), Ok("b".into()))];
    Contents::Directory(files.into())
}

#[test]
fn what_cannot_be_looked_into_is_not_said_to_be_empty() {
    let contents = fault_below("a");
    for key in ["a", "a/x", "a/x/y"] {
        let refused = contents.read(&at(key)).expect_err("refused");
        assert_eq!(refused.reason(), "Refused", "{key}");
    }
    assert!(contents.read(&at("ab")).expect_err("nothing").is_absent());
    for (path, fails) in [
        (None, true),
        (Some("a"), true),
        (Some("a/x"), true),
        (Some("c"), false),
    ] {
        let query = Find {
            path: path.map(str::to_owned),
            ..Find::default()
        };
        assert_eq!(contents.find(&query).is_err(), fails, "{path:?}");
    }
}

#[tokio::test]
async fn without_a_root_nothing_is_read() {
    let pool = Pool::new(Arc::<TestCluster>::default(), Calls::default(), Rules::default());
    let refused = pool
        .connection(&file_store(&directory("/run/secrets")), "ns")
        .await;
    let problem = refused.expect_err("refused");
    assert!(
        problem.to_string().contains("--file-provider-root=DIR"),
        "{problem}"
    );
}
