//! Many objects on one backend: how often it is asked, and what happens when it has had enough, or is away.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{ListParams, PostParams};
use lockstep_api::{ExternalSecret, SecretStore};
use lockstep_testkit::{Azure, Doppler, Fate, Faults, Google, Moto, Shelf, Vault, eventually};
use serde_json::json;

use crate::bench::{Bench, SOON};

const OBJECTS: usize = 100;
const STORE: &str = "backend";
const LATENCY: Duration = Duration::from_millis(20);
const LATER: Duration = Duration::from_mins(1);

/// A store of a Vault that takes its time.
async fn set_up(prefix: &str, secrets: usize) -> Result<(Bench, Shelf)> {
    let vault = Vault::shared().await?;
    let shelf = Shelf::fill(vault, secrets).await?;
    shelf.faults.always(Fate::Late(LATENCY));
    let bench = Bench::set_up(prefix, "unused").await?;
    let credential = serde_json::from_value(shelf.secret("approle"))?;
    bench
        .api::<Secret>()
        .create(&PostParams::default(), &credential)
        .await?;
    bench.apply("SecretStore", STORE, shelf.store("approle")).await?;
    eventually("the store is ready", SOON, async || {
        bench.ready::<SecretStore>(STORE).await
    })
    .await?;
    Ok((bench, shelf))
}

/// ExternalSecrets `app-0`, `app-1` and so on; each reads the key of its number, or the one that is given.
async fn create(bench: &Bench, refresh: &str, key: Option<usize>) -> Result<()> {
    try_join_all((0..OBJECTS).map(async |nth| {
        let spec = json!({
            "secretStoreRef": {"name": STORE}, "refreshInterval": refresh,
            "data": [{"secretKey": "value", "remoteRef": {"key": format!("key-{}", key.unwrap_or(nth)), "property": "value"}}],
        });
        bench.apply("ExternalSecret", &format!("app-{nth}"), spec).await
    }))
    .await?;
    Ok(())
}

/// Waits until all of them are ready, or until none is.
async fn all_are(bench: &Bench, status: &str, within: Duration) -> Result<()> {
    let api = bench.api::<ExternalSecret>();
    eventually(&format!("all are {status}"), within, async || {
        let all = api
            .list(&ListParams::default())
            .await
            .map_err(|error| error.to_string())?;
        let so = all.items.iter().filter(|object| {
            let conditions = object.status.iter().flat_map(|status| &status.conditions);
            conditions.into_iter().any(|condition| {
                condition.status.as_str() == status && condition.kind == lockstep_api::ConditionType::Ready
            })
        });
        let count = so.count();
        if count == OBJECTS {
            Ok(())
        } else {
            let first = all.items.first().and_then(|object| object.status.as_ref());
            Err(format!("{count} of {OBJECTS}; the first says {first:?}"))
        }
    })
    .await?;
    Ok(())
}

/// What the targets hold, with the versions of the objects.
async fn targets(bench: &Bench) -> Result<Vec<(Option<String>, Option<Vec<u8>>)>> {
    let mut held = Vec::new();
    for nth in 0..OBJECTS {
        let secret = bench.secret(&format!("app-{nth}")).await?;
        held.push(secret.map_or((None, None), |secret| {
            let value = secret.data.unwrap_or_default().remove("value");
            (secret.metadata.resource_version, value.map(|value| value.0))
        }));
    }
    Ok(held)
}

/// How often an object was synced so far.
fn syncs(bench: &Bench) -> Result<usize, String> {
    let metrics = bench.metrics().map_err(|error| error.to_string())?;
    let samples = metrics
        .lines()
        .filter(|line| line.starts_with("externalsecret_sync_calls_total"));
    Ok(samples
        .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok())
        .sum())
}

async fn synced_again(bench: &Bench, times: usize) -> Result<()> {
    let wanted = syncs(bench).map_err(anyhow::Error::msg)? + times * OBJECTS;
    eventually("they are refreshed", LATER, async || {
        let now = syncs(bench)?;
        if now >= wanted {
            Ok(())
        } else {
            Err(format!("{now} of {wanted} syncs"))
        }
    })
    .await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn many_objects_on_one_vault_take_one_login_and_a_read_each() -> Result<()> {
    let (bench, shelf) = set_up("many", OBJECTS).await?;
    create(&bench, "1h", None).await?;
    all_are(&bench, "True", LATER).await?;
    assert_eq!(shelf.logins_and_reads(), (1, OBJECTS));
    let metrics = bench.metrics()?;
    let reads = format!(
        "lockstep_backend_reads_total{{kind=\"SecretStore\",name=\"{STORE}\",namespace=\"{}\"}} {OBJECTS}",
        bench.namespace
    );
    ensure!(metrics.contains(&reads), "no {reads}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn objects_that_share_a_key_share_its_read() -> Result<()> {
    let (bench, shelf) = set_up("shared", 1).await?;
    create(&bench, "5s", Some(0)).await?;
    all_are(&bench, "True", LATER).await?;
    // Within two refreshes, they have found the same phase.
    synced_again(&bench, 3).await?;
    shelf.faults.forget();
    synced_again(&bench, 3).await?;
    let (logins, reads) = shelf.logins_and_reads();
    ensure!(
        logins == 0 && reads <= 8,
        "{logins} logins and {reads} reads in three refreshes"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_vault_that_refuses_half_of_all_reads_is_read_in_the_end_and_not_overrun() -> Result<()> {
    let (bench, shelf) = set_up("throttled", OBJECTS).await?;
    let asked = std::sync::atomic::AtomicUsize::new(0);
    shelf.faults.are(move |request| {
        let is_read = request.path.contains("/data/");
        if is_read && asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 2 == 1 {
            Fate::throttled(
                None,
                "{\"errors\": [\"request path: rate limit quota exceeded\"]}",
            )
        } else {
            Fate::Late(LATENCY)
        }
    });
    create(&bench, "1h", None).await?;
    all_are(&bench, "True", LATER).await?;
    let (logins, reads) = shelf.logins_and_reads();
    ensure!(
        logins == 1 && reads <= 2 * OBJECTS + 5,
        "{logins} logins and {reads} reads"
    );
    let busiest = shelf.faults.traffic().busiest(Duration::from_secs(1));
    ensure!(busiest <= 60, "{busiest} calls within a second");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn an_outage_leaves_secrets_alone_is_told_by_the_store_and_is_over_when_it_is_over() -> Result<()> {
    let (bench, shelf) = set_up("outage", OBJECTS).await?;
    create(&bench, "5s", None).await?;
    all_are(&bench, "True", LATER).await?;
    let before = targets(&bench).await?;

    shelf
        .faults
        .always(Fate::status(503, "{\"errors\": [\"Vault is sealed\"]}"));
    let not_ready = async || match bench.condition::<SecretStore>(STORE).await? {
        condition if condition["status"] == "False" => Ok(()),
        condition => Err(condition.to_string()),
    };
    eventually("the store tells", LATER, not_ready).await?;
    all_are(&bench, "False", LATER).await?;
    shelf.faults.forget();
    eventually("Vault is looked for", LATER, async || {
        let asked = shelf.faults.traffic().total();
        if asked >= 3 {
            Ok(())
        } else {
            Err(format!("{asked} calls"))
        }
    })
    .await?;
    let busiest = shelf.faults.traffic().busiest(Duration::from_secs(2));
    ensure!(
        busiest <= 20,
        "{busiest} calls within two seconds to a Vault that is away"
    );
    assert_eq!(targets(&bench).await?, before);

    shelf.faults.always(Fate::Late(LATENCY));
    shelf.faults.forget();
    all_are(&bench, "True", SOON).await?;
    let busiest = shelf.faults.traffic().busiest(Duration::from_secs(1));
    ensure!(busiest <= 80, "{busiest} calls within a second on its return");
    assert_eq!(targets(&bench).await?, before);
    Ok(())
}

/// Secrets `key-0`, `key-1` and so on, each an object with a `value`.
async fn fill(moto: &Moto) -> Result<()> {
    for nth in 0..OBJECTS {
        let value = json!({"value": format!("value-{nth}")}).to_string();
        let secret = json!({"Name": format!("key-{nth}"), "SecretString": value});
        moto.ask("secretsmanager", "CreateSecret", secret).await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn many_objects_on_one_aws_store_are_read_in_batches() -> Result<()> {
    if !cfg!(feature = "aws") {
        return Ok(());
    }
    let moto = Moto::start().await?;
    fill(&moto).await?;
    let faults = Faults::before(&moto.url()).await?;
    faults.always(Fate::Late(LATENCY));
    let url = faults.url();
    let environment = [
        ("AWS_SECRETSMANAGER_ENDPOINT", url.as_str()),
        ("AWS_STS_ENDPOINT", &url),
    ];
    let bench = Bench::set_up_in(&environment, "batches", "unused").await?;
    bench.put_secret("credentials", "key", "not-looked-at").await?;
    // They wait for their store, and want its secrets when it comes.
    create(&bench, "1h", None).await?;
    all_are(&bench, "False", LATER).await?;
    let key = json!({"name": "credentials", "key": "key"});
    let auth = json!({"secretRef": {"accessKeyIDSecretRef": key, "secretAccessKeySecretRef": key}});
    let aws = json!({"service": "SecretsManager", "region": Moto::REGION, "auth": auth});
    bench
        .apply("SecretStore", STORE, json!({"provider": {"aws": aws}}))
        .await?;
    all_are(&bench, "True", LATER).await?;
    let traffic = faults.traffic();
    ensure!(
        traffic.total() <= OBJECTS / 10 && traffic.of("GetSecretValue") == traffic.total(),
        "{:?}",
        traffic.calls
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn many_objects_on_one_azure_store_take_one_token_and_a_read_each() -> Result<()> {
    let azure = Azure::start().await?;
    for nth in 0..OBJECTS {
        let value = json!({"value": format!("value-{nth}")}).to_string();
        azure.put_secret(&format!("key-{nth}"), &value, &[]);
    }
    azure.faults().always(Fate::Late(LATENCY));
    let folder = tempfile::tempdir()?;
    let trusted = folder.path().join("ca.pem");
    std::fs::write(&trusted, azure.authority())?;
    let trusted = trusted.display().to_string();
    let bench = Bench::set_up_in(&[("SSL_CERT_FILE", &trusted)], "azure", "unused").await?;
    // The account's token is a real one, and Azure looks whom it is of and for.
    let subject = format!("system:serviceaccount:{}:app", bench.namespace);
    azure.register_subject("client", &subject);
    let annotations = json!({
        "azure.workload.identity/client-id": "client", "azure.workload.identity/tenant-id": Azure::TENANT,
    });
    let account = serde_json::from_value(json!({"metadata": {"name": "app", "annotations": annotations}}))?;
    bench
        .api::<ServiceAccount>()
        .create(&PostParams::default(), &account)
        .await?;
    create(&bench, "1h", None).await?;
    let provider = json!({
        "vaultUrl": azure.url(), "authType": "WorkloadIdentity", "serviceAccountRef": {"name": "app"},
        "useAzureSDK": true, "customCloudConfig": {"activeDirectoryEndpoint": azure.url()},
    });
    bench
        .apply("SecretStore", STORE, json!({"provider": {"azurekv": provider}}))
        .await?;
    all_are(&bench, "True", LATER).await?;
    let traffic = azure.faults().traffic();
    ensure!(
        azure.tokens() == 1 && traffic.of("GET /secrets/key-") == OBJECTS && traffic.peak > 5,
        "{} tokens, {} at a time: {:?}",
        azure.tokens(),
        traffic.peak,
        traffic.calls
    );
    let held = targets(&bench).await?;
    ensure!(held[7].1.as_deref() == Some(b"value-7"), "another value");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn many_objects_on_one_doppler_config_take_one_download_and_a_request_a_refresh() -> Result<()> {
    let place = ("app", "prd");
    let doppler = Doppler::start().await?;
    doppler.allow_config("token", place, false);
    for nth in 0..OBJECTS {
        doppler.put(place, &format!("key-{nth}"), &format!("value-{nth}"));
    }
    doppler.faults().always(Fate::Late(LATENCY));
    let url = doppler.url();
    let bench = Bench::set_up_in(&[("DOPPLER_BASE_URL", &url)], "doppler", "unused").await?;
    bench.put_secret("doppler", "dopplerToken", "token").await?;
    let auth = json!({"secretRef": {"dopplerToken": {"name": "doppler"}}});
    let provider = json!({"provider": {"doppler": {"auth": auth}}});
    bench.apply("SecretStore", STORE, provider).await?;
    create(&bench, "5s", None).await?;
    all_are(&bench, "True", LATER).await?;
    assert_eq!(doppler.downloads().whole, 1);

    // Within two refreshes, they have found the same phase.
    synced_again(&bench, 3).await?;
    let before = doppler.downloads();
    synced_again(&bench, 3).await?;
    let requests = doppler.downloads().asked() - before.asked();
    ensure!(requests <= 4, "{requests} requests in three refreshes");
    doppler.put(place, "key-7", "another");
    synced_again(&bench, 2).await?;
    assert_eq!(doppler.downloads().whole, 2);
    let held = targets(&bench).await?;
    ensure!(held[7].1.as_deref() == Some(b"another"), "another value");
    ensure!(held[8].1.as_deref() == Some(b"value-8"), "another value");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn many_objects_on_one_google_store_take_one_token_and_a_read_each() -> Result<()> {
    let google = Google::start().await?;
    for nth in 0..OBJECTS {
        let value = json!({"value": format!("value-{nth}")}).to_string();
        google.put(&format!("key-{nth}"), value.as_bytes());
    }
    google.faults().always(Fate::Late(LATENCY));
    let folder = tempfile::tempdir()?;
    let trusted = folder.path().join("ca.pem");
    std::fs::write(&trusted, google.authority())?;
    let (trusted, url) = (trusted.display().to_string(), google.url());
    let environment = [
        ("SSL_CERT_FILE", trusted.as_str()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", &url),
    ];
    let bench = Bench::set_up_in(&environment, "google", "unused").await?;
    let key = google
        .add_account("reader@p.iam.gserviceaccount.com")?
        .to_string();
    let credential =
        serde_json::from_value(json!({"metadata": {"name": "key"}, "stringData": {"key": key}}))?;
    bench
        .api::<Secret>()
        .create(&PostParams::default(), &credential)
        .await?;
    create(&bench, "1h", None).await?;
    let auth = json!({"secretRef": {"secretAccessKeySecretRef": {"name": "key", "key": "key"}}});
    let provider = json!({"projectID": Google::PROJECT, "auth": auth});
    bench
        .apply("SecretStore", STORE, json!({"provider": {"gcpsm": provider}}))
        .await?;
    all_are(&bench, "True", LATER).await?;
    let traffic = google.faults().traffic();
    ensure!(
        google.tokens() == 1 && traffic.of(":access") == OBJECTS && traffic.peak > 5,
        "{} tokens, {} at a time: {:?}",
        google.tokens(),
        traffic.peak,
        traffic.calls
    );
    let held = targets(&bench).await?;
    ensure!(held[7].1.as_deref() == Some(b"value-7"), "another value");
    Ok(())
}
