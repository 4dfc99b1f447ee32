//! A service principal: an application with a secret or a certificate of its own.

use lockstep_api::SecretKeySelector;

use super::application::{Application, Evidence};
use super::assertion::Signer;
use super::{Finder, Identity};
use crate::aside;
use crate::engine::problem::Problem;

/// What a spec says of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Principal<'p> {
    pub(crate) tenant: &'p str,
    pub(crate) client: &'p SecretKeySelector,
    pub(crate) proof: Proof<'p>,
    /// Where the selectors stand below the finder's field.
    pub(crate) part: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Proof<'p> {
    Secret(&'p SecretKeySelector),
    Certificate(&'p SecretKeySelector),
}

impl Finder<'_> {
    pub(crate) async fn principal(&self, principal: Principal<'_>) -> Result<Identity, Problem> {
        let part = |name: &str| format!("{}.{name}", principal.part);
        let client = self.text(principal.client, &part("clientId")).await?;
        let evidence = match principal.proof {
            Proof::Secret(selector) => Evidence::Secret(self.text(selector, &part("clientSecret")).await?),
            Proof::Certificate(selector) => {
                let field = format!("{}.{}", self.field, part("clientCertificate"));
                let given = self.references.secret_key(selector, &field).await?;
                Evidence::Certificate(aside::run(|| Signer::new(&given, &field)).await?)
            }
        };
        Application::new(self, principal.tenant, client, evidence).map(Identity::Application)
    }

    /// An id or a secret. White space around it is nobody's intention.
    pub(super) async fn text(&self, selector: &SecretKeySelector, part: &str) -> Result<String, Problem> {
        let field = format!("{}.{part}", self.field);
        let value = self.references.secret_key(selector, &field).await?;
        let text = std::str::from_utf8(value.expose())
            .map(str::trim)
            .unwrap_or_default();
        if text.is_empty() {
            let why = "is empty, or no text".to_owned();
            return Err(Problem::ReferenceInvalid { field, why });
        }
        Ok(text.to_owned())
    }
}
