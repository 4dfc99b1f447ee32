//! Which object a key means. Pure.

use lockstep_api::NamespaceName;

use crate::engine::problem::Problem;

/// A name, and in a ClusterSecretStore the namespace before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

impl Key {
    /// Nothing gets into a URL that is neither a namespace nor one segment of a path.
    pub(super) fn parse(key: &str, is_cluster_wide: bool) -> Result<Self, Problem> {
        let (namespace, name) = match key.split_once('/') {
            Some((namespace, name)) if is_cluster_wide => (Some(namespace), name),
            Some(_) => {
                return Err(unfit(
                    key,
                    "must have no slash in a SecretStore, which reads its own namespace",
                ));
            }
            None => (None, key),
        };
        if let Some(Err(why)) = namespace.map(NamespaceName::parse) {
            return Err(unfit(key, &format!("cannot begin with a namespace: {why}")));
        }
        if !is_segment(name) {
            return Err(unfit(key, "cannot name an object"));
        }
        Ok(Self {
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        })
    }

    pub(super) fn unfit(&self, why: &str) -> Problem {
        match &self.namespace {
            Some(namespace) => unfit(&format!("{namespace}/{}", self.name), why),
            None => unfit(&self.name, why),
        }
    }
}

fn unfit(key: &str, why: &str) -> Problem {
    Problem::BadData {
        why: format!("key {key:?} {why}"),
    }
}

/// What stands for itself in a path. Most kinds take less, those of RBAC for one take colons.
fn is_segment(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@!$&'()*+,;=".contains(&byte);
    (1..=253).contains(&name.len()) && !matches!(name, "." | "..") && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_of_all_namespaces_is_told_one() {
        let parse = |key: &str, is_cluster_wide| {
            let parsed = Key::parse(key, is_cluster_wide).map_err(|problem| problem.to_string());
            parsed.map(|key| (key.namespace.unwrap_or_default(), key.name))
        };
        let both = |namespace: &str, name: &str| Ok((namespace.to_owned(), name.to_owned()));
        assert_eq!(parse("db", false), both("", "db"));
        assert_eq!(parse("system:db", false), both("", "system:db"));
        assert_eq!(parse("db", true), both("", "db"));
        assert_eq!(parse("shop/db", true), both("shop", "db"));
        for (key, is_cluster_wide, why) in [
            ("shop/db", false, r#"key "shop/db" must have no slash"#),
            ("", false, r#"key "" cannot name"#),
            ("..", false, r#"key ".." cannot name"#),
            ("a%2fb", false, r#"key "a%2fb" cannot name"#),
            ("a?b", true, r#"key "a?b" cannot name"#),
            ("a b", true, r#"key "a b" cannot name"#),
            ("shop/", true, r#"key "shop/" cannot name"#),
            ("shop/a/b", true, r#"key "shop/a/b" cannot name"#),
            ("/db", true, r#"key "/db" cannot begin"#),
            ("../db", true, r#"key "../db" cannot begin"#),
        ] {
            let told = parse(key, is_cluster_wide).expect_err(key);
            assert!(told.starts_with(why), "{told}");
        }
    }
}
