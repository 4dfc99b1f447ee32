//! Writes: what becomes of secrets of ours, of others', and of those that several change at once; every fault at
//! every step.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use lockstep::cluster::Store;
use lockstep::provider::reader::Reader;
use lockstep::provider::{Push, PushSource, Remote};
use lockstep_testkit::{Fate, Faults, eventually};
use serde_json::{Value, json};

use super::{Bench, reference, told};
use crate::canary::{self, CANARY};

const SOON: Duration = Duration::from_secs(30);
const NOT_OURS: &str = "secret not managed by external-secrets";

/// One store that writes.
struct Writer {
    reader: Arc<Reader>,
    mount: String,
    version: u8,
    /// How its keys begin.
    prefix: String,
}

impl Writer {
    fn remote(&self, key: &str, property: Option<&str>) -> Remote {
        Remote {
            key: format!("{}{key}", self.prefix),
            property: property.map(str::to_owned),
            metadata: None,
        }
    }

    /// Pushes one value into a property, or an object as the whole secret.
    async fn push(&self, key: &str, property: Option<&str>, value: &str) -> Result<(), String> {
        push(&self.reader, self.remote(key, property), value).await
    }

    async fn delete(&self, key: &str, property: Option<&str>) -> Result<(), String> {
        let deleted = self.reader.delete(&self.remote(key, property)).await;
        deleted.map_err(|problem| told(&problem))
    }

    async fn exists(&self, key: &str, property: Option<&str>) -> Result<bool, String> {
        let exists = self.reader.exists(&self.remote(key, property)).await;
        exists.map_err(|problem| told(&problem))
    }

    fn data(&self, key: &str) -> String {
        let between = if self.version == 1 { "" } else { "data/" };
        format!("{}/{between}{key}", self.mount)
    }

    /// What somebody else puts there.
    async fn put(&self, bench: &Bench, key: &str, secret: Value) -> Result<()> {
        let body = if self.version == 1 {
            secret
        } else {
            json!({"data": secret})
        };
        bench.vault.write(&self.data(key), body).await?;
        Ok(())
    }

    /// The secret itself, without the mark; null if there is none.
    async fn secret(&self, bench: &Bench, key: &str) -> Result<Value> {
        let Ok(mut answer) = bench.vault.read(&self.data(key)).await else {
            return Ok(Value::Null);
        };
        if self.version == 2 {
            return Ok(answer["data"]["data"].take());
        }
        let mut secret = answer["data"].take();
        if let Some(secret) = secret.as_object_mut() {
            secret.remove("custom_metadata");
        }
        Ok(secret)
    }
}

async fn push(reader: &Reader, remote: Remote, value: &str) -> Result<(), String> {
    let push = Push {
        remote,
        secret_key: Some("value".to_owned()),
        values: [("value".to_owned(), value.into())].into(),
        source: PushSource::default(),
    };
    let _turn = reader.turn(&push.remote.key).await;
    let written = reader.write(&push).await;
    written.map_err(|problem| told(&problem))
}

/// A token that may do everything in a mount.
async fn writing_token(bench: &Bench, mount: &str) -> Result<String> {
    let rules =
        format!("path \"{mount}/*\" {{ capabilities = [\"create\", \"update\", \"read\", \"delete\"] }}");
    let policy = bench.vault.policy(&rules).await?;
    let token = bench.vault.token(json!({"policies": [policy]})).await?;
    bench.keep(&format!("token-{mount}"), &token).await?;
    Ok(format!("token-{mount}"))
}

async fn kv_store(bench: &Bench, name: &str, server: &str, mount: &str) -> Result<Arc<Store>> {
    let token = writing_token(bench, mount).await?;
    let provider = json!({"server": server, "path": mount, "auth": {"tokenSecretRef": reference(&token)}});
    let retry = json!({"maxRetries": 0});
    Ok(bench.store_named(
        name,
        json!({"provider": {"vault": provider}, "retrySettings": retry}),
    ))
}

/// Both providers on both versions of the engine; Vault's also where the mount is a part of the key.
async fn writers(bench: &Bench) -> Result<Vec<Writer>> {
    let mut writers = Vec::new();
    for version in [1, 2] {
        for (provider, with_path) in [("vault", true), ("vault", false), ("openBao", true)] {
            let mount = bench.vault.kv(version).await?;
            let token = writing_token(bench, &mount).await?;
            let mut spec = json!({
                "server": bench.vault.url(), "version": format!("v{version}"),
                "auth": {"tokenSecretRef": reference(&token)},
            });
            let mut prefix = String::new();
            if with_path {
                spec["path"] = mount.as_str().into();
            } else {
                prefix = format!("{mount}/{}", if version == 2 { "data/" } else { "" });
            }
            let store = bench.store_named(&mount, json!({"provider": {provider: spec}}));
            writers.push(Writer {
                reader: bench.connect(&store).await?,
                mount,
                version,
                prefix,
            });
        }
    }
    Ok(writers)
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn properties_come_and_go_and_with_the_last_one_the_secret() -> Result<()> {
    let bench = Bench::set_up().await?;
    for writer in writers(&bench).await? {
        assert_eq!(writer.exists("new", None).await, Ok(false));
        for (property, value) in [("x", CANARY), ("y", "<two>"), ("x", CANARY), ("x", "changed")] {
            assert_eq!(writer.push("new", Some(property), value).await, Ok(()));
        }
        let secret = writer.secret(&bench, "new").await?;
        assert_eq!(secret, json!({"x": "changed", "y": "<two>"}));
        assert_eq!(writer.exists("new", Some("x")).await, Ok(true));
        assert_eq!(writer.exists("new", Some("z")).await, Ok(false));
        assert_eq!(writer.delete("new", Some("z")).await, Ok(()));
        assert_eq!(writer.delete("new", Some("x")).await, Ok(()));
        assert_eq!(writer.secret(&bench, "new").await?, json!({"y": "<two>"}));
        assert_eq!(writer.delete("new", Some("y")).await, Ok(()));
        assert_eq!(writer.secret(&bench, "new").await?, Value::Null);
        assert_eq!(writer.delete("new", Some("y")).await, Ok(()));
        if writer.version == 2 {
            let metadata = bench.vault.read(&format!("{}/metadata/new", writer.mount)).await;
            ensure!(metadata.is_err(), "versions are left: {metadata:?}");
        }
    }
    canary::assert_nothing_logged();
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_whole_secret_is_replaced_once() -> Result<()> {
    let bench = Bench::set_up().await?;
    for writer in writers(&bench).await? {
        let value =
            json!({"user": CANARY, "n": 12_345_678_901_234_567_890_u64, "deep": {"list": [1.5, null]}});
        let value = value.to_string();
        for _ in 0..3 {
            assert_eq!(writer.push("whole", None, &value).await, Ok(()));
        }
        let kept = writer.secret(&bench, "whole").await?;
        ensure!(kept["user"] == CANARY && kept["deep"] == json!({"list": [1.5, null]}));
        if writer.version == 2 {
            let answer = bench.vault.read(&writer.data("whole")).await?;
            assert_eq!(answer["data"]["metadata"]["version"], 1);
        }
        assert_eq!(writer.push("whole", None, r#"{"a":"b"}"#).await, Ok(()));
        assert_eq!(writer.secret(&bench, "whole").await?, json!({"a": "b"}));
        let refused = writer.push("whole", None, CANARY).await;
        let why = "error unmarshalling incoming secret value: invalid JSON format";
        assert_eq!(refused, Err(why.to_owned()));
        assert_eq!(writer.delete("whole", None).await, Ok(()));
        assert_eq!(writer.secret(&bench, "whole").await?, Value::Null);
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_others_wrote_is_neither_overwritten_nor_deleted() -> Result<()> {
    let bench = Bench::set_up().await?;
    for writer in writers(&bench).await? {
        let theirs = json!({"x": "theirs"});
        writer.put(&bench, "theirs", theirs.clone()).await?;
        for (property, value) in [(Some("x"), CANARY), (Some("y"), CANARY), (None, "{}")] {
            let refused = writer.push("theirs", property, value).await;
            assert_eq!(refused, Err(NOT_OURS.to_owned()));
            assert_eq!(writer.delete("theirs", property).await, Ok(()));
        }
        assert_eq!(writer.secret(&bench, "theirs").await?, theirs);
        if writer.version == 2 {
            // One that was deleted can be had back, and its versions end one day.
            bench.vault.delete(&writer.data("theirs")).await?;
            let refused = writer.push("theirs", Some("x"), CANARY).await;
            assert_eq!(refused, Err(NOT_OURS.to_owned()));
            assert_eq!(writer.exists("theirs", None).await, Ok(false));
        }
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_is_said_of_a_secret_stays_beside_the_mark() -> Result<()> {
    let bench = Bench::set_up().await?;
    for writer in writers(&bench).await? {
        if writer.version == 1 {
            continue;
        }
        let path = format!("{}/metadata/said", writer.mount);
        let said = json!({"custom_metadata": {"owner": "team-a"}, "max_versions": 7});
        bench.vault.write(&path, said).await?;
        assert_eq!(writer.push("said", Some("x"), CANARY).await, Ok(()));
        assert_eq!(writer.push("said", Some("x"), "changed").await, Ok(()));
        let metadata = bench.vault.read(&path).await?["data"].take();
        let expected = json!({"managed-by": "external-secrets", "owner": "team-a"});
        assert_eq!(metadata["custom_metadata"], expected);
        assert_eq!(metadata["max_versions"], 7);
        // One of ours that was deleted comes back.
        bench.vault.delete(&writer.data("said")).await?;
        assert_eq!(writer.push("said", Some("x"), "again").await, Ok(()));
        assert_eq!(writer.secret(&bench, "said").await?, json!({"x": "again"}));
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn those_who_write_parts_of_one_secret_lose_nothing() -> Result<()> {
    let bench = Bench::set_up().await?;
    let mount = bench.vault.kv(2).await?;
    let config = format!("{mount}/config");
    bench.vault.write(&config, json!({"cas_required": true})).await?;
    let mut readers = Vec::new();
    for name in ["one", "other"] {
        let store = kv_store(&bench, name, &bench.vault.url(), &mount).await?;
        readers.push(bench.connect(&store).await?);
    }
    let pushes = (0..24).map(async |nth| {
        let remote = Remote {
            key: "shared".to_owned(),
            property: Some(format!("p{nth}")),
            metadata: None,
        };
        // Whoever is overtaken again and again comes back.
        eventually("it is written", SOON, async || {
            push(&readers[nth % 2], remote.clone(), CANARY).await
        })
        .await
    });
    try_join_all(pushes).await?;
    let answer = bench.vault.read(&format!("{mount}/data/shared")).await?;
    let secret = answer["data"]["data"].as_object().context("a secret")?;
    assert_eq!(secret.len(), 24);
    assert_eq!(answer["data"]["metadata"]["version"], 24);
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_write_that_fails_anywhere_is_completed_by_the_next_and_made_once() -> Result<()> {
    let bench = Bench::set_up().await?;
    let mount = bench.vault.kv(2).await?;
    let before = Faults::before(&bench.vault.url()).await?;
    let mut number = 0;
    for (method, part) in [
        ("GET", "/data/"),
        ("GET", "/metadata/"),
        ("PUT", "/metadata/"),
        ("PUT", "/data/"),
    ] {
        for fate in [
            Fate::status(500, CANARY),
            Fate::status(404, CANARY),
            Fate::page(CANARY),
            Fate::Half,
            Fate::Endless(100 << 20),
            Fate::Cut { carried_out: false },
            Fate::Cut { carried_out: true },
        ] {
            if fate == Fate::Half && (method, part) == ("PUT", "/metadata/") {
                // That answer has no body that could break off.
                continue;
            }
            number += 1;
            let (shown, key) = (format!("{fate:?} at {method} {part}"), format!("key-{number}"));
            let store = kv_store(&bench, &key, &before.url(), &mount).await?;
            let reader = bench.connect(&store).await?;
            before.are(move |asked| {
                if asked.method == method && asked.path.contains(part) {
                    fate.clone()
                } else {
                    Fate::Pass
                }
            });
            let remote = Remote {
                key: key.clone(),
                property: Some("x".to_owned()),
                metadata: None,
            };
            let failed = push(&reader, remote.clone(), CANARY).await;
            let failed = failed.err().with_context(|| shown.clone())?;
            ensure!(failed.contains(&key), "{shown}: {failed}");
            before.always(Fate::Pass);
            eventually(&format!("it is written after {shown}"), SOON, async || {
                push(&reader, remote.clone(), CANARY).await
            })
            .await?;
            let kept = bench.vault.read(&format!("{mount}/data/{key}")).await?["data"].take();
            assert_eq!(kept["data"], json!({"x": CANARY}), "{shown}");
            assert_eq!(kept["metadata"]["version"], 1, "{shown}");
            let mark = json!({"managed-by": "external-secrets"});
            assert_eq!(kept["metadata"]["custom_metadata"], mark, "{shown}");
        }
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_deletion_that_fails_is_completed_by_the_next() -> Result<()> {
    let bench = Bench::set_up().await?;
    let mount = bench.vault.kv(2).await?;
    let before = Faults::before(&bench.vault.url()).await?;
    for (number, carried_out) in [false, true].into_iter().enumerate() {
        let store = kv_store(&bench, &format!("store-{number}"), &before.url(), &mount).await?;
        let reader = bench.connect(&store).await?;
        let remote = Remote {
            key: format!("key-{number}"),
            property: Some("x".to_owned()),
            metadata: None,
        };
        assert_eq!(push(&reader, remote.clone(), CANARY).await, Ok(()));
        before.are(move |asked| {
            if asked.method == "DELETE" {
                Fate::Cut { carried_out }
            } else {
                Fate::Pass
            }
        });
        ensure!(reader.delete(&remote).await.is_err());
        before.always(Fate::Pass);
        eventually("it is deleted", SOON, async || {
            let deleted = reader.delete(&remote).await;
            deleted.map_err(|problem| told(&problem))
        })
        .await?;
        let left = bench
            .vault
            .read(&format!("{mount}/metadata/{}", remote.key))
            .await;
        ensure!(left.is_err(), "{left:?}");
    }
    Ok(())
}
