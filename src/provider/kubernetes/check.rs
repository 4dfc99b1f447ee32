//! May we read Secrets there?

use k8s_openapi::api::authorization::v1::{ResourceRule, SelfSubjectRulesReview};
use serde_json::json;

use super::answer::Fault;
use super::api::Api;
use crate::engine::problem::Problem;
use crate::provider::Health;

/// Rules are asked for first and the one right after that, as some clusters answer only the latter. Where neither
/// can be asked, reading may well work.
pub(super) async fn check(api: &Api, namespace: &str) -> Result<Health, Problem> {
    match may_read(api, namespace).await {
        Ok(true) => Ok(Health::Ready),
        Ok(false) => Err(Problem::Refused {
            what: format!("Secrets of namespace {namespace}"),
            why: "client is not allowed to get secrets".to_owned(),
        }),
        Err(fault) => {
            let problem = fault.into_problem_with("could not verify if client is valid".to_owned());
            Ok(Health::Doubtful {
                why: problem.to_string(),
            })
        }
    }
}

async fn may_read(api: &Api, namespace: &str) -> Result<bool, Fault> {
    let rules = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace},
    });
    let rules: SelfSubjectRulesReview = api
        .review("CreateSelfSubjectRulesReview", "selfsubjectrulesreviews", &rules)
        .await?;
    let status = rules.status.unwrap_or_default();
    if status.resource_rules.iter().any(allows_reading) {
        return Ok(true);
    }
    api.may(json!({"resource": "secrets", "namespace": namespace, "verb": "get"}))
        .await
}

/// Rules for Secrets of certain names count: which names are asked for is not known here.
fn allows_reading(rule: &ResourceRule) -> bool {
    let has = |list: Option<&Vec<String>>, wanted: &str| {
        list.into_iter()
            .flatten()
            .any(|entry| entry == wanted || entry == "*")
    };
    let groups = rule.api_groups.as_ref().filter(|groups| !groups.is_empty());
    has(rule.resources.as_ref(), "secrets")
        && has(Some(&rule.verbs), "get")
        && (groups.is_none() || has(groups, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_allow_reading_by_name_or_by_star() {
        for (groups, resources, verbs, expected) in [
            (vec![""], vec!["secrets"], vec!["get"], true),
            (vec!["*"], vec!["*"], vec!["*"], true),
            (vec![], vec!["pods", "secrets"], vec!["list", "get"], true),
            (vec!["apps"], vec!["secrets"], vec!["get"], false),
            (vec![""], vec!["secrets"], vec!["list"], false),
            (vec![""], vec!["configmaps"], vec!["get"], false),
        ] {
            let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
            let rule = ResourceRule {
                api_groups: Some(owned(groups)),
                resources: Some(owned(resources)),
                verbs: owned(verbs),
                resource_names: None,
            };
            assert_eq!(allows_reading(&rule), expected, "{rule:?}");
        }
    }
}
