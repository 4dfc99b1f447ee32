//! Many Secrets at once: by labels, or by name.

use regex::Regex;

use super::answer::Fault;
use super::api::Api;
use super::values;
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use lockstep_gostd::regexp;

use crate::engine::json::encode_values;
use crate::engine::{keys, selector};
use crate::provider::Find;

/// How far a search goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Secrets on a page; fewer when they are large.
    pub(super) page: usize,
    pub(super) page_bytes: usize,
    pub(super) looked_at: usize,
    pub(super) found_bytes: usize,
}

pub(super) const BOUNDS: Bounds = Bounds {
    page: 200,
    page_bytes: 16 << 20,
    looked_at: 20_000,
    found_bytes: 32 << 20,
};

/// What is searched for. Tags win over a name, as in ESO.
#[derive(Debug)]
enum Wanted {
    Labels(String),
    Name(Regex),
}

pub(super) async fn find(
    api: &Api,
    namespace: &str,
    query: &Find,
    bounds: &Bounds,
) -> Result<Values, Problem> {
    let wanted = Wanted::of(query)?;
    let what = || format!("Secrets of namespace {namespace}");
    let too_many = || Problem::BadAnswer {
        what: what(),
        why: "there are too many; narrow the search".to_owned(),
    };
    let (mut found, mut bytes, mut looked_at) = (Values::new(), 0, 0);
    let (mut size, mut next) = (bounds.page, String::new());
    loop {
        let page = match api
            .list(namespace, &wanted.parameters(size, &next), bounds.page_bytes)
            .await
        {
            Err(Fault::TooLarge) if size > 1 => {
                size = (size / 4).max(1);
                continue;
            }
            page => page.map_err(|fault| fault.into_problem_with(what()))?,
        };
        next = page.next().map_err(|fault| fault.into_problem_with(what()))?;
        for secret in page.items {
            looked_at += 1;
            let name = secret.metadata.name.unwrap_or_default();
            if wanted.has(&name) {
                let value = encode_values(&values(secret.data));
                bytes += value.len();
                found.insert(name, value);
            }
        }
        if next.is_empty() {
            return keys::convert(query.conversion, found);
        }
        if looked_at >= bounds.looked_at || bytes >= bounds.found_bytes {
            return Err(too_many());
        }
    }
}

impl Wanted {
    fn of(query: &Find) -> Result<Self, Problem> {
        let invalid = |field: &str, why: String| Problem::InvalidSpec {
            field: format!("find.{field}"),
            why,
        };
        if !query.tags.is_empty() {
            return label_selector(query)
                .map(Self::Labels)
                .map_err(|why| invalid("tags", why));
        }
        let Some(pattern) = &query.name else {
            return Err(invalid(
                "name",
                "the kubernetes provider finds by name or tags".to_owned(),
            ));
        };
        regexp::compile(pattern)
            .map(Self::Name)
            .map_err(|why| invalid("name.regexp", why))
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::Labels(_) => true,
            Self::Name(pattern) => pattern.is_match(name),
        }
    }

    fn parameters(&self, size: usize, next: &str) -> String {
        let mut parameters = vec![format!("limit={size}")];
        if let Self::Labels(selector) = self {
            parameters.push(format!("labelSelector={selector}"));
        }
        if !next.is_empty() {
            parameters.push(format!("continue={next}"));
        }
        parameters.join("&")
    }
}

/// The labels that all have to be there. Checked here, so that none of them says more than it seems to.
fn label_selector(query: &Find) -> Result<String, String> {
    let mut terms = Vec::new();
    for (key, value) in &query.tags {
        if !selector::is_label_key(key) {
            return Err(format!("{key:?} is not the key of a label"));
        }
        if !selector::is_label_value(value) {
            return Err(format!("{value:?} is not the value of a label"));
        }
        terms.push(format!("{key}={value}"));
    }
    Ok(terms.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(name: Option<&str>, tags: &[(&str, &str)]) -> Result<String, String> {
        let tags = tags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let query = Find {
            name: name.map(str::to_owned),
            tags,
            ..Find::default()
        };
        let wanted = Wanted::of(&query).map_err(|problem| problem.to_string())?;
        Ok(wanted.parameters(10, "next"))
    }

    #[test]
    fn tags_are_labels_and_win_over_a_name() {
        let tags = [("env", "dev"), ("app.kubernetes.io/name", "shop"), ("flag", "")];
        let expected = "limit=10&labelSelector=app.kubernetes.io/name=shop,env=dev,flag=&continue=next";
        assert_eq!(by(Some("^a"), &tags), Ok(expected.to_owned()));
        assert_eq!(by(Some("^a"), &[]), Ok("limit=10&continue=next".to_owned()));
    }

    #[test]
    fn what_is_no_label_or_pattern_is_refused() {
        for (name, tag, why) in [
            (
                None,
                Some(("env", "dev,tier!=a")),
                r#"find.tags: "dev,tier!=a" is not the value of a label"#,
            ),
            (
                None,
                Some(("env in (a)", "")),
                r#"find.tags: "env in (a)" is not the key of a label"#,
            ),
            (
                None,
                Some(("a/b/c", "")),
                r#"find.tags: "a/b/c" is not the key of a label"#,
            ),
            (
                None,
                Some(("-a", "")),
                r#"find.tags: "-a" is not the key of a label"#,
            ),
            (
                None,
                None,
                "find.name: the kubernetes provider finds by name or tags",
            ),
        ] {
            assert_eq!(by(name, tag.as_slice()), Err(why.to_owned()));
        }
        assert!(by(Some("(["), &[]).is_err_and(|why| why.starts_with("find.name.regexp: ")));
    }
}
