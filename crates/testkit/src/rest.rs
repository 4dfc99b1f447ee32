//! A plain client for the servers of the test bed.

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::Error;

/// Asks one server. It keeps no connection: those would live in the runtime of the test that was first.
#[derive(Debug)]
pub struct Rest(Client);

/// A status, and JSON; null where there is none.
pub type Reply = (u16, Value);

impl Rest {
    pub fn new() -> Result<Self, Error> {
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .pool_max_idle_per_host(0);
        client.build().map(Self).map_err(Error::http("make a client"))
    }

    pub fn client(&self) -> &Client {
        &self.0
    }

    /// Sends it. `what` follows "cannot".
    pub async fn reply(request: RequestBuilder, what: &str) -> Result<Reply, Error> {
        let response = request.send().await.map_err(Error::http(what))?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(Error::http(what))?;
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }
}

/// What was answered, if the answer is a yes.
pub fn granted((status, said): Reply, what: &str) -> Result<Value, Error> {
    if (200..300).contains(&status) {
        Ok(said)
    } else {
        Err(Error::Refused {
            what: what.to_owned(),
            said: format!("{status} {said}"),
        })
    }
}
