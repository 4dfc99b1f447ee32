//! Questions to AWS STS, signed: whom they are shown to can ask them, and learns who signed.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use jiff::Timestamp;

use crate::engine::problem::Problem;

pub(super) const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// A POST to STS.
#[derive(Debug)]
pub(super) struct Request<'r> {
    pub(super) url: &'r str,
    pub(super) region: &'r str,
    /// Unless all is in the URL.
    pub(super) form: Option<&'r str>,
    /// Besides the content type of a form.
    pub(super) headers: &'r [(&'static str, &'r str)],
}

impl Request<'_> {
    /// All headers to send, with the signature over them.
    pub(super) fn signed(
        &self,
        credentials: Credentials,
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, Problem> {
        let unusable = || Problem::BadData {
            why: "the request to AWS STS cannot be signed; check region and credentials".to_owned(),
        };
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name("sts")
            .time(SystemTime::from(now))
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| unusable())?
            .into();
        let headers = || {
            let form = self.form.map(|_| ("content-type", FORM));
            form.into_iter().chain(self.headers.iter().copied())
        };
        let body = SignableBody::Bytes(self.form.unwrap_or_default().as_bytes());
        let request = SignableRequest::new("POST", self.url, headers(), body).map_err(|_| unusable())?;
        let (instructions, _) = sign(request, &params).map_err(|_| unusable())?.into_parts();
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Ok(headers().chain(instructions.headers()).map(owned).collect())
    }
}
