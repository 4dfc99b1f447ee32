//! What the operator's ServiceAccount and people may do, asked of the API server that would decide it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::Client;
use kube::api::{Api, PostParams};
use lockstep_testkit::eventually;

use super::cases::Case;
use super::cluster;
use super::tools::Tools;

const WITHIN: Duration = Duration::from_secs(5);

/// One question and its answer: verb, group, resource, namespace (none: in all of them, or no namespaced one), name.
pub struct Right {
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    namespace: &'static str,
    name: &'static str,
    allowed: bool,
}

const fn may(
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    namespace: &'static str,
) -> Right {
    Right {
        verb,
        group,
        resource,
        namespace,
        name: "",
        allowed: true,
    }
}

const fn may_not(
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    namespace: &'static str,
) -> Right {
    Right {
        allowed: false,
        ..may(verb, group, resource, namespace)
    }
}

const ES: &str = "external-secrets.io";
const GENERATORS: &str = "generators.external-secrets.io";
const LEASES: &str = "coordination.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const CONFIGURATIONS: &str = "validatingwebhookconfigurations";

/// What holds for a release that looks after the whole cluster and is told nothing else.
pub const DEFAULT: &[Right] = &[
    may("list", "", "secrets", ""),
    may("delete", "", "secrets", "elsewhere"),
    may("get", "", "configmaps", "elsewhere"),
    // Those that hold templates are watched, each by its name.
    may("watch", "", "configmaps", "elsewhere"),
    may_not("create", "", "configmaps", "elsewhere"),
    may("get", "", "serviceaccounts", "elsewhere"),
    may_not("list", "", "serviceaccounts", ""),
    may("create", "", "serviceaccounts/token", "elsewhere"),
    may("watch", "", "namespaces", ""),
    may_not("update", "", "namespaces", ""),
    may("create", "events.k8s.io", "events", "elsewhere"),
    may("patch", "", "events", "elsewhere"),
    may("patch", ES, "externalsecrets", "elsewhere"),
    may("patch", ES, "externalsecrets/status", "elsewhere"),
    may("update", ES, "externalsecrets/finalizers", "elsewhere"),
    may("create", ES, "externalsecrets", "elsewhere"),
    may("delete", ES, "externalsecrets", "elsewhere"),
    may("patch", ES, "clusterexternalsecrets", ""),
    may_not("create", ES, "clusterexternalsecrets", ""),
    may("patch", ES, "clusterexternalsecrets/status", ""),
    // ESO's finalizers are taken off them.
    may("patch", "", "namespaces", ""),
    may("create", ES, "pushsecrets", "elsewhere"),
    may("patch", ES, "clustersecretstores/status", ""),
    // Stores are kept while something is to be deleted from them.
    may("patch", ES, "clustersecretstores", ""),
    may("patch", ES, "secretstores", "elsewhere"),
    may("patch", ES, "pushsecrets", "elsewhere"),
    may("delete", ES, "pushsecrets", "elsewhere"),
    may_not("update", GENERATORS, "passwords", "elsewhere"),
    may("create", GENERATORS, "generatorstates", "elsewhere"),
    may("delete", GENERATORS, "generatorstates", "elsewhere"),
    may("update", GENERATORS, "generatorstates/finalizers", "elsewhere"),
    may_not("deletecollection", GENERATORS, "generatorstates", "elsewhere"),
    // One replica elects nobody.
    may_not("get", LEASES, "leases", "lockstep-system"),
    Right {
        name: "externalsecret-validate",
        ..may("patch", ADMISSION, CONFIGURATIONS, "")
    },
    Right {
        name: "someone-elses",
        ..may_not("patch", ADMISSION, CONFIGURATIONS, "")
    },
    may_not("list", ADMISSION, CONFIGURATIONS, ""),
    may_not("create", ADMISSION, CONFIGURATIONS, ""),
    may_not("create", "", "pods", "elsewhere"),
    may_not("get", "apiextensions.k8s.io", "customresourcedefinitions", ""),
    may_not("create", "rbac.authorization.k8s.io", "clusterrolebindings", ""),
    may_not("impersonate", "", "users", ""),
];

/// What holds for a release that may see one namespace only.
pub const SCOPED: &[Right] = &[
    Right {
        name: "externalsecret-validate",
        ..may_not("get", ADMISSION, CONFIGURATIONS, "")
    },
    may("list", "", "secrets", "team-a"),
    may_not("list", "", "secrets", ""),
    may_not("get", "", "secrets", "elsewhere"),
    may_not("get", "", "secrets", "lockstep-system"),
    may("patch", ES, "externalsecrets/status", "team-a"),
    may_not("list", ES, "externalsecrets", ""),
    may_not("list", ES, "clustersecretstores", ""),
    may_not("list", GENERATORS, "clustergenerators", ""),
    may_not("list", "", "namespaces", ""),
    may("create", "events.k8s.io", "events", "team-a"),
    // Switched off in its values.
    may_not("create", "", "serviceaccounts/token", "team-a"),
    may("create", LEASES, "leases", "lockstep-system"),
    Right {
        name: "external-secrets-controller",
        ..may("patch", LEASES, "leases", "lockstep-system")
    },
    Right {
        name: "someone-elses",
        ..may_not("patch", LEASES, "leases", "lockstep-system")
    },
];

/// What the values of `everything-values.yaml` give and take.
pub const EVERYTHING: &[Right] = &[
    may("create", "", "configmaps", "elsewhere"),
    may("patch", "argoproj.io", "applications", "elsewhere"),
    may_not("list", ES, "pushsecrets", ""),
    may_not("patch", ES, "secretstores", "elsewhere"),
    may_not("list", ES, "clusterpushsecrets", ""),
    may("create", "authentication.k8s.io", "tokenreviews", ""),
    Right {
        name: "secrets-operator",
        ..may("update", LEASES, "leases", "secrets")
    },
];

/// Two replicas as ESO's users have them: the lease is ESO's own.
pub const ESO: &[Right] = &[
    may("list", "", "secrets", ""),
    // cert-manager tells the API server whom to trust.
    Right {
        name: "externalsecret-validate",
        ..may_not("patch", ADMISSION, CONFIGURATIONS, "")
    },
    Right {
        name: "external-secrets-controller",
        ..may("update", LEASES, "leases", "lockstep-system")
    },
];

/// What someone may do who has the role `view` of a namespace.
const VIEW: &[Right] = &[
    may("watch", ES, "externalsecrets", "elsewhere"),
    may("get", GENERATORS, "webhooks", "elsewhere"),
    may_not("get", GENERATORS, "generatorstates", "elsewhere"),
    may_not("delete", ES, "externalsecrets", "elsewhere"),
    may_not("get", "", "secrets", "elsewhere"),
];

/// What someone may do who has the role `edit` of a namespace, beyond `view`.
const EDIT: &[Right] = &[
    may("create", ES, "secretstores", "elsewhere"),
    may("deletecollection", GENERATORS, "passwords", "elsewhere"),
    may_not("update", GENERATORS, "generatorstates", "elsewhere"),
    may_not("update", ES, "externalsecrets/status", "elsewhere"),
];

/// Asks all the questions of a case.
pub async fn check(tools: &Tools, client: &Client, case: &Case) -> Result<()> {
    let account = format!("system:serviceaccount:{}:{}", case.namespace, case.account);
    for right in case.rights {
        right.check(client, &account).await?;
    }
    if !case.everywhere {
        return Ok(());
    }
    for crd in cluster::crds(client).await? {
        let (group, kind) = (crd.spec.group, crd.spec.names.plural);
        let allowed = is_allowed(client, &account, "list", (&group, &kind), ("", "")).await?;
        ensure!(allowed, "{account} may not list {kind}.{group}");
    }
    for (role, rights) in [("view", VIEW), ("edit", EDIT)] {
        // Kubernetes adds our roles to its own by their labels; nobody does so here, so ours are bound by name.
        let (binding, role) = (
            format!("{}-{role}", case.release),
            format!("--clusterrole={}-{role}", case.release),
        );
        let user = format!("--user={binding}");
        tools.kubectl(&[
            "create",
            "rolebinding",
            &binding,
            &role,
            &user,
            "--namespace=elsewhere",
        ])?;
        for right in rights {
            right.check(client, &binding).await?;
        }
    }
    Ok(())
}

impl Right {
    async fn check(&self, client: &Client, user: &str) -> Result<()> {
        let (kind, place) = ((self.group, self.resource), (self.namespace, self.name));
        let what = format!(
            "{user} {} {} {} of group `{}` with the name `{}` in namespace `{}`",
            if self.allowed { "may" } else { "may not" },
            self.verb,
            self.resource,
            self.group,
            self.name,
            self.namespace,
        );
        // The API server learns of a role a moment after it was made.
        eventually(&what, WITHIN, async || {
            match is_allowed(client, user, self.verb, kind, place).await {
                Ok(allowed) if allowed == self.allowed => Ok(()),
                Ok(_) => Err("the opposite".to_owned()),
                Err(error) => Err(format!("{error:#}")),
            }
        })
        .await?;
        Ok(())
    }
}

/// Asks the API server. A kind is its group and its plural, perhaps with a subresource; a place a namespace and a name.
async fn is_allowed(
    client: &Client,
    user: &str,
    verb: &str,
    (group, resource): (&str, &str),
    (namespace, name): (&str, &str),
) -> Result<bool> {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let asked = ResourceAttributes {
        verb: Some(verb.to_owned()),
        group: Some(group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource: Some(subresource.to_owned()),
        namespace: Some(namespace.to_owned()),
        name: Some(name.to_owned()),
        version: Some("*".to_owned()),
        ..ResourceAttributes::default()
    };
    let spec = SubjectAccessReviewSpec {
        resource_attributes: Some(asked),
        user: Some(user.to_owned()),
        ..SubjectAccessReviewSpec::default()
    };
    let review = SubjectAccessReview {
        spec,
        ..SubjectAccessReview::default()
    };
    let api: Api<SubjectAccessReview> = Api::all(client.clone());
    let answer = api.create(&PostParams::default(), &review).await;
    let answer = answer.context("cannot ask what is allowed")?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
