//! No generator is lockstep itself where the operator has shut that, neither one of a namespace nor everybody's.

use std::sync::Arc;

use lockstep_api::Parsed;
use lockstep_api::generator::{ClusterGeneratorKind, GeneratorSpec};
use serde_json::{Value, json};

use super::page::Page;
use super::{Generators, Order};
use crate::engine::generator::GeneratorKey;
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::provider::testing::TestCluster;
use crate::provider::{Calls, OwnIdentity, Rules};

/// A spec that names nobody, and where it leaves that open.
fn ways() -> Vec<(ClusterGeneratorKind, Value, &'static str)> {
    let acr = |auth: Value| json!({"registry": "a.azurecr.io", "auth": auth});
    let vault = json!({"path": "database/creds/app", "provider": {
        "server": "http://127.0.0.1:9", "auth": {"kubernetes": {"mountPath": "k", "role": "r"}},
    }});
    let mut ways = vec![
        (
            ClusterGeneratorKind::GCRAccessToken,
            json!({"projectID": "p", "auth": {}}),
            "spec.auth",
        ),
        (
            ClusterGeneratorKind::ACRAccessToken,
            acr(json!({"managedIdentity": {}})),
            "spec",
        ),
        (
            ClusterGeneratorKind::ACRAccessToken,
            acr(json!({"workloadIdentity": {}})),
            "spec.auth.workloadIdentity.serviceAccountRef",
        ),
        (
            ClusterGeneratorKind::VaultDynamicSecret,
            vault,
            "spec.provider.auth.kubernetes",
        ),
    ];
    if cfg!(feature = "aws") {
        for kind in [
            ClusterGeneratorKind::ECRAuthorizationToken,
            ClusterGeneratorKind::STSSessionToken,
        ] {
            ways.push((kind, json!({"region": "eu-west-1"}), "spec.auth"));
        }
    }
    ways
}

async fn refused(
    whose: OwnIdentity,
    generator: &GeneratorKey,
    kind: ClusterGeneratorKind,
    spec: &Value,
) -> Problem {
    let rules = Rules {
        own_identity: whose,
        ..Rules::default()
    };
    let cluster = Arc::<TestCluster>::default();
    let generators = Generators::new(cluster, Calls::default(), rules);
    let Parsed::Sound(spec) = GeneratorSpec::of_object(kind.into(), spec.clone()) else {
        panic!("a broken spec: {spec}");
    };
    let order = Order {
        generator,
        namespace: "own",
        now: jiff::Timestamp::UNIX_EPOCH,
        refresh: None,
        page: &Page::glance(),
    };
    Box::pin(generators.generate(&spec, order))
        .await
        .expect_err("refused")
}

#[tokio::test]
async fn no_generator_is_lockstep_itself_where_the_operator_says_so() {
    for (kind, spec, field) in ways() {
        let namespaced = GeneratorKey::Namespaced(kind, ObjectKey::new("own", "gen"));
        let everybodys = GeneratorKey::Cluster("gen".to_owned());
        for (whose, generator, hint) in [
            (OwnIdentity::ClusterStores, &namespaced, "cluster-stores"),
            (OwnIdentity::Nowhere, &namespaced, "nowhere"),
            (OwnIdentity::Nowhere, &everybodys, "nowhere"),
        ] {
            let text = refused(whose, generator, kind, &spec).await.to_string();
            let wanted = format!("{field}: would use the identity of lockstep itself");
            assert!(text.contains(&wanted), "{spec}: {text}");
            assert!(text.contains(&format!("--own-identity={hint}")), "{text}");
        }
    }
}

#[tokio::test]
async fn what_is_everybodys_may_be_lockstep_itself_where_cluster_stores_may() {
    let spec = json!({"path": "database/creds/app", "provider": {
        "server": "http://127.0.0.1:9", "auth": {"kubernetes": {"mountPath": "k", "role": "r"}},
    }});
    let everybodys = GeneratorKey::Cluster("gen".to_owned());
    let kind = ClusterGeneratorKind::VaultDynamicSecret;
    let text = refused(OwnIdentity::ClusterStores, &everybodys, kind, &spec)
        .await
        .to_string();
    // It gets as far as the token that no machine of ours has.
    assert!(
        text.contains("lockstep has no ServiceAccount token of its own here"),
        "{text}"
    );
}
