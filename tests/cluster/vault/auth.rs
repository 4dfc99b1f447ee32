//! Every way to log in: who may, reads; whose credentials are wrong is refused, and told so.

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, PostParams};
use lockstep::engine::problem::Problem;
use lockstep::provider::pool::Verdict;
use lockstep_testkit::{Authority, Purpose, Slapd};
use serde_json::{Value, json};

use super::{Bench, reference, told};
use crate::canary::{self, CANARY};
use crate::readers::at;

/// A way to log in that works, the same with wrong credentials, and what a refusal names.
struct Way {
    good: Value,
    bad: Value,
    names: String,
    more: Value,
}

impl Bench {
    /// Whoever logs in as they should reads; whoever does not is refused, and everybody is told where.
    async fn holds(&self, way: Way) -> Result<()> {
        self.holds_at(&self.vault.url(), way).await
    }

    async fn holds_at(&self, server: &str, way: Way) -> Result<()> {
        let good = self.vault_store_with(server, way.good, way.more.clone());
        let reader = self.connect(&good).await?;
        assert_eq!(reader.value(at("app"), Some("user")).await, Ok(CANARY.into()));
        assert_eq!(self.pool.check(&good).await, Verdict::Valid);
        canary::assert_hidden(&format!("{reader:?}"));

        self.pool.forget(&good.key);
        let bad = self.vault_store_with(server, way.bad, way.more);
        let problem = match self.pool.check(&bad).await {
            Verdict::NoConnection(problem) | Verdict::Failed(problem) => problem,
            other => anyhow::bail!("wrong credentials: {other:?}"),
        };
        let text = told(&problem);
        ensure!(matches!(problem.root(), Problem::Refused { .. }), "{text}");
        ensure!(text.contains(&way.names) && text.contains("HTTP 4"), "{text}");
        Ok(())
    }

    /// A token of a ServiceAccount of the own namespace.
    async fn account_token(&self, name: &str, audience: &str) -> Result<String> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), &self.own);
        let request = TokenRequest {
            spec: TokenRequestSpec {
                audiences: vec![audience.to_owned()],
                ..TokenRequestSpec::default()
            },
            ..TokenRequest::default()
        };
        let made = accounts
            .create_token_request(name, &PostParams::default(), &request)
            .await?;
        Ok(made.status.context("a token")?.token)
    }
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn with_a_token() -> Result<()> {
    let bench = Bench::set_up().await?;
    bench.token(json!({})).await?;
    bench.keep("wrong", "s.canary-no-such-token").await?;
    bench
        .holds(Way {
            good: json!({"tokenSecretRef": reference("token")}),
            bad: json!({"tokenSecretRef": reference("wrong")}),
            names: "auth/token/lookup-self".to_owned(),
            more: json!({}),
        })
        .await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn with_an_app_role() -> Result<()> {
    let bench = Bench::set_up().await?;
    let good = bench.app_role(json!({})).await?;
    bench.keep("wrong", "canary-no-such-secret-id").await?;
    let mut bad = good.clone();
    bad["appRole"]["secretRef"] = reference("wrong");
    let names = format!(
        "auth/{}/login",
        good["appRole"]["path"].as_str().unwrap_or_default()
    );
    bench
        .holds(Way {
            good: good.clone(),
            bad,
            names,
            more: json!({}),
        })
        .await?;

    // The id may stand in a Secret, too, and with the line break that an editor has left there.
    let id = good["appRole"]["roleId"].as_str().context("a role id")?;
    bench.secret("role", &[("value", &format!("{id}\n"))]).await?;
    let mut by_reference = good;
    by_reference["appRole"]["roleId"] = Value::Null;
    by_reference["appRole"]["roleRef"] = reference("role");
    let store = bench.vault_store(&bench.vault.url(), by_reference);
    bench.pool.reset(&store.key);
    let reader = bench.connect(&store).await?;
    assert_eq!(reader.value(at("app"), Some("user")).await, Ok(CANARY.into()));
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn with_a_users_password() -> Result<()> {
    let bench = Bench::set_up().await?;
    let method = bench.vault.auth("userpass").await?;
    let user = json!({"password": "canary-password", "token_policies": bench.policy});
    bench
        .vault
        .write(&format!("auth/{method}/users/alice"), user)
        .await?;
    bench.keep("password", "canary-password").await?;
    bench.keep("wrong", "canary-wrong-password").await?;
    let user =
        |secret| json!({"userPass": {"path": method, "username": "alice", "secretRef": reference(secret)}});
    bench
        .holds(Way {
            good: user("password"),
            bad: user("wrong"),
            names: format!("auth/{method}/login/alice"),
            more: json!({}),
        })
        .await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn with_an_ldap_password() -> Result<()> {
    let bench = Bench::set_up().await?;
    let slapd = Slapd::start(&["alice"]).await?;
    let method = bench.vault.auth("ldap").await?;
    let config = json!({
        "url": slapd.url(), "userdn": Slapd::PEOPLE, "userattr": "uid", "token_policies": bench.policy,
    });
    bench
        .vault
        .write(&format!("auth/{method}/config"), config)
        .await?;
    bench
        .keep("password", slapd.password("alice").context("alice is there")?)
        .await?;
    bench.keep("wrong", "canary-wrong-password").await?;
    let user =
        |secret| json!({"ldap": {"path": method, "username": "alice", "secretRef": reference(secret)}});
    bench
        .holds(Way {
            good: user("password"),
            bad: user("wrong"),
            names: format!("auth/{method}/login/alice"),
            more: json!({}),
        })
        .await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn with_a_service_account() -> Result<()> {
    let bench = Bench::set_up().await?;
    let method = kubernetes(&bench).await?;
    let account = |name| json!({"kubernetes": {"mountPath": method, "role": "reader", "serviceAccountRef": {"name": name}}});
    bench.account("stranger").await?;
    bench
        .holds(Way {
            good: account("reader"),
            bad: account("stranger"),
            names: format!("auth/{method}/login"),
            more: json!({}),
        })
        .await?;

    // A token from a Secret does as well.
    let token = bench.account_token("reader", &bench.plane.url()).await?;
    bench.keep("jwt", &token).await?;
    bench.keep("wrong", "canary.no.jwt").await?;
    let secret =
        |name| json!({"kubernetes": {"mountPath": method, "role": "reader", "secretRef": reference(name)}});
    bench
        .holds(Way {
            good: secret("jwt"),
            bad: secret("wrong"),
            names: format!("auth/{method}/login"),
            more: json!({}),
        })
        .await
}

/// Vault's kubernetes method, which asks the API server whose token it is.
async fn kubernetes(bench: &Bench) -> Result<String> {
    for name in ["reader", "reviewer"] {
        bench.account(name).await?;
    }
    let rbac = "rbac.authorization.k8s.io";
    let binding = json!({
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "system:auth-delegator"},
        "subjects": [{"kind": "ServiceAccount", "name": "reviewer", "namespace": bench.own}],
    });
    let name = format!("{}-reviewer", bench.own);
    bench
        .make_everywhere(&format!("{rbac}/v1"), "ClusterRoleBinding", &name, binding)
        .await?;
    let reviewer = bench.account_token("reviewer", &bench.plane.url()).await?;
    canary::hide(&reviewer);
    let method = bench.vault.auth("kubernetes").await?;
    let config = json!({
        "kubernetes_host": bench.plane.url(), "kubernetes_ca_cert": bench.plane.authority()?,
        "token_reviewer_jwt": reviewer, "disable_local_ca_jwt": true,
    });
    bench
        .vault
        .write(&format!("auth/{method}/config"), config)
        .await?;
    let role = json!({
        "bound_service_account_names": "reader", "bound_service_account_namespaces": bench.own,
        "audience": bench.plane.url(), "token_policies": bench.policy,
    });
    bench
        .vault
        .write(&format!("auth/{method}/role/reader"), role)
        .await?;
    Ok(method)
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn with_a_jwt() -> Result<()> {
    let bench = Bench::set_up().await?;
    for name in ["reader", "stranger"] {
        bench.account(name).await?;
    }
    let method = bench.vault.auth("jwt").await?;
    let config = json!({"jwt_validation_pubkeys": bench.plane.service_account_key()?});
    bench
        .vault
        .write(&format!("auth/{method}/config"), config)
        .await?;
    let role = json!({
        "role_type": "jwt", "user_claim": "sub", "bound_audiences": "vault", "token_policies": bench.policy,
        "bound_subject": format!("system:serviceaccount:{}:reader", bench.own),
    });
    bench
        .vault
        .write(&format!("auth/{method}/role/reader"), role)
        .await?;
    let account = |name| {
        let token = json!({"serviceAccountRef": {"name": name}});
        json!({"jwt": {"path": method, "role": "reader", "kubernetesServiceAccountToken": token}})
    };
    bench
        .holds(Way {
            good: account("reader"),
            bad: account("stranger"),
            names: format!("auth/{method}/login"),
            more: json!({}),
        })
        .await?;

    let (good, bad) = (
        bench.account_token("reader", "vault").await?,
        bench.account_token("reader", "elsewhere").await?,
    );
    bench.keep("jwt", &good).await?;
    bench.keep("wrong", &bad).await?;
    let secret = |name| json!({"jwt": {"path": method, "role": "reader", "secretRef": reference(name)}});
    bench
        .holds(Way {
            good: secret("jwt"),
            bad: secret("wrong"),
            names: format!("auth/{method}/login"),
            more: json!({}),
        })
        .await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn with_a_client_certificate() -> Result<()> {
    let bench = Bench::set_up().await?;
    let (ours, theirs) = (Authority::new("ours")?, Authority::new("theirs")?);
    for (name, authority) in [("client", &ours), ("stranger", &theirs)] {
        let issued = authority.issue("reader", Purpose::Client)?;
        let key_line = issued.key.lines().nth(1).context("a line of the key")?;
        canary::hide(key_line);
        bench
            .secret(name, &[("crt", &issued.certificate), ("key", &issued.key)])
            .await?;
    }
    let method = bench.vault.auth("cert").await?;
    let role =
        json!({"certificate": ours.pem(), "allowed_common_names": "reader", "token_policies": bench.policy});
    bench
        .vault
        .write(&format!("auth/{method}/certs/reader"), role)
        .await?;
    let certificate = |name| {
        let part = |key| json!({"name": name, "key": key});
        json!({"cert": {"path": method, "vaultRole": "reader", "clientCert": part("crt"), "secretRef": part("key")}})
    };
    let authority = BASE64_STANDARD.encode(bench.vault.authority().pem());
    bench
        .holds_at(
            &bench.vault.tls_url(),
            Way {
                good: certificate("client"),
                bad: certificate("stranger"),
                names: format!("auth/{method}/login"),
                more: json!({"caBundle": authority}),
            },
        )
        .await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_a_credential_is_missing_is_named() -> Result<()> {
    let bench = Bench::set_up().await?;
    bench.secret("empty", &[("other", "x")]).await?;
    for (auth, expected) in [
        (
            json!({"tokenSecretRef": {"name": "nowhere", "key": "value"}}),
            "nowhere",
        ),
        (json!({"tokenSecretRef": reference("empty")}), "key \"value\""),
        (
            json!({"kubernetes": {"mountPath": "m", "role": "r", "serviceAccountRef": {"name": "nobody"}}}),
            "nobody",
        ),
        (json!({}), "auth"),
    ] {
        let store = bench.vault_store(&bench.vault.url(), auth.clone());
        bench.pool.reset(&store.key);
        let Verdict::NoConnection(problem) = bench.pool.check(&store).await else {
            anyhow::bail!("{auth} is enough");
        };
        let text = told(&problem);
        ensure!(text.contains(expected), "{auth}: {text}");
    }
    Ok(())
}
