//! Where the services are: ESO's own variables come before those of the SDK.

/// Where a service is, when it is not where the SDK looks for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoints {
    pub(crate) secrets_manager: Option<String>,
    pub(crate) parameter_store: Option<String>,
    pub(crate) sts: Option<String>,
    pub(crate) registry: Option<String>,
    pub(crate) public_registry: Option<String>,
}

impl Endpoints {
    pub(crate) fn of_environment() -> Self {
        Self {
            secrets_manager: variable("AWS_SECRETSMANAGER_ENDPOINT"),
            parameter_store: variable("AWS_SSM_ENDPOINT"),
            sts: variable("AWS_STS_ENDPOINT"),
            registry: variable("AWS_ECR_ENDPOINT"),
            public_registry: variable("AWS_ECR_PUBLIC_ENDPOINT"),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "AWS is configured by the environment of the process, which the SDK reads by itself; these belong to it"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
