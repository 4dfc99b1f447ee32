//! The fake of GitLab: is it what a client for Python takes it for?

use anyhow::Result;
use lockstep_testkit::GitlabVariables;

use crate::small_clients;

#[tokio::test]
#[ignore = "needs the test bed"]
async fn python_s_client_of_gitlab_agrees_with_the_fake() -> Result<()> {
    let gitlab = GitlabVariables::start().await?;
    gitlab.put_group("1", "org");
    gitlab.put_group("2", "org/team");
    gitlab.put_project("7", "org/team/app", &["1", "2"]);
    for (key, environment, value) in [
        ("ONE", "*", Some("1")),
        ("BOTH", "*", Some("b")),
        ("BOTH", "prod", Some("p")),
        ("HIDDEN", "*", None),
    ] {
        gitlab.put_variable("projects", "7", key, environment, value);
    }
    for nth in 0..45 {
        gitlab.put_variable("groups", "2", &format!("V{nth}"), "*", Some("v"));
    }
    small_clients::agree(
        "gitlab_variables_client.py",
        &[&gitlab.url(), GitlabVariables::TOKEN],
    )
    .await
}
