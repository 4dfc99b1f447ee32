//! The way to the cluster that `kubectl` would take.

use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::Flags;
use crate::cli::ending::{Ending, Halt};

const PATIENCE: Duration = Duration::from_secs(10);

pub async fn config(flags: &Flags) -> Result<Config, Halt> {
    let options = KubeConfigOptions {
        context: flags.context.clone(),
        ..KubeConfigOptions::default()
    };
    let found = match &flags.kubeconfig {
        Some(path) => match Kubeconfig::read_from(path) {
            Ok(kubeconfig) => Config::from_custom_kubeconfig(kubeconfig, &options).await,
            Err(error) => Err(error),
        },
        None => Config::from_kubeconfig(&options).await,
    };
    let mut config = found.map_err(|error| {
        Halt::misuse(format!(
            "no way to a cluster: {error} (see --kubeconfig, --context and KUBECONFIG)"
        ))
    })?;
    config.default_retry = false;
    config.connect_timeout = Some(PATIENCE);
    Ok(config)
}

/// A client for an API server that answers: otherwise every object would say that it does not.
pub async fn client(config: Config) -> Result<Client, Halt> {
    let url = config.cluster_url.clone();
    let unreachable = |why: String| {
        Halt::new(
            Ending::Unreachable,
            format!("the API server at {url} cannot be reached: {why}"),
        )
    };
    let client =
        Client::try_from(config).map_err(|error| Halt::misuse(format!("a client for {url}: {error}")))?;
    match tokio::time::timeout(PATIENCE, client.apiserver_version()).await {
        // Whoever may not ask for the version is answered all the same.
        Ok(Ok(_) | Err(kube::Error::Api(_))) => Ok(client),
        Ok(Err(error)) => Err(unreachable(anyhow::Error::new(error).root_cause().to_string())),
        Err(_) => Err(unreachable(format!(
            "no answer within {} seconds",
            PATIENCE.as_secs()
        ))),
    }
}
