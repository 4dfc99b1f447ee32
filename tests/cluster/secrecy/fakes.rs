//! Backends that are fakes in this process, with the canary in each.

use anyhow::{Context as _, Result};
use lockstep_testkit::{Azure, Doppler, GitlabVariables, Google, Infisical, OnePassword};
use serde_json::{Value, json};

use super::{CANARY, Scene};

pub(super) struct Fakes {
    azure: Azure,
    doppler: Doppler,
    gitlab: GitlabVariables,
    google: Google,
    infisical: Infisical,
    onepassword: OnePassword,
}

impl Fakes {
    pub(super) async fn start() -> Result<Self> {
        Ok(Self {
            azure: Azure::start().await?,
            doppler: Doppler::start().await?,
            gitlab: GitlabVariables::start().await?,
            google: Google::start().await?,
            infisical: Infisical::start().await?,
            onepassword: OnePassword::start().await?,
        })
    }

    /// What has to be trusted, PEM.
    pub(super) fn trusted(&self) -> String {
        self.azure.authority() + &self.google.authority()
    }

    /// Where Google and Doppler are, which no store can say.
    pub(super) fn urls(&self) -> [String; 2] {
        [self.google.url(), self.doppler.url()]
    }
}

fn reference(name: &str) -> Value {
    json!({"name": name, "key": "value"})
}

impl Scene {
    pub(super) async fn fakes(&mut self, fakes: &Fakes) -> Result<()> {
        self.azure(&fakes.azure).await?;
        self.google(&fakes.google).await?;
        self.doppler(&fakes.doppler).await?;
        self.infisical(&fakes.infisical).await?;
        self.onepassword(&fakes.onepassword).await?;
        self.gitlab(&fakes.gitlab).await
    }

    async fn azure(&mut self, azure: &Azure) -> Result<()> {
        const SECRET: &str = "fixture-of-an-azure-client-secret";
        azure.register_secret("client", SECRET);
        azure.put_secret("k", CANARY, &[]);
        self.credential("azure-secret", SECRET).await?;
        self.bench.put_secret("azure-id", "value", "client").await?;
        let provider = json!({
            "vaultUrl": azure.url(), "tenantId": Azure::TENANT, "useAzureSDK": true,
            "customCloudConfig": {"activeDirectoryEndpoint": azure.url()},
            "authSecretRef": {"clientId": reference("azure-id"), "clientSecret": reference("azure-secret")},
        });
        self.store("azure", json!({"azurekv": provider})).await
    }

    async fn google(&mut self, google: &Google) -> Result<()> {
        google.put("k", CANARY.as_bytes());
        let key = google.add_account("reader@p.iam.gserviceaccount.com")?;
        let private = key["private_key"].as_str().context("a private key")?;
        let line = private.lines().nth(3).context("a line of it")?;
        self.credentials.push(line.to_owned());
        self.credential("google-key", &key.to_string()).await?;
        let auth = json!({"secretRef": {"secretAccessKeySecretRef": reference("google-key")}});
        let provider = json!({"projectID": Google::PROJECT, "auth": auth});
        self.store("google", json!({"gcpsm": provider})).await
    }

    async fn doppler(&mut self, doppler: &Doppler) -> Result<()> {
        const TOKEN: &str = "fixture-of-a-doppler-token";
        let place = ("app", "prd");
        doppler.allow_config(TOKEN, place, false);
        doppler.put(place, "K", CANARY);
        self.credential("doppler-token", TOKEN).await?;
        let auth = json!({"secretRef": {"dopplerToken": reference("doppler-token")}});
        self.store("doppler", json!({"doppler": {"auth": auth}})).await
    }

    async fn infisical(&mut self, infisical: &Infisical) -> Result<()> {
        const SECRET: &str = "fixture-of-an-infisical-secret";
        infisical.admit("universal-auth", &[("clientId", "id"), ("clientSecret", SECRET)]);
        infisical.put(["app", "prd", "/", "K"], CANARY);
        self.bench.put_secret("infisical-id", "value", "id").await?;
        self.credential("infisical-secret", SECRET).await?;
        let shown =
            json!({"clientId": reference("infisical-id"), "clientSecret": reference("infisical-secret")});
        let provider = json!({
            "hostAPI": infisical.url(), "auth": {"universalAuthCredentials": shown},
            "secretsScope": {"projectSlug": "app", "environmentSlug": "prd"},
        });
        self.store("infisical", json!({"infisical": provider})).await
    }

    async fn onepassword(&mut self, connect: &OnePassword) -> Result<()> {
        let vault = connect.put_vault("vault");
        let item = json!({"fields": [{"label": "password", "value": CANARY}]});
        connect.put_item(&vault, "k", &item);
        self.credential("connect-token", OnePassword::TOKEN).await?;
        let auth = json!({"secretRef": {"connectTokenSecretRef": reference("connect-token")}});
        let provider = json!({"connectHost": connect.url(), "vaults": {"vault": 1}, "auth": auth});
        self.store("onepassword", json!({"onepassword": provider})).await
    }

    async fn gitlab(&mut self, gitlab: &GitlabVariables) -> Result<()> {
        gitlab.put_project("7", "org/app", &[]);
        gitlab.put_variable("projects", "7", "K", "*", Some(CANARY));
        self.credential("gitlab-token", GitlabVariables::TOKEN).await?;
        let token = json!({"accessToken": reference("gitlab-token")});
        let provider = json!({"url": gitlab.url(), "projectID": "7", "auth": {"SecretRef": token}});
        self.store("gitlab", json!({"gitlab": provider})).await
    }
}
