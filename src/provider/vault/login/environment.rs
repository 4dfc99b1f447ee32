//! Who the operator's own pod is to the clouds, and where they are.

use std::sync::Arc;

use crate::provider::{amazon, google};

/// What is absent is as the cloud has it for everybody.
#[derive(Clone, Debug, Default)]
pub(in crate::provider::vault) struct Environment {
    pub(in crate::provider::vault) amazon: Arc<amazon::Environment>,
    pub(in crate::provider::vault) google: Arc<google::Environment>,
}

impl Environment {
    pub(in crate::provider::vault) fn of_process() -> Self {
        Self {
            amazon: Arc::new(amazon::Environment::of_process()),
            google: Arc::new(google::Environment::of_process()),
        }
    }
}
