//! Calls, told to whoever counts them.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::answer::Fault;
use crate::provider::Calls;

#[derive(Debug)]
pub(super) struct Told {
    /// As ESO's metrics name the service.
    pub(super) service: &'static str,
    pub(super) calls: Calls,
}

impl Told {
    pub(super) async fn call<T, E>(
        &self,
        name: &'static str,
        answer: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Fault>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let answer = answer.await;
        self.calls.tell(self.service, name, answer.is_ok());
        answer.map_err(|error| Fault::of(&error))
    }
}
