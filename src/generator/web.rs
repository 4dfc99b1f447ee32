//! What generators ask that speak plain HTTP and JSON. One client for all of them: it follows no redirect, so that a
//! credential goes where the spec says and nowhere else.

use std::future::Future;
use std::time::Duration;

use http::HeaderValue;
use lockstep_gostd::json::{Number, Numbers, Object, Value};
use reqwest::RequestBuilder;
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use tokio::sync::OnceCell;
use url::Url;

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Answer, Http, Options, explained, secret_header};

pub(super) use crate::provider::http::below;

/// For one request, as in ESO.
const DEADLINE: Duration = Duration::from_secs(30);
/// Entries of a list that are asked for at a time.
pub const PAGE: usize = 100;
/// A list that goes on beyond this has no end.
const MOST_PAGES: usize = 100;

#[derive(Debug)]
pub struct Web {
    /// In place of the system's certificates; only tests have some.
    pub trusted: Option<Vec<CertificateDer<'static>>>,
    pub deadline: Duration,
    http: OnceCell<Http>,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            trusted: None,
            deadline: DEADLINE,
            http: OnceCell::new(),
        }
    }
}

/// What a status says to those who know the API.
pub type Hints = &'static [(u16, &'static str)];

/// Nothing was made, as the server says; or that is not known.
#[derive(Debug)]
pub enum Unmade {
    Certainly(Problem),
    Perhaps(Problem),
}

impl Unmade {
    pub fn problem(self) -> Problem {
        match self {
            Self::Certainly(problem) | Self::Perhaps(problem) => problem,
        }
    }
}

impl Web {
    pub async fn http(&self) -> Result<&Http, Problem> {
        let build = || self.client(self.trusted.clone(), "spec");
        self.http.get_or_try_init(|| std::future::ready(build())).await
    }

    /// The one for all, or one of its own for what trusts somebody else. `field` is where that is said.
    pub async fn trusting(
        &self,
        authorities: Option<Vec<CertificateDer<'static>>>,
        field: &str,
    ) -> Result<Http, Problem> {
        match authorities {
            None => self.http().await.cloned(),
            Some(_) => self.client(authorities, field),
        }
    }

    fn client(
        &self,
        authorities: Option<Vec<CertificateDer<'static>>>,
        field: &str,
    ) -> Result<Http, Problem> {
        let options = Options {
            authorities,
            identity: None,
            redirects: Policy::none(),
            deadline: self.deadline,
        };
        Http::new(options, field)
    }
}

/// Asks, and hands back an answer that is a yes. `what` is what it is about.
pub async fn ask(http: &Http, request: RequestBuilder, what: &str, hints: Hints) -> Result<Answer, Problem> {
    let made = ask_for(http, request, what, hints).await;
    made.map_err(Unmade::problem)
}

/// The same for a request that makes something.
pub async fn ask_for(
    http: &Http,
    request: RequestBuilder,
    what: &str,
    hints: Hints,
) -> Result<Answer, Unmade> {
    let answer = http.send(request, what).await.map_err(Unmade::Perhaps)?;
    granted(&answer, what, hints)?;
    Ok(answer)
}

/// Whether an answer is a yes.
pub fn granted(answer: &Answer, what: &str, hints: Hints) -> Result<(), Unmade> {
    let status = answer.status;
    if status.is_success() {
        return Ok(());
    }
    let hint = hints.iter().find(|(code, _)| *code == status.as_u16());
    let why = match hint {
        Some((code, hint)) => format!("HTTP {code}: {hint}"),
        None => format!("HTTP {}", status.as_u16()),
    };
    let problem = explained(status, &answer.headers, what.to_owned(), why);
    Err(if matches!(problem, Problem::Unreachable { .. }) {
        Unmade::Perhaps(problem)
    } else {
        Unmade::Certainly(problem)
    })
}

/// All pages of a list, of which one that is not full is the last.
pub async fn pages<T, F>(what: &str, mut page: impl FnMut(usize) -> F) -> Result<Vec<T>, Problem>
where
    F: Future<Output = Result<Vec<T>, Problem>>,
{
    let mut all = Vec::new();
    for number in 1..=MOST_PAGES {
        let entries = page(number).await?;
        let is_last = entries.len() < PAGE;
        all.extend(entries);
        if is_last {
            return Ok(all);
        }
    }
    Err(unusable(what, "it has no end"))
}

/// The address of an API. Its paths are appended to it.
pub fn address(text: &str, field: &str) -> Result<Url, Problem> {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    let mut url = url.ok_or_else(|| Problem::InvalidSpec {
        field: field.to_owned(),
        why: "must be an address that begins with https:// or http://".to_owned(),
    })?;
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// A part of a path that comes from a spec: these two would lead elsewhere.
pub fn check_part<'p>(part: &'p str, field: &str) -> Result<&'p str, Problem> {
    match part {
        "" | "." | ".." => Err(Problem::InvalidSpec {
            field: field.to_owned(),
            why: "must be an id or a name".to_owned(),
        }),
        part => Ok(part),
    }
}

/// A credential as it goes into a header. Files often end with a line break; credentials do not.
pub fn header(scheme: &str, credential: &SecretBytes, field: &str) -> Result<HeaderValue, Problem> {
    let value = secret_header(scheme, credential.expose().trim_ascii());
    value.ok_or_else(|| Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: "has characters that no header may have".to_owned(),
    })
}

pub fn parsed<'a>(answer: &'a Answer, what: &str) -> Result<Value<'a>, Problem> {
    let value = Value::parse(answer.body.expose(), Numbers::AsWritten);
    value.map_err(|fault| unusable(what, &fault.to_string()))
}

pub fn members<'a>(answer: &'a Answer, what: &str) -> Result<Object<'a>, Problem> {
    match parsed(answer, what)? {
        Value::Object(members) => Ok(members),
        _ => Err(unusable(what, "it is no object")),
    }
}

/// The objects of a list.
pub fn entries<'a>(value: Option<Value<'a>>, what: &str) -> Result<Vec<Object<'a>>, Problem> {
    let Some(Value::Array(entries)) = value else {
        return Err(unusable(what, "it is no list"));
    };
    let objects = entries.into_iter().map(|entry| match entry {
        Value::Object(members) => Ok(members),
        _ => Err(unusable(what, "it is no list of objects")),
    });
    objects.collect()
}

/// A text that is not empty.
pub fn text<'m>(members: &'m Object<'_>, name: &str, what: &str) -> Result<&'m str, Problem> {
    match members.get(name) {
        Some(Value::Text(text)) if !text.is_empty() => Ok(text),
        _ => Err(unusable(what, &format!("it has no {name}"))),
    }
}

/// An id, which no server gives as 0.
pub fn id(members: &Object<'_>, what: &str) -> Result<u64, Problem> {
    let id = match members.get("id") {
        Some(Value::Number(Number::Literal(digits))) => digits.parse().ok().filter(|id| *id != 0),
        _ => None,
    };
    id.ok_or_else(|| unusable(what, "it has no id"))
}

pub fn unusable(what: &str, why: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_spec_never_leads_out_of_its_path() {
        let base = address("https://host/sub/?q#f", "f").expect("an address");
        let url = below(&base, &["projects", "a/../b?c#d%2f", "x"]);
        assert_eq!(
            url.as_str(),
            "https://host/sub/projects/a%2F..%2Fb%3Fc%23d%252f/x"
        );
        for part in ["", ".", ".."] {
            let refused = check_part(part, "spec.projectID").expect_err("refused");
            assert_eq!(refused.to_string(), "spec.projectID: must be an id or a name");
        }
        for text in ["", "host", "ftp://host", "https:", "file:///etc"] {
            assert!(address(text, "f").is_err(), "{text}");
        }
    }

    #[test]
    fn a_credential_is_a_header_or_refused_without_being_quoted() {
        let value = header("Bearer ", &"token\n".into(), "f").expect("a header");
        assert_eq!(value.as_bytes(), b"Bearer token");
        assert!(!format!("{value:?}").contains("token"));
        let refused = header("", &"canary\ncanary".into(), "f").expect_err("refused");
        assert_eq!(refused.to_string(), "f: has characters that no header may have");
    }

    #[tokio::test]
    async fn a_list_is_read_to_its_end_or_refused() {
        let full = |number: usize| std::future::ready(Ok(vec![number; if number < 3 { PAGE } else { 1 }]));
        let all = pages("list", full).await.expect("a list");
        assert_eq!((all.len(), all.last()), (2 * PAGE + 1, Some(&3)));
        let endless = pages("list", |_| std::future::ready(Ok(vec![(); PAGE]))).await;
        let refused = endless.expect_err("refused").to_string();
        assert_eq!(refused, "list: the answer cannot be used: it has no end");
    }
}
