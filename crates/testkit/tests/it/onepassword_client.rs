//! The fake of 1Password Connect: is it what 1Password's own client takes it for?

use anyhow::Result;
use lockstep_testkit::OnePassword;
use serde_json::json;

use crate::small_clients;

#[tokio::test]
#[ignore = "needs the test bed"]
async fn one_password_s_own_client_agrees_with_the_fake() -> Result<()> {
    let connect = OnePassword::start().await?;
    let first = connect.put_vault("first");
    connect.put_vault("second");
    connect.put_item(
        &first,
        "plain",
        &json!({"fields": [{"label": "f", "value": "v"}]}),
    );
    let document = connect.put_item(&first, "document", &json!({"category": "DOCUMENT"}));
    connect.put_file(&document, "key.pem", b"\x00pem");
    small_clients::agree("onepassword_client.py", &[&connect.url(), OnePassword::TOKEN]).await
}
