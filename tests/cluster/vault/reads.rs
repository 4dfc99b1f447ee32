//! Every kind of read, of both versions of the engine.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use lockstep::engine::ask::{Aspect, Find, Location};
use lockstep::engine::problem::Problem;
use lockstep::engine::secret_bytes::SecretBytes;
use lockstep::engine::values::Values;
use lockstep::provider::reader::Reader;
use serde_json::{Value, json};

use super::{Bench, reference, told};
use crate::canary::CANARY;
use crate::readers::at;

/// One store on an engine, and how its keys are written.
struct Engine {
    reader: Arc<Reader>,
    prefix: String,
}

impl Engine {
    fn at(&self, key: &str) -> Location {
        at(&format!("{}{key}", self.prefix))
    }
}

/// Both versions of the engine, each with its mount as the store's path and without it.
async fn engines(bench: &Bench) -> Result<Vec<Engine>> {
    let mut engines = Vec::new();
    for version in [1, 2] {
        let mount = bench.vault.kv(version).await?;
        let policy = format!(
            "path \"{mount}/*\" {{ capabilities = [\"read\", \"list\"] }}\n\
             path \"{mount}/{}closed\" {{ capabilities = [\"deny\"] }}",
            if version == 1 { "" } else { "data/" }
        );
        let policy = bench.vault.policy(&policy).await?;
        let token = bench.vault.token(json!({"policies": [policy]})).await?;
        let secret = format!("token-v{version}");
        bench.keep(&secret, &token).await?;
        for key in ["app", "folder/deep/other", "closed"] {
            let data = json!({
                "user": CANARY, "a.b": "flat", "a": {"b": "nested"}, "port": 5432, "big": 9_007_199_254_740_991_u64,
            });
            let (path, body) = if version == 1 {
                (format!("{mount}/{key}"), data)
            } else {
                (format!("{mount}/data/{key}"), json!({"data": data}))
            };
            bench.vault.write(&path, body).await?;
        }
        for with_path in [true, false] {
            let mut provider = json!({
                "server": bench.vault.url(), "version": format!("v{version}"),
                "auth": {"tokenSecretRef": reference(&secret)},
            });
            if with_path {
                provider["path"] = mount.as_str().into();
            }
            let store = bench.store(json!({"provider": {"vault": provider}}));
            bench.pool.reset(&store.key);
            engines.push(Engine {
                reader: bench.connect(&store).await?,
                prefix: if with_path {
                    String::new()
                } else {
                    format!("{mount}/")
                },
            });
        }
    }
    Ok(engines)
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn values_and_properties() -> Result<()> {
    let bench = Bench::set_up().await?;
    for engine in engines(&bench).await? {
        let get = async |property| engine.reader.value(engine.at("app"), property).await;
        for (property, expected) in [
            ("user", CANARY),
            ("a.b", "flat"),
            ("a", r#"{"b":"nested"}"#),
            ("@this.a.b", "nested"),
            ("port", "5432"),
            ("big", "9007199254740991"),
        ] {
            assert_eq!(get(Some(property)).await, Ok(expected.into()), "{property}");
        }
        let whole = get(None).await?;
        let whole: Value = serde_json::from_slice(whole.expose()).context("JSON")?;
        ensure!(whole["user"] == CANARY && whole["port"] == 5432);
        let deep = engine.at("folder/deep/other");
        let values = engine.reader.extract(deep.clone(), None).await?;
        ensure!(values.len() == 5);
        ensure!(values.get("user") == Some(&CANARY.into()));
        let inner = engine.reader.extract(deep, Some("a")).await?;
        assert_eq!(inner, Values::from([("b".to_owned(), "nested".into())]));
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_is_not_there_is_told_from_what_may_not_be_read() -> Result<()> {
    let bench = Bench::set_up().await?;
    for engine in engines(&bench).await? {
        let nowhere = engine.at("nowhere");
        for problem in [
            engine.reader.value(nowhere.clone(), Some("user")).await.err(),
            engine.reader.extract(nowhere.clone(), None).await.err(),
        ] {
            let problem = problem.context("a secret that is not there")?;
            ensure!(problem.is_absent(), "{problem}");
            ensure!(told(&problem).contains(&nowhere.key), "{problem}");
        }
        let missing = engine
            .reader
            .value(engine.at("app"), Some("nowhere"))
            .await
            .err()
            .context("a property that is not there")?;
        let text = told(&missing);
        ensure!(
            matches!(missing.root(), Problem::BadData { .. }) && text.contains("nowhere"),
            "{text}"
        );
        let closed = engine
            .reader
            .extract(engine.at("closed"), None)
            .await
            .err()
            .context("a secret that may not be read")?;
        let text = told(&closed);
        ensure!(
            matches!(closed.root(), Problem::Refused { .. })
                && text.contains("closed")
                && text.contains("403"),
            "{text}"
        );
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_mount_that_is_not_there_is_no_missing_secret() -> Result<()> {
    let bench = Bench::set_up().await?;
    bench.keep("root", bench.vault.root_token()).await?;
    let auth = json!({"tokenSecretRef": reference("root")});
    let store = bench.vault_store_with(&bench.vault.url(), auth, json!({"path": "no-such-mount"}));
    let reader = bench.connect(&store).await?;
    let problem = reader.extract(at("app"), None).await.err();
    let problem = problem.context("there is no such mount")?;
    ensure!(
        !problem.is_absent() && told(&problem).contains("no handler for route"),
        "{}",
        told(&problem)
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn versions() -> Result<()> {
    let bench = Bench::set_up().await?;
    bench.token(json!({})).await?;
    for number in 1..=4 {
        bench
            .put("versions", json!({"n": format!("{CANARY}-{number}")}))
            .await?;
    }
    let (mount, vault) = (&bench.mount, &bench.vault);
    vault
        .write(&format!("{mount}/delete/versions"), json!({"versions": [2]}))
        .await?;
    vault
        .write(&format!("{mount}/destroy/versions"), json!({"versions": [3]}))
        .await?;
    let store = bench.vault_store(&vault.url(), json!({"tokenSecretRef": reference("token")}));
    let reader = bench.connect(&store).await?;
    let get = async |version: &str| {
        let location = Location {
            version: Some(version.to_owned()),
            ..at("versions")
        };
        reader.value(location, Some("n")).await
    };
    for (version, number) in [("1", 1), ("4", 4), ("", 4)] {
        let expected = format!("{CANARY}-{number}");
        assert_eq!(get(version).await, Ok(expected.as_str().into()), "{version:?}");
    }
    for gone in ["2", "3", "9"] {
        let problem = get(gone).await.err().context("a version that is gone")?;
        ensure!(problem.is_absent(), "version {gone}: {}", told(&problem));
    }
    let wrong = get("latest").await.err().context("no number")?;
    ensure!(!wrong.is_absent(), "{}", told(&wrong));
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn metadata() -> Result<()> {
    let bench = Bench::set_up().await?;
    bench.token(json!({})).await?;
    let path = format!("{}/metadata/app", bench.mount);
    bench
        .vault
        .write(&path, json!({"custom_metadata": {"team": "blue"}}))
        .await?;
    let auth = json!({"tokenSecretRef": reference("token")});
    let store = bench.vault_store(&bench.vault.url(), auth.clone());
    let reader = bench.connect(&store).await?;
    let of = |key: &str| Location {
        aspect: Aspect::Metadata,
        ..at(key)
    };
    assert_eq!(reader.value(of("app"), Some("team")).await, Ok("blue".into()));
    assert_eq!(
        reader.value(of("app"), Some("current_version")).await,
        Ok("1".into())
    );
    let all = reader.extract(of("app"), None).await?;
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    ensure!(
        names == ["created_time", "current_version", "delete_version_after", "team"],
        "{names:?}"
    );
    let nowhere = reader.extract(of("nowhere"), None).await.err();
    ensure!(nowhere.is_some_and(|problem| problem.is_absent()));

    let first = json!({"version": "v1", "path": bench.vault.kv(1).await?});
    let store = bench.vault_store_with(&bench.vault.url(), auth, first);
    bench.pool.reset(&store.key);
    let reader = bench.connect(&store).await?;
    let refused = reader
        .extract(of("app"), None)
        .await
        .err()
        .context("v1 has none")?;
    ensure!(!refused.is_absent() && told(&refused).contains("v1"), "{refused}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn find() -> Result<()> {
    let bench = Bench::set_up().await?;
    bench.token(json!({})).await?;
    for key in ["team/db", "team/cache", "team/inner/db"] {
        bench.put(key, json!({"k": format!("{CANARY} of {key}")})).await?;
    }
    bench.put("team/gone", json!({"k": CANARY})).await?;
    let (mount, vault) = (&bench.mount, &bench.vault);
    vault.delete(&format!("{mount}/data/team/gone")).await?;
    let tags = json!({"custom_metadata": {"env": "prod", "tier": "1"}});
    vault.write(&format!("{mount}/metadata/team/cache"), tags).await?;
    let store = bench.vault_store(&vault.url(), json!({"tokenSecretRef": reference("token")}));
    let reader = bench.connect(&store).await?;
    let names = async |query: Find| {
        let found: Values = reader.find(&query).await?;
        let is_whole = |value: &SecretBytes| value.expose().starts_with(b"{\"");
        ensure!(found.values().all(is_whole), "whole secrets are found");
        Ok(found.keys().cloned().collect::<Vec<_>>())
    };
    let by_name = |path: Option<&str>, pattern: &str| Find {
        path: path.map(str::to_owned),
        name: Some(pattern.to_owned()),
        ..Find::default()
    };
    ensure!(names(by_name(None, "db$")).await? == ["team/db", "team/inner/db"]);
    // The slash in between is ESO's: names are keys of Secrets, and must not change.
    ensure!(names(by_name(Some("team/inner/"), "db")).await? == ["team/inner//db"]);
    ensure!(names(by_name(Some("team/inner"), "db")).await? == ["team/inner/db"]);
    ensure!(names(by_name(Some("team"), "gone")).await?.is_empty());
    let tagged = |pairs: &[(&str, &str)]| Find {
        tags: pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        ..Find::default()
    };
    ensure!(names(tagged(&[("env", "prod")])).await? == ["team/cache"]);
    ensure!(names(tagged(&[("env", "prod"), ("tier", "2")])).await?.is_empty());
    ensure!(names(tagged(&[("env", "1")])).await?.is_empty());

    let nowhere = reader.find(&by_name(Some("nowhere"), ".*")).await.err();
    let nowhere = nowhere.context("a folder that is not there")?;
    ensure!(nowhere.is_absent(), "{}", told(&nowhere));
    let nonsense = reader
        .find(&by_name(None, "("))
        .await
        .err()
        .context("no pattern")?;
    ensure!(
        matches!(nonsense.root(), Problem::InvalidSpec { .. }),
        "{}",
        told(&nonsense)
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn openbao_reads_the_same_by_its_own_rules() -> Result<()> {
    let bench = Bench::set_up().await?;
    bench.token(json!({})).await?;
    bench
        .put("bao", json!({"user": CANARY, "a": {"b": "nested"}}))
        .await?;
    let provider = |path: &str| {
        json!({"provider": {"openBao": {"server": bench.vault.url(), "path": path,
               "auth": {"tokenSecretRef": reference("token")}}}})
    };
    let reader = bench.connect(&bench.store(provider(&bench.mount))).await?;
    let get = async |property| reader.value(at("bao"), Some(property)).await;
    assert_eq!(get("user").await, Ok(CANARY.into()));
    let no_path = get("a.b").await.err().context("a property is no path here")?;
    ensure!(told(&no_path).contains("a.b"), "{no_path}");
    let old = Location {
        version: Some("1".to_owned()),
        ..at("bao")
    };
    assert_eq!(reader.value(old.clone(), Some("user")).await, Ok(CANARY.into()));
    let wrong = Location {
        version: Some("newest".to_owned()),
        ..old
    };
    let wrong = reader.value(wrong, None).await.err().context("no number")?;
    ensure!(
        matches!(wrong.root(), Problem::BadData { .. }),
        "{}",
        told(&wrong)
    );
    let absent = reader
        .extract(at("nowhere"), None)
        .await
        .err()
        .context("nothing there")?;
    ensure!(absent.is_absent(), "{}", told(&absent));
    Ok(())
}
