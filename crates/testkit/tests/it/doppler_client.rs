//! The fake of Doppler: is it what Doppler's own client takes it for?

use anyhow::{Context, Result};
use lockstep_testkit::{Doppler, doppler_client};

use crate::agreement;

#[tokio::test]
#[ignore = "needs the test bed"]
async fn doppler_s_own_client_agrees_with_the_fake() -> Result<()> {
    let python = doppler_client().context("run `cargo xtask testbed doppler-client`")?;
    let doppler = Doppler::start().await?;
    doppler.allow("everywhere");
    doppler.allow_config("reader", ("app", "prd"), false);
    doppler.trust("identity", "subject", "");
    doppler.put(("app", "prd"), "API_KEY", "one");
    doppler.put(("app", "prd"), "DB__USER_NAME", "u");
    doppler.put(("app", "prd"), "USER", "u");
    agreement::reached(&python, "doppler_client.py", &doppler.url()).await
}
