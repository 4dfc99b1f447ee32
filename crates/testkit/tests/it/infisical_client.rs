//! The fake of Infisical: is it what Infisical's own client takes it for?

use anyhow::{Context, Result};
use lockstep_testkit::{Infisical, infisical_client};

use crate::agreement;

#[tokio::test]
#[ignore = "needs the test bed"]
async fn infisical_s_own_client_agrees_with_the_fake() -> Result<()> {
    let python = infisical_client().context("run `cargo xtask testbed infisical-client`")?;
    let infisical = Infisical::start().await?;
    infisical.admit(
        "universal-auth",
        &[("clientId", "id"), ("clientSecret", "secret")],
    );
    let ldap = [
        ("identityId", "id"),
        ("username", "user"),
        ("password", "password"),
    ];
    infisical.admit("ldap-auth", &ldap);
    infisical.admit_aws("id", "AKIA1", "key");
    infisical.put(["app", "prd", "/", "API_KEY"], "one");
    infisical.put(["app", "prd", "/sub/deep", "DEEP"], "d");
    infisical.put(["app", "prd", "/shared", "SHARED"], "s");
    infisical.import(["app", "prd", "/", "/shared"]);
    agreement::reached(&python, "infisical_client.py", &infisical.url()).await
}
