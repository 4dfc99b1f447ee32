//! A port before a server. A test decides what becomes of each request that comes in by it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures::future::BoxFuture;
use futures::{StreamExt as _, future, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Error;
use crate::traffic::Tally;

/// More than any request or answer of a test has.
const BODY_LIMIT: usize = 8 << 20;
const PIECE: usize = 64 << 10;

/// A request, before anything becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `GET`, `POST`, `PATCH`…
    pub method: Method,
    /// Such as `/api/v1/namespaces/x/secrets`.
    pub path: String,
    /// What follows the question mark.
    pub query: String,
    /// What AWS calls the operation, such as `secretsmanager.GetSecretValue`: there, every path is `/`.
    pub operation: Option<String>,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The server answers it.
    Pass,
    /// The server answers it, but only after this long.
    Late(Duration),
    /// It gets this answer, and the server never sees it.
    Answer(Answer),
    /// It gets an answer that goes on for so many bytes; the server never sees it.
    Endless(usize),
    /// The server's answer breaks off in its middle.
    Half,
    /// The connection breaks, before or after the server carried it out.
    Cut {
        /// Whether the server sees it.
        carried_out: bool,
    },
    /// No answer ever comes.
    Hang {
        /// Whether the server sees it.
        carried_out: bool,
    },
}

/// An answer that a test makes up: JSON, unless a header says something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Asked {
    /// What was asked for, in short: AWS's operation, or else method and path.
    pub fn call(&self) -> String {
        match &self.operation {
            Some(operation) => operation.clone(),
            None => format!("{} {}", self.method, self.path),
        }
    }

    fn of(request: &http::Request<Bytes>) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            operation: operation_of(request),
        }
    }
}

/// AWS has two ways to say it: a header, or a field of a form.
fn operation_of(request: &http::Request<Bytes>) -> Option<String> {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.to_str().ok().map(str::to_owned);
    }
    let form = std::str::from_utf8(request.body()).ok()?;
    let action = form.split('&').find_map(|pair| pair.strip_prefix("Action="));
    action.map(str::to_owned)
}

impl Answer {
    /// An answer with this status. What is no status is 500.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        let json = HeaderValue::from_static("application/json");
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, json)]),
            body: body.into(),
        }
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        // What no header can hold is a mistake in the test, and shows as a header that is missing.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl Fate {
    /// An answer with this status and body, and nothing special about it.
    pub fn status(status: u16, body: impl Into<String>) -> Self {
        Self::Answer(Answer::new(status, body))
    }

    /// 429, with `Retry-After` when there is one: seconds, or a date.
    pub fn throttled(retry_after: Option<&str>, body: impl Into<String>) -> Self {
        let answer = Answer::new(429, body);
        Self::Answer(match retry_after {
            Some(when) => answer.header(header::RETRY_AFTER, when),
            None => answer,
        })
    }

    /// 200, with a web page: what a load balancer or a login page says in place of the server.
    pub fn page(text: &str) -> Self {
        let page = format!("<!DOCTYPE html><html><body>{text}</body></html>");
        Self::Answer(Answer::new(200, page).header(header::CONTENT_TYPE, "text/html; charset=utf-8"))
    }
}

/// Hands a request on to the server.
pub(crate) type Forward =
    Box<dyn Fn(http::Request<Bytes>) -> BoxFuture<'static, Result<Response, String>> + Send + Sync>;

type Judge = Arc<dyn Fn(&Asked) -> Fate + Send + Sync>;

/// An open door; closed when dropped.
#[derive(Debug)]
pub(crate) struct Door {
    address: SocketAddr,
    rules: Arc<Rules>,
    serving: JoinHandle<()>,
}

/// What holds for those who come in.
struct Rules {
    judge: RwLock<Judge>,
    forward: Forward,
    tally: Tally,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").finish_non_exhaustive()
    }
}

impl Door {
    /// Opens one on a loopback port. At first every request passes.
    pub(crate) async fn open(forward: Forward) -> Result<Self, Error> {
        let opening = || Error::io("open a port");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(opening())?;
        let address = listener.local_addr().map_err(opening())?;
        let rules = Arc::new(Rules {
            judge: RwLock::new(Arc::new(|_: &Asked| Fate::Pass)),
            forward,
            tally: Tally::default(),
        });
        let router = Router::new().fallback(enter).with_state(rules.clone());
        let serving = tokio::spawn(async move {
            // Ends only with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            rules,
            serving,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What came in.
    pub(crate) fn tally(&self) -> &Tally {
        &self.rules.tally
    }

    /// What becomes of requests from now on.
    pub(crate) fn judge(&self, judge: impl Fn(&Asked) -> Fate + Send + Sync + 'static) {
        *self.rules.judge.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(judge);
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn enter(State(rules): State<Arc<Rules>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return cut_off(Bytes::new());
    };
    let mut request = http::Request::from_parts(parts, body);
    let judge = rules.judge.read().unwrap_or_else(PoisonError::into_inner).clone();
    let asked = Asked::of(&request);
    let _under_way = rules.tally.begin(asked.call());
    let fate = judge(&asked);
    request.headers_mut().remove(header::HOST);
    // The server is away: whoever asks it directly meets a broken connection too.
    let pass = async || {
        (rules.forward)(request)
            .await
            .unwrap_or_else(|_| cut_off(Bytes::new()))
    };
    match fate {
        Fate::Pass => pass().await,
        Fate::Late(after) => {
            tokio::time::sleep(after).await;
            pass().await
        }
        Fate::Answer(answer) => made_up(answer),
        Fate::Endless(size) => endless(size),
        Fate::Half => half(pass().await).await,
        Fate::Cut { carried_out } => {
            if carried_out {
                read(pass().await).await;
            }
            cut_off(Bytes::new())
        }
        Fate::Hang { carried_out } => {
            if carried_out {
                read(pass().await).await;
            }
            future::pending().await
        }
    }
}

/// To its end, so that the server is done with the request.
async fn read(response: Response) -> (http::response::Parts, Bytes) {
    let (parts, body) = response.into_parts();
    (parts, to_bytes(body, BODY_LIMIT).await.unwrap_or_default())
}

fn made_up(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

/// As much JSON as is asked for, and no word on how much it will be.
fn endless(size: usize) -> Response {
    let pieces = size.div_ceil(PIECE);
    let piece = Bytes::from(vec![b' '; PIECE]);
    let body = stream::iter(0..pieces).map(move |_| Ok::<_, std::io::Error>(piece.clone()));
    let body = Body::from_stream(body);
    made_up(Answer::new(200, String::new())).map(|_| body)
}

/// The answer's headers, also its length, but only the first half of what it says.
async fn half(response: Response) -> Response {
    let (mut parts, body) = read(response).await;
    parts.headers.remove(header::TRANSFER_ENCODING);
    parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
    let broken = cut_off(body.slice(..body.len() / 2));
    http::Response::from_parts(parts, broken.into_body())
}

/// An answer that breaks off after it has said this.
fn cut_off(said: Bytes) -> Response {
    let said = (!said.is_empty()).then_some(Ok(said));
    let broken = stream::once(async {
        // A turn for what was said to be sent.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut off"))
    });
    made_up(Answer::new(200, String::new()))
        .map(|_: Body| Body::from_stream(stream::iter(said).chain(broken)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_calls_are_known_by_their_operation() {
        let call = |request: http::request::Builder, body: &'static str| {
            let request = request.uri("http://x/v1/a?list=true").method("POST");
            Asked::of(
                &request
                    .body(Bytes::from_static(body.as_bytes()))
                    .expect("a request"),
            )
            .call()
        };
        let plain = http::Request::builder;
        assert_eq!(
            call(plain().header("x-amz-target", "AmazonSSM.GetParameter"), "{}"),
            "AmazonSSM.GetParameter"
        );
        assert_eq!(call(plain(), "Version=1&Action=AssumeRole&x=y"), "AssumeRole");
        assert_eq!(call(plain(), "{}"), "POST /v1/a");
    }
}
