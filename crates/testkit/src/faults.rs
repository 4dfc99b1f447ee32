//! Stands before a backend that speaks HTTP, lets requests fail as a test wants them to, and counts them.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::response::Response;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use crate::door::Door;
use crate::{Asked, Error, Fate, Traffic};

/// A proxy before a backend; ended when dropped.
#[derive(Debug)]
pub struct Faults(Door);

impl Faults {
    /// Starts one before the backend of this address, `http://127.0.0.1:…`. Everything passes until
    /// [`Faults::are`] says otherwise.
    pub async fn before(backend: &str) -> Result<Self, Error> {
        let standing = || Error::http(format!("stand before {backend}"));
        let address = Url::parse(backend).map_err(|error| Error::File {
            path: backend.into(),
            why: error.to_string(),
        })?;
        let client = Client::builder().no_proxy().redirect(Policy::none());
        let client = client.build().map_err(standing())?;
        let door = Door::open(Box::new(move |request| {
            Box::pin(forward(client.clone(), address.clone(), request))
        }));
        Ok(Self(door.await?))
    }

    /// What becomes of requests from now on.
    pub fn are(&self, fate: impl Fn(&Asked) -> Fate + Send + Sync + 'static) {
        self.0.judge(fate);
    }

    /// The same for every request from now on.
    pub fn always(&self, fate: Fate) {
        self.are(move |_| fate.clone());
    }

    /// For whoever is to ask through the proxy.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// What came in since the start, or since [`Faults::forget`].
    pub fn traffic(&self) -> Traffic {
        self.0.tally().so_far()
    }

    /// Counts from nothing again.
    pub fn forget(&self) {
        self.0.tally().forget();
    }
}

async fn forward(client: Client, mut url: Url, request: http::Request<Bytes>) -> Result<Response, String> {
    let (parts, body) = request.into_parts();
    url.set_path(parts.uri.path());
    url.set_query(parts.uri.query());
    let asked = client
        .request(parts.method, url)
        .headers(parts.headers)
        .body(body);
    let response = asked.send().await.map_err(|error| error.to_string())?;
    Ok(http::Response::<reqwest::Body>::from(response).map(Body::new))
}
