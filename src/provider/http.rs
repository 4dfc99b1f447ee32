//! HTTP to backends: for each connection a client of its own, with what it trusts, how long it waits, and how much it
//! reads.
//!
//! What is here says nothing of an answer but its status: bodies may hold secrets, and are never repeated.

use std::error::Error;
use std::time::Duration;

use http::header::{HeaderMap, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Identity, RequestBuilder};
use rustls::pki_types::CertificateDer;
use url::Url;

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::traces;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(90);
/// What is read of an answer at most; no Secret holds more than 1 MiB.
pub(crate) const BOUND: usize = 8 << 20;
/// No server makes us wait longer by saying so: what it means may have changed by then, or it may not mean well.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// Whom to trust, who to be, and how long to wait.
#[derive(Debug)]
pub(crate) struct Options {
    /// In place of the system's.
    pub(crate) authorities: Option<Vec<CertificateDer<'static>>>,
    /// A client certificate with its key, PEM.
    pub(crate) identity: Option<SecretBytes>,
    pub(crate) redirects: Policy,
    /// For a whole request, until the last byte of its answer.
    pub(crate) deadline: Duration,
}

/// The client. Connections are kept open between calls.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client,
    bound: usize,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: SecretBytes,
}

impl Http {
    /// `field` is where identity and authorities come from, for messages.
    pub(crate) fn new(options: Options, field: &str) -> Result<Self, Problem> {
        Self::build(Client::builder(), options, field)
    }

    /// The same for what is beside us, such as a machine's metadata: no proxy comes in between.
    pub(super) fn without_proxy(options: Options, field: &str) -> Result<Self, Problem> {
        Self::build(Client::builder().no_proxy(), options, field)
    }

    fn build(builder: ClientBuilder, options: Options, field: &str) -> Result<Self, Problem> {
        let invalid = |why: &str| Problem::ReferenceInvalid {
            field: field.to_owned(),
            why: why.to_owned(),
        };
        let mut builder = builder
            .user_agent(concat!("lockstep/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT.min(options.deadline))
            .timeout(options.deadline)
            .pool_idle_timeout(IDLE)
            .redirect(options.redirects);
        if let Some(authorities) = &options.authorities {
            let roots: Result<Vec<_>, _> = authorities
                .iter()
                .map(|authority| Certificate::from_der(authority))
                .collect();
            let roots = roots.map_err(|_| invalid("has a certificate that cannot be read"))?;
            builder = builder.tls_certs_only(roots);
        }
        if let Some(identity) = &options.identity {
            let identity = Identity::from_pem(identity.expose());
            let identity = identity.map_err(|_| invalid("certificate or key cannot be read"))?;
            builder = builder.identity(identity);
        }
        let client = builder
            .build()
            .map_err(|_| invalid("certificate and key do not belong together"))?;
        Ok(Self { client, bound: BOUND })
    }

    /// The client itself, to make requests with and for libraries that want one.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request and reads its answer, within the deadline and the bound. `what` is what it is about.
    pub(crate) async fn send(&self, request: RequestBuilder, what: &str) -> Result<Answer, Problem> {
        let request = match traces::parent_header() {
            Some(parent) => request.header(traces::PARENT, parent),
            None => request,
        };
        let mut response = request.send().await.map_err(|error| unreachable(error, what))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(error, what))? {
            if body.len() + chunk.len() > self.bound {
                return Err(Problem::BadAnswer {
                    what: what.to_owned(),
                    why: format!("it is larger than {} MiB", self.bound >> 20),
                });
            }
            body.extend_from_slice(&chunk);
        }
        let status = response.status();
        traces::note(|span| span.set("http.response.status_code", status.as_u16()));
        Ok(Answer {
            status,
            headers: std::mem::take(response.headers_mut()),
            body: body.into(),
        })
    }
}

/// What an answer that is no success means, as far as its status tells.
pub(super) fn problem(status: StatusCode, headers: &HeaderMap, what: &str) -> Problem {
    explained(
        status,
        headers,
        what.to_owned(),
        format!("HTTP {}", status.as_u16()),
    )
}

/// The same, where more is known of why.
pub(crate) fn explained(status: StatusCode, headers: &HeaderMap, what: String, why: String) -> Problem {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Problem::Refused { what, why },
        StatusCode::TOO_MANY_REQUESTS => Problem::Throttled {
            what,
            why,
            retry_after: retry_after(headers, Timestamp::now()),
        },
        StatusCode::REQUEST_TIMEOUT => Problem::Unreachable { what, why },
        status if status.is_server_error() => Problem::Unreachable { what, why },
        _ => Problem::BadAnswer { what, why },
    }
}

/// The same of a login: whatever its server finds wrong with what we show, it does not let us in.
pub(crate) fn refused_login(answer: &Answer, what: &str, check: &str) -> Problem {
    let status = answer.status.as_u16();
    let (what, why) = (what.to_owned(), format!("HTTP {status}"));
    match status {
        400..=404 | 422 => Problem::Refused {
            what,
            why: format!("{why}; check {check}"),
        },
        _ => explained(answer.status, &answer.headers, what, why),
    }
}

/// The header that shows a token, if a header can hold it.
pub(super) fn bearer(token: &SecretBytes) -> Option<HeaderValue> {
    secret_header("Bearer ", token.expose())
}

/// A header that is shown nowhere, if these are characters that a header can hold.
pub(crate) fn secret_header(scheme: &str, credential: &[u8]) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_bytes(&[scheme.as_bytes(), credential].concat()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The address of an API, as a spec names it: paths are appended to it, so that a query or fragment says nothing. Who
/// names somebody to log in as would have that told in messages, and shown beside the credential.
pub(crate) fn address(text: &str, field: &str) -> Result<Url, Problem> {
    let invalid = |why: &str| Problem::InvalidSpec {
        field: field.to_owned(),
        why: why.to_owned(),
    };
    let url = Url::parse(text.trim()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    let mut url = url.ok_or_else(|| invalid("must be an address that begins with https:// or http://"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("must name nobody to log in as"));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// What is at this path below an address, which may have a path of its own. Parts are escaped, but no caller may let `.`
/// or `..` be one: they would be left out.
pub(crate) fn below(address: &Url, path: &[&str]) -> Url {
    let mut url = address.clone();
    let mut whole = url.path().strip_suffix('/').unwrap_or(url.path()).to_owned();
    for part in path.iter().filter(|part| !matches!(**part, "." | "..")) {
        whole.push('/');
        for sign in part.chars() {
            match sign {
                // These would not stay in their part.
                '%' => whole.push_str("%25"),
                '/' => whole.push_str("%2F"),
                '\\' => whole.push_str("%5C"),
                // These would be dropped, and `.<tab>.` lead upwards.
                '\t' => whole.push_str("%09"),
                '\n' => whole.push_str("%0A"),
                '\r' => whole.push_str("%0D"),
                sign => whole.push(sign),
            }
        }
    }
    url.set_path(&whole);
    url
}

/// How long the server wants us to wait: a number of seconds, or a date; within bounds.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Duration::try_from(at.duration_since(now)).ok()?
    };
    Some(pause.min(LONGEST_PAUSE))
}

/// A call that was not answered. What it failed on is the innermost of the errors; the URL is left out.
fn unreachable(error: reqwest::Error, what: &str) -> Problem {
    let error = error.without_url();
    let why = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        let mut innermost: &dyn Error = &error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        innermost.to_string().chars().take(200).collect()
    };
    Problem::Unreachable {
        what: what.to_owned(),
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_tells_whether_to_try_again() {
        let about = |status: u16| {
            let status = StatusCode::from_u16(status).expect("a status");
            problem(status, &HeaderMap::new(), "app/db").to_string()
        };
        assert_eq!(about(403), "app/db: the backend refuses (HTTP 403)");
        assert_eq!(
            about(429),
            "app/db: the backend asks for fewer requests (HTTP 429)"
        );
        assert_eq!(about(503), "app/db: HTTP 503");
        assert_eq!(about(418), "app/db: the answer cannot be used: HTTP 418");
    }

    #[test]
    fn an_address_is_one_of_a_server_and_says_nothing_else() {
        for (text, expected) in [
            (" https://host\n", "https://host/"),
            ("http://host:1/sub/?q#f", "http://host:1/sub/"),
        ] {
            let url = address(text, "f").map(|url| url.to_string());
            assert_eq!(url.as_deref(), Ok(expected), "{text}");
        }
        let no_address = "f: must be an address that begins with https:// or http://";
        for (text, why) in [
            ("", no_address),
            ("host", no_address),
            ("https:", no_address),
            ("ftp://host", no_address),
            ("file:///etc", no_address),
            ("https://me:canary@host", "f: must name nobody to log in as"),
            ("https://canary@host", "f: must name nobody to log in as"),
        ] {
            assert_eq!(address(text, "f").expect_err(text).to_string(), why);
        }
    }

    #[test]
    fn no_part_of_a_path_leads_out_of_its_place() {
        for base in ["https://host/sub", "https://host/sub/"] {
            let base = address(base, "f").expect("an address");
            for (part, expected) in [
                ("a/../b?c#d%2f", "a%2F..%2Fb%3Fc%23d%252f"),
                ("a b\\c", "a%20b%5Cc"),
                (".\t.", ".%09."),
                ("a\nb\rc", "a%0Ab%0Dc"),
                ("%2e%2e", "%252e%252e"),
                ("a@b:read", "a@b:read"),
                ("\u{e4}", "%C3%A4"),
            ] {
                let url = below(&base, &["v1", part, "x"]);
                assert_eq!(url.as_str(), format!("https://host/sub/v1/{expected}/x"));
            }
            let ends = below(&base, &["v1", ""]);
            assert_eq!(ends.as_str(), "https://host/sub/v1/", "with a slash at its end");
        }
    }

    #[test]
    fn the_server_may_say_how_long_to_wait_in_seconds_or_by_the_clock() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
        for (value, expected) in [
            ("7", Some(Duration::from_secs(7))),
            ("Fri, 02 Jan 2026 03:04:35 GMT", Some(Duration::from_secs(30))),
            ("Fri, 02 Jan 2026 03:00:00 GMT", None),
            ("soon", None),
            ("301", Some(LONGEST_PAUSE)),
            ("18446744073709551615", Some(LONGEST_PAUSE)),
            ("Thu, 01 Jan 2099 00:00:00 GMT", Some(LONGEST_PAUSE)),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]);
            assert_eq!(retry_after(&headers, now), expected, "{value}");
        }
    }
}
