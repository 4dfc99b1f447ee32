//! Where the objects of a measurement read from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use lockstep_testkit::{Azure, Doppler, Fate, Faults, Google, Moto, Shelf, Traffic, Vault};
use serde::Serialize;
use serde_json::{Value, json};

/// How far away a real backend is.
const LATENCY: Duration = Duration::from_millis(20);
/// As many keys as this are in memory: some objects share one, as they do in life.
const KEYS: usize = 50;
const VALUE_BYTES: usize = 200;
const CREDENTIAL: &str = "credential";
/// Doppler's project and config.
const CONFIG: (&str, &str) = ("bench", "prd");
/// Requests under way at a time while AWS is filled.
const AT_ONCE: usize = 8;

/// Keys `key-0`, `key-1` and so on.
pub enum Backend {
    /// The store answers from memory.
    Memory,
    Vault(Shelf),
    Aws {
        faults: Faults,
        _moto: Moto,
    },
    Doppler(Doppler),
    Azure {
        azure: Azure,
        trusted: PathBuf,
    },
    Google {
        google: Google,
        /// Of the account that reads.
        key: String,
        trusted: PathBuf,
    },
}

impl Backend {
    /// A Vault with so many secrets, some way away.
    pub async fn vault(secrets: usize) -> Result<Self> {
        let shelf = Shelf::fill(Vault::shared().await?, secrets).await?;
        shelf.faults.always(Fate::Late(LATENCY));
        Ok(Self::Vault(shelf))
    }

    /// A Secrets Manager with so many secrets, some way away.
    pub async fn aws(secrets: usize) -> Result<Self> {
        let moto = Moto::start().await?;
        stream::iter(0..secrets)
            .map(|nth| {
                let secret = json!({"Name": format!("key-{nth}"), "SecretString": value(nth)});
                moto.ask("secretsmanager", "CreateSecret", secret)
            })
            .buffer_unordered(AT_ONCE)
            .try_for_each(async |_| Ok(()))
            .await?;
        let faults = Faults::before(&moto.url()).await?;
        faults.always(Fate::Late(LATENCY));
        Ok(Self::Aws { faults, _moto: moto })
    }

    /// A Doppler with so many secrets in one config, some way away.
    pub async fn doppler(secrets: usize) -> Result<Self> {
        let doppler = Doppler::start().await?;
        doppler.allow_config(CREDENTIAL, CONFIG, false);
        for nth in 0..secrets {
            doppler.put(CONFIG, &format!("KEY_{nth}"), &"v".repeat(VALUE_BYTES));
        }
        doppler.faults().always(Fate::Late(LATENCY));
        Ok(Self::Doppler(doppler))
    }

    /// A key vault with so many secrets, some way away; the folder is for what has to be trusted.
    pub async fn azure(secrets: usize, folder: &Path) -> Result<Self> {
        let azure = Azure::start().await?;
        azure.register_secret(CREDENTIAL, CREDENTIAL);
        for nth in 0..secrets {
            azure.put_secret(&format!("key-{nth}"), &value(nth), &[]);
        }
        azure.faults().always(Fate::Late(LATENCY));
        let trusted = trusted(folder, &azure.authority())?;
        Ok(Self::Azure { azure, trusted })
    }

    /// The same in Google Secret Manager.
    pub async fn google(secrets: usize, folder: &Path) -> Result<Self> {
        let google = Google::start().await?;
        let key = google.add_account("bench@p.iam.gserviceaccount.com")?.to_string();
        for nth in 0..secrets {
            google.put(&format!("key-{nth}"), value(nth).as_bytes());
        }
        google.faults().always(Fate::Late(LATENCY));
        let trusted = trusted(folder, &google.authority())?;
        Ok(Self::Google { google, key, trusted })
    }

    /// The `spec` of the store.
    pub fn store(&self) -> Value {
        match self {
            Self::Memory => {
                let value = "v".repeat(VALUE_BYTES);
                let data: Vec<_> = (0..KEYS)
                    .map(|key| json!({"key": format!("key-{key}"), "value": value}))
                    .collect();
                json!({"provider": {"fake": {"data": data}}})
            }
            Self::Vault(vault) => vault.store(CREDENTIAL),
            Self::Aws { .. } => {
                let key = json!({"name": CREDENTIAL, "key": "key"});
                let auth =
                    json!({"secretRef": {"accessKeyIDSecretRef": key, "secretAccessKeySecretRef": key}});
                let aws = json!({"service": "SecretsManager", "region": Moto::REGION, "auth": auth});
                json!({"provider": {"aws": aws}})
            }
            Self::Doppler(_) => {
                let auth = json!({"secretRef": {"dopplerToken": {"name": CREDENTIAL, "key": "key"}}});
                json!({"provider": {"doppler": {"auth": auth}}})
            }
            Self::Azure { azure, .. } => {
                let key = json!({"name": CREDENTIAL, "key": "key"});
                let cloud = json!({"activeDirectoryEndpoint": azure.url()});
                json!({"provider": {"azurekv": {
                    "vaultUrl": azure.url(), "tenantId": Azure::TENANT, "useAzureSDK": true, "customCloudConfig": cloud,
                    "authSecretRef": {"clientId": key, "clientSecret": key},
                }}})
            }
            Self::Google { .. } => {
                let key = json!({"secretAccessKeySecretRef": {"name": CREDENTIAL, "key": "key"}});
                let auth = json!({ "secretRef": key });
                json!({"provider": {"gcpsm": {"projectID": Google::PROJECT, "auth": auth}}})
            }
        }
    }

    /// What the store logs in with.
    pub fn credential(&self) -> Option<Value> {
        match self {
            Self::Memory => None,
            Self::Vault(vault) => Some(vault.secret(CREDENTIAL)),
            Self::Aws { .. } => Some(secret("not-looked-at")),
            Self::Azure { .. } | Self::Doppler(_) => Some(secret(CREDENTIAL)),
            Self::Google { key, .. } => Some(secret(key)),
        }
    }

    /// What the object of this number reads.
    pub fn remote(&self, number: usize) -> Value {
        match self {
            Self::Memory => json!({"key": format!("key-{}", number % KEYS)}),
            Self::Vault(_) | Self::Aws { .. } | Self::Azure { .. } | Self::Google { .. } => {
                json!({"key": format!("key-{number}"), "property": "value"})
            }
            Self::Doppler(_) => json!({"key": format!("KEY_{number}")}),
        }
    }

    /// What the operator has to know to find it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Memory | Self::Vault(_) => Vec::new(),
            Self::Aws { faults, .. } => ["AWS_SECRETSMANAGER_ENDPOINT", "AWS_STS_ENDPOINT"]
                .map(|name| (name, faults.url()))
                .into(),
            Self::Doppler(doppler) => vec![("DOPPLER_BASE_URL", doppler.url())],
            Self::Azure { trusted, .. } => vec![("SSL_CERT_FILE", trusted.display().to_string())],
            Self::Google { google, trusted, .. } => vec![
                ("SSL_CERT_FILE", trusted.display().to_string()),
                ("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", google.url()),
            ],
        }
    }

    /// What stands in front of one that is really there.
    pub fn faults(&self) -> Option<&Faults> {
        match self {
            Self::Memory => None,
            Self::Vault(vault) => Some(&vault.faults),
            Self::Aws { faults, .. } => Some(faults),
            Self::Doppler(doppler) => Some(doppler.faults()),
            Self::Azure { azure, .. } => Some(azure.faults()),
            Self::Google { google, .. } => Some(google.faults()),
        }
    }

    /// Calls since they were last forgotten.
    pub fn calls(&self) -> Option<Calls> {
        self.faults().map(|faults| Calls::of(&faults.traffic()))
    }

    /// It is away, or there again.
    pub fn goes_away(&self, is_away: bool) {
        let fate = if is_away {
            Fate::status(503, "{}")
        } else {
            Fate::Late(LATENCY)
        };
        if let Some(faults) = self.faults() {
            faults.forget();
            faults.always(fate);
        }
    }
}

fn value(nth: usize) -> String {
    json!({"value": format!("value-{nth}")}).to_string()
}

fn secret(key: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": CREDENTIAL}, "stringData": {"key": key},
    })
}

fn trusted(folder: &Path, authority: &str) -> Result<PathBuf> {
    let path = folder.join("cloud.pem");
    std::fs::write(&path, authority).context("cannot write down what is to be trusted")?;
    Ok(path)
}

/// Calls to a backend, by what they are for.
#[derive(Debug, Default, Serialize)]
pub struct Calls {
    pub logins: usize,
    /// Of one secret.
    pub reads: usize,
    /// Of several secrets.
    pub batches: usize,
    pub others: usize,
    /// Within a second, at most.
    pub busiest_second: usize,
}

impl Calls {
    fn of(traffic: &Traffic) -> Self {
        let several = traffic.of("BatchGetSecretValue");
        let batches = several + traffic.of("/secrets/download");
        let reads = ["GetSecretValue", "/data/", "GET /secrets/", ":access"].map(|read| traffic.of(read));
        let reads = reads.iter().sum::<usize>() - several;
        let logins = ["/login", "AssumeRole", "/oauth2/v2.0/token", "POST /token"];
        let logins = logins.iter().map(|login| traffic.of(login)).sum();
        Self {
            logins,
            reads,
            batches,
            others: traffic.total().saturating_sub(logins + reads + batches),
            busiest_second: traffic.busiest(Duration::from_secs(1)),
        }
    }
}
