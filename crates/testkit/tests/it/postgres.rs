//! PostgreSQL: does it ask for the password, and does it end?

use anyhow::{Context, Result, ensure};
use lockstep_testkit::Postgres;

use crate::processes_that_name;

#[tokio::test]
#[ignore = "needs the test bed"]
async fn it_asks_for_the_password_and_ends_with_its_handle() -> Result<()> {
    let postgres = Postgres::start().await?;
    let rows = postgres
        .query("create role app login password 'secret'; select rolname, rolsuper from pg_roles where rolname = 'app'")
        .await?;
    ensure!(rows == ["app|f"], "{rows:?}");
    let me = postgres.query_as("app", "secret", "select current_user").await?;
    ensure!(me == ["app"], "{me:?}");
    let refused = postgres
        .query_as("app", "guess", "select 1")
        .await
        .err()
        .context("a wrong password is taken")?;
    ensure!(refused.to_string().contains("password"), "{refused}");
    let wrong = postgres
        .query("select nothing")
        .await
        .err()
        .context("nonsense is taken")?;
    ensure!(wrong.to_string().contains("does not exist"), "{wrong}");

    let folder = postgres.folder().to_owned();
    ensure!(processes_that_name(&folder)? > 0, "it runs");
    drop(postgres);
    ensure!(processes_that_name(&folder)? == 0, "it still runs");
    ensure!(!folder.exists(), "{} is still there", folder.display());
    Ok(())
}
