use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use lockstep_api::generator::ClusterGeneratorKind;
use lockstep_testkit::{Authority, Beyondtrust, Fate, Purpose, Tls};
use serde_json::{Value, json};

use crate::cluster::DocumentKind;
use crate::engine::lease::Step;
use crate::generator::kept;
use crate::generator::page::Page;
use crate::generator::testing::{Bench, CANARY};
use crate::provider::certificates;

const FOLDER: &str = "prod/db";

struct Scene {
    bench: Bench,
    beyondtrust: Beyondtrust,
    tls: Tls,
    authority: Authority,
}

impl Scene {
    async fn new() -> Self {
        let beyondtrust = Beyondtrust::start(&format!("{CANARY}-key"))
            .await
            .expect("a fake");
        beyondtrust.world().put_secret(FOLDER, "role@1");
        beyondtrust.world().put_secret("", "top");
        let authority = Authority::new("ca").expect("made");
        let shown = authority.issue("server", Purpose::Server).expect("made");
        let tls = Tls::before(beyondtrust.faults().address(), &shown)
            .await
            .expect("TLS");
        let kind = ClusterGeneratorKind::BeyondtrustWorkloadCredentialsDynamicSecret;
        let mut bench = Bench::new(kind, &format!("{CANARY}-key\n"));
        // TLS takes its time where the machine is busy.
        bench.generators.web.deadline = Duration::from_secs(2);
        Self {
            bench,
            beyondtrust,
            tls,
            authority,
        }
    }

    /// As if the system trusted it.
    fn trusted(mut self) -> Self {
        let trusted = certificates::parse(self.authority.pem().as_bytes()).expect("a certificate");
        self.bench.generators.web.trusted = Some(trusted);
        self
    }

    fn spec(&self) -> Value {
        json!({"provider": {
            "auth": {"apikey": {"token": {"name": "creds", "key": "token", "namespace": "elsewhere"}}},
            "server": {"apiUrl": format!("{}/site/", self.tls.url()), "siteId": Beyondtrust::SITE},
            "folderPath": format!("{FOLDER}/role@1"),
        }})
    }

    fn with(&self, pointer: &str, value: Value) -> Value {
        let mut spec = self.spec();
        *spec.pointer_mut(pointer).expect("a field") = value;
        spec
    }

    fn made(&self) -> usize {
        self.beyondtrust.world().made.len()
    }
}

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second() + seconds).expect("a time")
}

#[tokio::test]
async fn credentials_are_made_and_noted_as_eso_does_and_undoing_them_is_nothing() {
    let mut scene = Scene::new().await.trusted();
    scene.bench.refresh = Some(after(3600));
    let (values, state) = scene.bench.made(&scene.spec()).await;
    {
        let world = scene.beyondtrust.world();
        let [lease] = world.made.as_slice() else {
            panic!("{} are made", world.made.len())
        };
        assert_eq!((lease.folder.as_str(), lease.name.as_str()), (FOLDER, "role@1"));
        let [access, secret, session] = &lease.values;
        let expected = [
            ("accessKeyId", access.as_str()),
            ("expiration", "2099-01-01T00:00:00Z"),
            ("leaseId", &lease.id),
            ("secretAccessKey", secret),
            ("sessionToken", session),
        ];
        assert!(
            values
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .eq(expected)
        );
    }
    assert_eq!(state.content.as_value(), &json!({"path": "prod/db/role@1"}));
    let account = kept::account(&state);
    assert!(account.is_complete && account.life.is_none());
    let asked = scene.beyondtrust.faults().traffic().total();
    scene
        .bench
        .generators
        .undo(&state)
        .await
        .expect("nothing to undo");
    assert_eq!(scene.beyondtrust.faults().traffic().total(), asked);
}

#[tokio::test]
async fn what_ends_before_the_refresh_is_replaced_before() {
    let mut scene = Scene::new().await.trusted();
    scene.beyondtrust.world().ends = after(900).to_string();
    scene.bench.refresh = Some(after(3600));
    let (_, state) = scene.bench.made(&scene.spec()).await;
    let account = kept::account(&state);
    let life = account.life.as_ref().expect("a life");
    assert!(matches!(life.step(after(600)), Some(Step::Rest(_))));
    assert_eq!(life.step(after(740)), Some(Step::Replace));
    scene.bench.refresh = Some(after(300));
    let (_, sooner) = scene.bench.made(&scene.spec()).await;
    assert_eq!(sooner.content.as_value(), &json!({"path": "prod/db/role@1"}));
    // What is over, or never ends, is no reason to ask without end.
    for ends in ["1999-01-01T00:00:00Z", "never", ""] {
        scene.beyondtrust.world().ends = ends.to_owned();
        scene.bench.refresh = None;
        let (values, state) = scene.bench.made(&scene.spec()).await;
        assert!(kept::account(&state).life.is_none(), "{ends}");
        assert_eq!(values["expiration"], ends);
    }
}

#[tokio::test]
async fn a_path_says_folder_and_name_and_never_leads_elsewhere() {
    let scene = Scene::new().await.trusted();
    for path in ["prod/db/role@1", "/prod/db/role@1", "top", "/top"] {
        let spec = scene.with("/provider/folderPath", path.into());
        scene.bench.generate(&spec, &Page::loose()).await.expect(path);
    }
    for (pointer, value, says) in [
        (
            "/provider/folderPath",
            "prod/",
            "spec.provider.folderPath: must end",
        ),
        ("/provider/folderPath", "", "spec.provider.folderPath: must end"),
        (
            "/provider/folderPath",
            "prod/..",
            "spec.provider.folderPath: must end",
        ),
        (
            "/provider/folderPath",
            "a/b%2f?c",
            "dynamic secret a/b%2f?c: the answer cannot be used: HTTP 404: ",
        ),
        (
            "/provider/server/siteId",
            "..",
            "spec.provider.server.siteId: must be a UUID",
        ),
        (
            "/provider/server/siteId",
            "84038398-ec0f-417d-9a0f-02494fd7d22",
            "must be a UUID",
        ),
        (
            "/provider/server/siteId",
            "84038398/ec0f-417d-9a0f-02494fd7d22c",
            "must be a UUID",
        ),
        (
            "/provider/server/apiUrl",
            "http://here/site",
            "must be an address that begins with https://",
        ),
        (
            "/provider/server/apiUrl",
            "here",
            "spec.provider.server.apiUrl: must be an address",
        ),
    ] {
        let refused = scene.bench.refused(&scene.with(pointer, value.into())).await;
        let kind = "BeyondtrustWorkloadCredentialsDynamicSecret own/gen: ";
        assert!(
            refused.starts_with(kind) && refused.contains(says),
            "{value}: {refused}"
        );
    }
    let mut pathless = scene.spec();
    pathless["provider"]
        .as_object_mut()
        .expect("members")
        .remove("folderPath");
    assert!(scene.bench.refused(&pathless).await.contains("must end"));
    assert_eq!(scene.made(), 4);
}

#[tokio::test]
async fn it_is_trusted_whom_the_spec_trusts_and_nobody_else() {
    let scene = Scene::new().await;
    let untrusted = scene.bench.refused(&scene.spec()).await;
    assert!(
        untrusted.contains("dynamic secret prod/db/role@1: "),
        "{untrusted}"
    );
    assert_eq!(scene.made(), 0);
    let pem = scene.authority.pem();
    scene
        .bench
        .cluster
        .put(DocumentKind::ConfigMap, "own", "ca", &[("ca.crt", &pem)]);
    let mut bundle = scene.spec();
    bundle["provider"]["caBundle"] = STANDARD.encode(&pem).into();
    let mut provider = scene.spec();
    provider["provider"]["caProvider"] = json!({"type": "ConfigMap", "name": "ca", "key": "ca.crt"});
    for spec in [bundle, provider] {
        scene
            .bench
            .generate(&spec, &Page::loose())
            .await
            .expect("trusted");
    }
    let mut broken = scene.spec();
    broken["provider"]["caBundle"] = STANDARD.encode("nonsense").into();
    let refused = scene.bench.refused(&broken).await;
    assert!(refused.contains("spec.provider.caBundle: "), "{refused}");
}

#[tokio::test]
async fn whatever_becomes_of_the_request_is_told_and_nothing_of_the_answer() {
    let scene = Scene::new().await.trusted();
    let faults = scene.beyondtrust.faults();
    scene
        .bench
        .every_fault_is_told(&scene.spec(), faults, "dynamic secret prod/db/role@1")
        .await;
    faults.always(Fate::status(400, CANARY));
    assert!(
        scene
            .bench
            .refused(&scene.spec())
            .await
            .contains("check folderPath")
    );
    for body in [
        json!({ "secret": CANARY }),
        json!({"secret": {"accessKeyId": ""}}),
    ] {
        faults.always(Fate::status(201, body.to_string()));
        let refused = scene.bench.refused(&scene.spec()).await;
        assert!(refused.contains("it has no "), "{refused}");
    }
}

#[tokio::test]
async fn credentials_of_another_cloud_do_not_become_empty_ones_for_this() {
    let scene = Scene::new().await.trusted();
    scene.beyondtrust.world().is_other_cloud = true;
    let refused = scene.bench.refused(&scene.spec()).await;
    assert!(
        refused.ends_with("the answer cannot be used: it has no accessKeyId"),
        "{refused}"
    );
}

#[tokio::test]
async fn nothing_is_repeated_unless_the_spec_says_so() {
    let scene = Scene::new().await.trusted();
    let faults = scene.beyondtrust.faults();
    faults.always(Fate::status(503, CANARY));
    let mut patient = scene.spec();
    patient["retrySettings"] = json!({"maxRetries": 2, "retryInterval": "1ms"});
    for (spec, calls) in [(scene.spec(), 1), (patient, 3)] {
        faults.forget();
        scene.bench.refused(&spec).await;
        assert_eq!(faults.traffic().total(), calls);
    }
    let mut unclear = scene.spec();
    unclear["retrySettings"] = json!({"retryInterval": "soon"});
    assert!(
        scene
            .bench
            .refused(&unclear)
            .await
            .contains("spec.retrySettings.retryInterval: ")
    );
}
