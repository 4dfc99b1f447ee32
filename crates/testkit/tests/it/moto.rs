//! moto: does it keep what it is given, and does it end?

use anyhow::{Context, Result, ensure};
use lockstep_testkit::Moto;
use serde_json::json;

#[tokio::test]
#[ignore = "needs the test bed"]
async fn it_keeps_what_it_is_given_and_ends_with_its_handle() -> Result<()> {
    let moto = Moto::start().await?;
    let secret = json!({"Name": "app/db", "SecretString": "value"});
    moto.ask("secretsmanager", "CreateSecret", secret).await?;
    let read = async || {
        moto.ask("secretsmanager", "GetSecretValue", json!({"SecretId": "app/db"}))
            .await
    };
    ensure!(read().await?["SecretString"] == "value");
    let parameter = json!({"Name": "/app/db", "Value": "value", "Type": "SecureString"});
    moto.ask("ssm", "PutParameter", parameter).await?;
    let parameters = moto
        .ask("ssm", "GetParametersByPath", json!({"Path": "/app"}))
        .await?;
    ensure!(parameters["Parameters"][0]["Name"] == "/app/db", "{parameters}");
    moto.reset().await?;
    let gone = read().await.err().context("it forgets when told so")?;
    ensure!(gone.to_string().contains("ResourceNotFound"), "{gone}");

    let url = moto.url();
    drop(moto);
    ensure!(reqwest::get(&url).await.is_err(), "it still runs");
    Ok(())
}
