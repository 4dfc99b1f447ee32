//! What a store of the `crd` provider may read: any kind but Secrets, and of it what its whitelist allows.

use lockstep_api::provider::{CrdProvider, CrdResource, CrdWhitelistRule};
use lockstep_gostd::regexp;
use regex::Regex;

/// What is wrong with a store, and in which of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Below the provider.
    pub field: String,
    pub why: String,
}

/// Which objects and properties may be read. Without rules, all.
#[derive(Debug, Default)]
pub struct Whitelist(Vec<Rule>);

/// Allows what all of its patterns match.
#[derive(Debug)]
struct Rule {
    name: Option<Regex>,
    namespace: Option<Regex>,
    /// One of them has to match; none: any property, and the whole object.
    properties: Vec<Regex>,
}

/// The rules of a store, if it may be used at all. They are ESO's: an empty rule would allow everything, and one for a
/// namespace says nothing in a SecretStore, which reads its own.
pub fn whitelist(spec: &CrdProvider, is_cluster_wide: bool) -> Result<Whitelist, Wrong> {
    if is_secret(&spec.resource) {
        return Err(Wrong {
            field: "resource.kind".to_owned(),
            why: "Secrets are read with provider kubernetes, not with crd".to_owned(),
        });
    }
    let rules = spec.whitelist.iter().flat_map(|whitelist| &whitelist.rules);
    let rules = rules.enumerate().map(|(nth, rule)| {
        let field = format!("whitelist.rules[{nth}]");
        compile(rule, &field, is_cluster_wide)
    });
    rules.collect::<Result<_, _>>().map(Whitelist)
}

/// Kinds of other groups may be called Secret, too.
fn is_secret(resource: &CrdResource) -> bool {
    resource.kind.as_str().eq_ignore_ascii_case("Secret")
        && resource.version.as_str() == "v1"
        && matches!(resource.group.as_str(), "" | "core")
}

fn compile(rule: &CrdWhitelistRule, field: &str, is_cluster_wide: bool) -> Result<Rule, Wrong> {
    let wrong = |part: &str, why: String| Wrong {
        field: format!("{field}{part}"),
        why,
    };
    let given = |pattern: &Option<String>, part: &str| {
        let pattern = pattern.as_deref().filter(|pattern| !pattern.is_empty());
        let compiled = pattern.map(regexp::compile).transpose();
        compiled.map_err(|why| wrong(part, why))
    };
    let (name, namespace) = (given(&rule.name, ".name")?, given(&rule.namespace, ".namespace")?);
    let properties = rule.properties.iter().enumerate().map(|(nth, pattern)| {
        regexp::compile(pattern).map_err(|why| wrong(&format!(".properties[{nth}]"), why))
    });
    let properties: Vec<_> = properties.collect::<Result<_, _>>()?;
    if name.is_none() && namespace.is_none() && properties.is_empty() {
        return Err(wrong(
            "",
            "must have a name, a namespace or properties".to_owned(),
        ));
    }
    if namespace.is_some() && !is_cluster_wide {
        let why = "says nothing in a SecretStore, which reads its own namespace only: leave it out";
        return Err(wrong(".namespace", why.to_owned()));
    }
    Ok(Rule {
        name,
        namespace,
        properties,
    })
}

impl Whitelist {
    /// May this be read? Without a property it is the whole object. `namespace` is that of the object, where whoever
    /// asks can choose it.
    pub fn allows(&self, namespace: Option<&str>, name: &str, property: Option<&str>) -> bool {
        self.0.is_empty() || self.0.iter().any(|rule| rule.allows(namespace, name, property))
    }

    /// Does it depend on the property what may be read?
    pub fn knows_properties(&self) -> bool {
        self.0.iter().any(|rule| !rule.properties.is_empty())
    }
}

impl Rule {
    fn allows(&self, namespace: Option<&str>, name: &str, property: Option<&str>) -> bool {
        let is_name = self.name.as_ref().is_none_or(|pattern| pattern.is_match(name));
        let is_namespace = self
            .namespace
            .as_ref()
            .is_none_or(|pattern| namespace.is_some_and(|namespace| pattern.is_match(namespace)));
        let is_property = self.properties.is_empty()
            || property
                .is_some_and(|property| self.properties.iter().any(|pattern| pattern.is_match(property)));
        is_name && is_namespace && is_property
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(resource: &Value, rules: &Value, is_cluster_wide: bool) -> Result<Whitelist, String> {
        let spec = json!({
            "auth": {"serviceAccount": {"name": "reader"}}, "resource": resource, "whitelist": {"rules": rules},
        });
        let spec = serde_json::from_value(spec).expect("sound");
        whitelist(&spec, is_cluster_wide).map_err(|wrong| format!("{}: {}", wrong.field, wrong.why))
    }

    fn widget() -> Value {
        json!({"group": "example.io", "version": "v1", "kind": "Widget"})
    }

    #[test]
    fn a_rule_allows_what_all_of_it_matches() {
        let rules = json!([
            {"name": "^app-", "properties": ["^spec\\.user$", "^spec\\.pass$"]},
            {"namespace": "^shop$", "name": "^all$"},
        ]);
        let whitelist = of(&widget(), &rules, true).expect("sound");
        assert!(whitelist.knows_properties());
        for (namespace, name, property, expected) in [
            (None, "app-1", Some("spec.user"), true),
            (Some("any"), "app-1", Some("spec.pass"), true),
            (None, "app-1", Some("spec.other"), false),
            (None, "app-1", None, false),
            (None, "other", Some("spec.user"), false),
            (Some("shop"), "all", None, true),
            (Some("shop"), "all", Some("spec.any"), true),
            (Some("workshop"), "all", None, false),
            (None, "all", None, false),
        ] {
            let allowed = whitelist.allows(namespace, name, property);
            assert_eq!(allowed, expected, "{namespace:?} {name} {property:?}");
        }
        let none = of(&widget(), &json!([]), false).expect("sound");
        assert!(none.allows(None, "any", None) && !none.knows_properties());
    }

    #[test]
    fn what_allows_everything_or_nothing_by_mistake_is_refused() {
        for (rules, is_cluster_wide, expected) in [
            (json!([{}]), true, "whitelist.rules[0]: must have"),
            (json!([{"name": ""}]), true, "whitelist.rules[0]: must have"),
            (
                json!([{"name": "a"}, {"name": "("}]),
                true,
                "whitelist.rules[1].name: ",
            ),
            (
                json!([{"namespace": "("}]),
                true,
                "whitelist.rules[0].namespace: ",
            ),
            (
                json!([{"properties": ["a", "("]}]),
                true,
                "whitelist.rules[0].properties[1]: ",
            ),
            (
                json!([{"namespace": "a"}]),
                false,
                "whitelist.rules[0].namespace: says nothing",
            ),
        ] {
            let why = of(&widget(), &rules, is_cluster_wide).expect_err(expected);
            assert!(why.starts_with(expected), "{why}");
        }
    }

    #[test]
    fn secrets_are_no_custom_resources_and_their_namesakes_are() {
        for (group, version, kind, is_refused) in [
            ("", "v1", "Secret", true),
            ("core", "v1", "secret", true),
            ("example.io", "v1", "Secret", false),
            ("", "v1", "ConfigMap", false),
        ] {
            let resource = json!({"group": group, "version": version, "kind": kind});
            assert_eq!(
                of(&resource, &json!([]), false).is_err(),
                is_refused,
                "{group} {version} {kind}"
            );
        }
    }
}
