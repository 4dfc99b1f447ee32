//! May this namespace use this store?

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use lockstep_api::secret_store::StoreCondition;
use lockstep_api::{ConditionStatus, ConditionType, Parsed, SecretStoreSpec, SecretStoreStatus};
use lockstep_gostd::regexp;

use super::object::StoreKey;
use super::problem::Problem;

/// A SecretStore or ClusterSecretStore.
#[derive(Clone, Debug)]
pub struct Store {
    pub key: StoreKey,
    pub uid: String,
    pub generation: i64,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub terminating: bool,
    /// Whether it carries the finalizer that keeps it for those who have pushed to it.
    pub is_held: bool,
    pub spec: Parsed<SecretStoreSpec>,
    pub status: SecretStoreStatus,
}

/// What this instance of lockstep serves.
#[derive(Clone, Debug)]
pub struct StoreRules {
    pub class: String,
    /// Only stores whose Ready condition is True may be read.
    pub flood_gate: bool,
}

impl Store {
    pub fn is_ready(&self) -> bool {
        self.readiness() == Some(ConditionStatus::True)
    }

    /// `None`: nobody has looked at it yet.
    pub fn readiness(&self) -> Option<ConditionStatus> {
        let condition = self
            .status
            .conditions
            .iter()
            .find(|condition| condition.kind == ConditionType::Ready)?;
        Some(condition.status)
    }

    /// An empty class is everybody's.
    pub fn is_served_by(&self, class: &str) -> bool {
        let wanted = self
            .spec
            .as_ref()
            .ok()
            .and_then(|spec| spec.controller.as_deref())
            .unwrap_or_default();
        wanted.is_empty() || wanted == class
    }
}

/// The checks that stand between a namespace and a store, in their order.
pub fn admit<'a>(
    store: &'a Store,
    namespace: &str,
    labels: Option<&BTreeMap<String, String>>,
    rules: &StoreRules,
) -> Result<&'a SecretStoreSpec, Problem> {
    let spec = store.spec.as_ref().map_err(|fault| Problem::StoreBroken {
        store: store.key.clone(),
        fault: fault.clone(),
    })?;
    if !store.is_served_by(&rules.class) {
        return Err(Problem::StoreUnmanaged {
            store: store.key.clone(),
        });
    }
    if !is_namespace_allowed(store, &spec.conditions, namespace, labels)? {
        return Err(Problem::StoreDenied {
            store: store.key.clone(),
            namespace: namespace.to_owned(),
        });
    }
    if rules.flood_gate && !store.is_ready() {
        return Err(Problem::StoreNotReady {
            store: store.key.clone(),
        });
    }
    Ok(spec)
}

/// Conditions gate cluster stores only. Any member of any entry is enough; no entries let everybody in.
fn is_namespace_allowed(
    store: &Store,
    conditions: &[StoreCondition],
    namespace: &str,
    labels: Option<&BTreeMap<String, String>>,
) -> Result<bool, Problem> {
    match &store.key {
        StoreKey::Namespaced(_) => return Ok(true),
        StoreKey::Cluster(_) if conditions.is_empty() => return Ok(true),
        StoreKey::Cluster(_) => {}
    }
    for (index, condition) in conditions.iter().enumerate() {
        if is_condition_met(condition, namespace, labels)
            || any_regex_matches(&condition.namespace_regexes, index, namespace)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_condition_met(
    condition: &StoreCondition,
    namespace: &str,
    labels: Option<&BTreeMap<String, String>>,
) -> bool {
    condition.namespaces.iter().any(|name| name.as_str() == namespace)
        || condition
            .namespace_selector
            .as_ref()
            .zip(labels)
            .is_some_and(|(selector, labels)| selects(selector, labels))
}

/// Regular expressions match anywhere in the name, as they do in ESO.
fn any_regex_matches(patterns: &[String], condition: usize, namespace: &str) -> Result<bool, Problem> {
    for (index, pattern) in patterns.iter().enumerate() {
        let field = || format!("spec.conditions[{condition}].namespaceRegexes[{index}]");
        let regex = regexp::compile(pattern).map_err(|why| Problem::InvalidSpec { field: field(), why })?;
        if regex.is_match(namespace) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A label selector, as Kubernetes evaluates it. An empty one selects everything.
pub fn selects(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let equal = selector
        .match_labels
        .iter()
        .flatten()
        .all(|(key, value)| labels.get(key) == Some(value));
    equal
        && selector.match_expressions.iter().flatten().all(|term| {
            let value = labels.get(&term.key);
            let listed =
                || value.is_some_and(|value| term.values.iter().flatten().any(|wanted| wanted == value));
            match term.operator.as_str() {
                "In" => listed(),
                "NotIn" => !listed(),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                // The API server admits no other; what we do not understand selects nothing.
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::object::ObjectKey;

    fn store(key: StoreKey, spec: Value, ready: Option<bool>) -> Store {
        let condition =
            ready.map(|ready| json!({"type": "Ready", "status": if ready { "True" } else { "False" }}));
        Store {
            key,
            uid: "u".into(),
            generation: 1,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            terminating: false,
            is_held: false,
            spec: Parsed::from_json(spec),
            status: serde_json::from_value(json!({"conditions": condition.into_iter().collect::<Vec<_>>()}))
                .expect("a status"),
        }
    }

    fn cluster(conditions: &Value) -> Store {
        store(
            StoreKey::Cluster("s".into()),
            json!({"provider": {"fake": {"data": []}}, "conditions": conditions}),
            Some(true),
        )
    }

    fn rules() -> StoreRules {
        StoreRules {
            class: "default".into(),
            flood_gate: true,
        }
    }

    #[test]
    fn any_member_of_any_condition_lets_a_namespace_in() {
        let labels = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
        for (conditions, allowed) in [
            (json!([]), true),
            (json!([{"namespaces": ["shop"]}]), true),
            (json!([{"namespaces": ["other"]}]), false),
            (json!([{"namespaceRegexes": ["ho"]}]), true),
            (json!([{"namespaceRegexes": ["^ho"]}]), false),
            (
                json!([{"namespaceSelector": {"matchLabels": {"team": "a"}}}]),
                true,
            ),
            (
                json!([{"namespaceSelector": {"matchLabels": {"team": "b"}}, "namespaces": ["shop"]}]),
                true,
            ),
            (
                json!([{"namespaces": ["other"]}, {"namespaceSelector": {}}]),
                true,
            ),
            (
                json!([{"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["a"]}]}}]),
                false,
            ),
        ] {
            let admitted = admit(&cluster(&conditions), "shop", Some(&labels), &rules()).is_ok();
            assert_eq!(admitted, allowed, "{conditions}");
        }
    }

    #[test]
    fn a_regex_that_does_not_compile_names_its_place() {
        let store = cluster(&json!([{"namespaces": ["x"]}, {"namespaceRegexes": ["("]}]));
        let problem = admit(&store, "shop", None, &rules()).expect_err("refused");
        assert!(
            problem
                .to_string()
                .starts_with("spec.conditions[1].namespaceRegexes[0]: ")
        );
    }

    #[test]
    fn class_readiness_and_broken_specs_are_told_apart() {
        let key = || StoreKey::Namespaced(ObjectKey::new("shop", "s"));
        let fake = |class: &str| json!({"provider": {"fake": {"data": []}}, "controller": class});
        for (store, reason) in [
            (store(key(), fake("other"), Some(true)), Some("StoreUnmanaged")),
            (store(key(), fake(""), Some(false)), Some("StoreNotReady")),
            (store(key(), fake("default"), None), Some("StoreNotReady")),
            (store(key(), json!({}), Some(true)), Some("StoreBroken")),
            (store(key(), fake("default"), Some(true)), None),
        ] {
            assert_eq!(
                admit(&store, "shop", None, &rules())
                    .err()
                    .map(|problem| problem.reason()),
                reason
            );
        }
    }
}
