//! From templates to a request.

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use lockstep_gotemplate::{Data, World};
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::spec::Spec;
use super::text::Text;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::random::{ForTemplates, random};

/// The templates of a request, and of the path into its answer.
#[derive(Debug)]
pub(super) struct Recipe {
    field: &'static str,
    method: Option<String>,
    url: Text,
    headers: Vec<(String, Text)>,
    body: Option<Text>,
    json_path: Option<Text>,
}

/// A request. Its Debug shows the method only.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<SecretBytes>,
}

/// What a request is for.
#[derive(Clone)]
pub(super) enum Purpose {
    Read,
    Write(SecretBytes),
    Delete,
}

/// What templates see: by these names, texts by name. In URLs they stand escaped.
pub(super) struct Sight {
    raw: Data,
    escaped: Data,
}

impl Sight {
    pub(super) fn new(maps: &[(&str, Values)]) -> Self {
        let data = |change: fn(&SecretBytes) -> SecretBytes| {
            Data::maps(maps.iter().map(|(name, values)| {
                let texts: Vec<_> = values.iter().map(|(key, value)| (key, change(value))).collect();
                let texts = texts.iter().map(|(key, value)| (key.as_bytes(), value.expose()));
                (*name, Data::texts(texts))
            }))
        };
        Self {
            raw: data(SecretBytes::clone),
            escaped: data(|value| byte_serialize(value.expose()).collect::<String>().into()),
        }
    }
}

impl Recipe {
    pub(super) fn new(spec: &Spec) -> Self {
        let field = spec.field;
        let text = |name: &str, text: &str| Text::new(format!("{field}.{name}"), text);
        let headers = spec.headers.iter();
        Self {
            field,
            method: spec.method.map(str::to_owned),
            url: text("url", spec.url),
            headers: headers
                .map(|(name, value)| (name.clone(), text(&format!("headers.{name}"), value.expose())))
                .collect(),
            body: spec.body.map(|body| text("body", body.expose())),
            json_path: spec.json_path.map(|path| text("result.jsonPath", path)),
        }
    }

    /// May the request be another one for another value of this field of `remoteRef`?
    pub(super) fn request_sees(&self, field: &str) -> bool {
        let headers = self.headers.iter().map(|(_, text)| text);
        headers
            .chain([&self.url])
            .chain(&self.body)
            .any(|text| text.sees(field))
    }

    /// The same of the answer.
    pub(super) fn sees(&self, field: &str) -> bool {
        self.request_sees(field) || self.json_path.iter().any(|text| text.sees(field))
    }

    pub(super) fn has_json_path(&self) -> bool {
        self.json_path.is_some()
    }

    /// The path into the answer, and whether it may be told.
    pub(super) fn json_path(&self, sight: &Sight) -> Result<Option<(SecretBytes, bool)>, Problem> {
        let Some(text) = &self.json_path else {
            return Ok(None);
        };
        let mut random = ForTemplates(random()?);
        let path = text.render(&sight.raw, &mut world(&mut random))?;
        Ok(Some((path, text.is_fixed())))
    }

    /// Method and body are those of the spec where it names them. Not to delete: what the spec says of them is how to
    /// write, and would do so with a value that is not there.
    pub(super) fn request(&self, sight: &Sight, purpose: Purpose) -> Result<Request, Problem> {
        let mut random = ForTemplates(random()?);
        let mut world = world(&mut random);
        let mut headers = HeaderMap::new();
        for (name, text) in self.headers.iter().filter(|(name, _)| !is_ours(name)) {
            let value = text.render(&sight.raw, &mut world)?;
            let (name, value) = header(name, &value).map_err(|why| invalid(text.field(), why))?;
            headers.insert(name, value);
        }
        let own = self.body.as_ref().map(|text| text.render(&sight.raw, &mut world));
        let (method, body) = match purpose {
            Purpose::Read => (self.method(Method::GET)?, own.transpose()?),
            Purpose::Write(value) => (self.method(Method::POST)?, own.transpose()?.or(Some(value))),
            Purpose::Delete => (Method::DELETE, None),
        };
        let url = self.url.render(&sight.escaped, &mut world)?;
        Ok(Request {
            method,
            url: parse_url(&url).map_err(|why| invalid(self.url.field(), why))?,
            headers,
            body,
        })
    }

    /// Does reading leave everything as it is?
    pub(super) fn reads_safely(&self) -> bool {
        let method = self.method(Method::GET);
        method.is_ok_and(|method| method.is_safe())
    }

    fn method(&self, default: Method) -> Result<Method, Problem> {
        let Some(method) = &self.method else {
            return Ok(default);
        };
        let parsed = Method::from_bytes(method.as_bytes());
        parsed.map_err(|_| invalid(&format!("{}.method", self.field), "is no HTTP method"))
    }
}

/// Headers that say how a request is sent, and where to. Go does not take them from a user either.
fn is_ours(name: &str) -> bool {
    let ours = ["host", "content-length", "transfer-encoding", "trailer"];
    ours.iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

fn world(random: &mut ForTemplates) -> World<'_> {
    World {
        now: jiff::Timestamp::now().into(),
        random,
    }
}

fn header(name: &str, value: &SecretBytes) -> Result<(HeaderName, HeaderValue), &'static str> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "is no name of a header")?;
    // A line break at the end comes with Secrets made from files, and would begin another header.
    let value = HeaderValue::from_bytes(value.expose().trim_ascii());
    let mut value =
        value.map_err(|_| "comes to a value that no header may have, such as one with a line break")?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// What is wrong with a URL is told without the URL.
pub(super) fn parse_url(text: &SecretBytes) -> Result<Url, &'static str> {
    let text = str::from_utf8(text.expose()).map_err(|_| "comes to something that is no text")?;
    let url = Url::parse(text.trim()).map_err(|_| "comes to something that is no URL")?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err("must come to an http or https URL"),
    }
}

pub(super) fn invalid(field: &str, why: &str) -> Problem {
    Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: why.to_owned(),
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
