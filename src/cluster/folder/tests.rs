use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;

use tempfile::TempDir;

use super::*;
use crate::engine::condition::{self, Manner, Stamp, Verdict};
use crate::engine::own::Claimant;
use crate::engine::plan::Base;
use crate::engine::target::Owner;

#[derive(Debug, Default)]
struct Memory {
    written: Mutex<BTreeMap<ObjectKey, Values>>,
    refuses: Mutex<bool>,
    remnants: Vec<Remnant>,
}

impl Sink for Memory {
    fn write(&self, content: &Content) -> Result<bool, Problem> {
        if *self.refuses.lock().expect("a lock") {
            return Err(Problem::BadData {
                why: "the disk is full".into(),
            });
        }
        let mut written = self.written.lock().expect("a lock");
        let before = written.insert(content.key.clone(), content.values.clone());
        Ok(before.as_ref() != Some(content.values))
    }

    fn remove(&self, key: &ObjectKey) -> Result<(), Problem> {
        self.written.lock().expect("a lock").remove(key);
        Ok(())
    }

    fn remnants(&self) -> Vec<Remnant> {
        self.remnants.clone()
    }
}

struct Bed {
    folder: TempDir,
    sink: Arc<Memory>,
    cluster: FolderCluster,
    changes: mpsc::UnboundedReceiver<Change>,
}

async fn bed(files: &[(&str, &str)], remnants: Vec<Remnant>) -> Bed {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let sink = Arc::new(Memory {
        remnants,
        ..Memory::default()
    });
    let out = folder.path().join("out");
    let (cluster, changes) = FolderCluster::open(folder.path(), &out, sink.clone())
        .await
        .expect("a folder");
    Bed {
        folder,
        sink,
        cluster,
        changes,
    }
}

impl Bed {
    fn changes(&mut self) -> Vec<Change> {
        std::iter::from_fn(|| self.changes.try_recv().ok()).collect()
    }

    async fn rewrite(&mut self, name: &str, text: Option<&str>) -> Vec<Change> {
        let path = self.folder.path().join(name);
        match text {
            Some(text) => fs::write(path, text).expect("a file"),
            None => fs::remove_file(path).expect("a file"),
        }
        let scan = self.cluster.0.scan().await.expect("a scan");
        self.cluster.0.take(scan).await;
        self.changes()
    }

    fn written(&self, name: &str) -> Option<Vec<(String, SecretBytes)>> {
        let written = self.sink.written.lock().expect("a lock");
        written
            .get(&key(name))
            .map(|values| values.clone().into_iter().collect())
    }

    async fn write(&self, write: SecretWrite) -> Result<Target, &'static str> {
        self.cluster
            .write_secret(&write)
            .await
            .map_err(|problem| problem.reason())
    }
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("default", name)
}

fn external_secret(name: &str, target: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: {name}}}\n\
         spec: {{secretStoreRef: {{name: s}}, target: {target}}}\n"
    )
}

const STORE: &str = "
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: s}
spec: {provider: {fake: {data: []}}}
";

fn secret(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\nstringData: {{a: \"{value}\"}}\n")
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what may be missing")]
fn pairs(pairs: &[(&str, &str)]) -> Option<Vec<(String, SecretBytes)>> {
    Some(
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), SecretBytes::from(*value)))
            .collect(),
    )
}

fn write(name: &str, base: Option<&Target>, data: &[(&str, &str)]) -> SecretWrite {
    let base = base.map(|target| Base {
        uid: target.uid.clone(),
        resource_version: target.resource_version.clone(),
    });
    let mut write = SecretWrite::to(&key(name), "m".into(), base);
    write.data = data
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Some(SecretBytes::from(*value))))
        .collect();
    write
}

/// The write of an ExternalSecret of the same name under creationPolicy Owner.
fn owned(bed: &Bed, name: &str, data: &[(&str, &str)]) -> SecretWrite {
    let object = bed.cluster.external_secret(&key(name));
    let uid = object
        .and_then(|object| object.metadata.uid.clone())
        .unwrap_or_else(|| "gone".to_owned());
    let claimant = Claimant { key: key(name), uid };
    let owners: Vec<Owner> = crate::engine::own::owners(
        lockstep_api::external_secret::CreationPolicy::Owner,
        &claimant,
        &ObjectRef::namespaced("Secret", &key(name)),
        None,
    )
    .expect("owners");
    SecretWrite {
        owners: Some(owners),
        ..write(name, None, data)
    }
}

#[tokio::test]
async fn changes_tell_only_what_differs() {
    let mut bed = bed(
        &[("a.yaml", &external_secret("a", "{}")), ("s.yaml", STORE)],
        Vec::new(),
    )
    .await;
    let store = StoreKey::Namespaced(key("s"));
    let first = bed.changes();
    assert_eq!(
        first,
        [
            Change::ExternalSecret(key("a"), Move::Edited),
            Change::Store(store.clone(), Move::Edited)
        ]
    );

    assert_eq!(bed.rewrite("a.yaml", Some(&external_secret("a", "{}"))).await, []);
    let edited = bed
        .rewrite("a.yaml", Some(&external_secret("a", "{name: b}")))
        .await;
    assert_eq!(edited, [Change::ExternalSecret(key("a"), Move::Edited)]);
    assert_eq!(
        bed.rewrite("s.yaml", None).await,
        [Change::Store(store, Move::Gone)]
    );
    let labels = "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {team: a}}\n";
    assert_eq!(
        bed.rewrite("n.yaml", Some(labels)).await,
        [Change::Namespace("default".into())]
    );
    let labels = bed.cluster.namespace_labels("default").expect("labels");
    assert_eq!(labels.get("team").map(String::as_str), Some("a"));
    assert_eq!(
        bed.rewrite("a.yaml", None).await,
        [Change::ExternalSecret(key("a"), Move::Gone)]
    );
}

#[tokio::test]
async fn children_come_and_go_with_their_namespaces_and_stay_while_a_file_cannot_be_read() {
    let parent = "apiVersion: external-secrets.io/v1\nkind: ClusterExternalSecret\nmetadata: {name: all}\n\
                  spec: {externalSecretSpec: {secretStoreRef: {name: s}}, namespaceSelector: {}}\n";
    let namespace = |name: &str| format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n");
    let mut bed = bed(&[("all.yaml", parent), ("a.yaml", &namespace("a"))], Vec::new()).await;
    let child = |namespace: &str, moved| Change::ExternalSecret(ObjectKey::new(namespace, "all"), moved);
    let first = bed.changes();
    assert!(first.contains(&child("a", Move::Edited)), "{first:?}");

    let more = bed.rewrite("b.yaml", Some(&namespace("b"))).await;
    assert_eq!(more, [child("b", Move::Edited), Change::Namespace("b".into())]);
    assert_eq!(bed.rewrite("all.yaml", Some("kind: [")).await, []);
    assert_eq!(bed.rewrite("all.yaml", Some(parent)).await, []);
    let less = bed.rewrite("b.yaml", None).await;
    assert_eq!(less, [child("b", Move::Gone), Change::Namespace("b".into())]);
    assert_eq!(bed.rewrite("all.yaml", None).await, [child("a", Move::Gone)]);
}

#[tokio::test]
async fn a_store_turns_when_its_status_does_and_is_renewed_with_what_it_read() {
    let mut bed = bed(
        &[("s.yaml", STORE), ("c.yaml", &secret("creds", "one"))],
        Vec::new(),
    )
    .await;
    bed.changes();
    let store = StoreKey::Namespaced(key("s"));
    let before = bed.cluster.store(&store).expect("a store");
    let stamp = Stamp {
        now: jiff::Timestamp::UNIX_EPOCH,
        generation: before.generation,
        manner: Manner::Kstatus,
    };
    let verdict = Verdict {
        status: ConditionStatus::True,
        reason: "Valid",
        message: "store validated",
    };
    let status = condition::of_store(&before.status, &stamp, verdict, None, None);
    for expected in [&[Change::Store(store.clone(), Move::Turned)][..], &[]] {
        bed.cluster
            .write_store_status(&before, &status)
            .await
            .expect("written");
        assert_eq!(bed.changes(), expected);
    }

    assert_eq!(
        bed.rewrite("c.yaml", Some(&secret("creds", "two"))).await,
        [],
        "nobody asked for it"
    );
    let document = bed
        .cluster
        .document(DocumentKind::Secret, &key("creds"))
        .await
        .expect("an answer");
    assert_eq!(
        document.expect("a Secret").values.get("a"),
        Some(&SecretBytes::from("two"))
    );
    let changes = bed.rewrite("c.yaml", Some(&secret("creds", "three"))).await;
    let object = ObjectRef::namespaced("Secret", &key("creds"));
    assert!(
        matches!(&changes[..], [Change::Followed { object: followed, version: Some(_) }] if *followed == object),
        "{changes:?}"
    );
}

#[tokio::test]
async fn a_write_counts_when_it_reached_the_disk_and_rests_on_what_is_there() {
    let mut bed = bed(&[("a.yaml", &external_secret("a", "{}"))], Vec::new()).await;
    bed.changes();
    *bed.sink.refuses.lock().expect("a lock") = true;
    assert_eq!(bed.write(owned(&bed, "a", &[("k", "1")])).await, Err("BadData"));
    assert_eq!(
        (bed.cluster.read_target(&key("b")).await, bed.changes()),
        (Ok(None), Vec::new())
    );
    *bed.sink.refuses.lock().expect("a lock") = false;

    let target = bed.write(owned(&bed, "a", &[("k", "1")])).await.expect("written");
    assert_eq!(
        (bed.written("a"), bed.changes()),
        (pairs(&[("k", "1")]), vec![Change::Target(key("a"))])
    );
    assert_eq!(
        bed.write(owned(&bed, "a", &[("k", "2")])).await,
        Err("Conflict"),
        "it is there already"
    );
    bed.write(write("a", Some(&target), &[("l", "2")]))
        .await
        .expect("written");
    assert_eq!(bed.written("a"), pairs(&[("k", "1"), ("l", "2")]));
    assert_eq!(
        bed.write(write("a", Some(&target), &[("m", "3")])).await,
        Err("Conflict"),
        "it has moved on"
    );
    assert_eq!(
        bed.write(owned(&bed, "x", &[("k", "1")])).await,
        Err("Conflict"),
        "nobody would remove it"
    );
}

#[tokio::test]
async fn targets_go_with_their_owner_and_stay_while_anything_is_unclear() {
    let files = [
        ("a.yaml", external_secret("a", "{}")),
        ("b.yaml", external_secret("b", "{creationPolicy: Orphan}")),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let mut bed = bed(&files, Vec::new()).await;
    bed.write(owned(&bed, "a", &[("k", "1")])).await.expect("written");
    bed.write(write("b", None, &[("k", "2")])).await.expect("written");
    bed.changes();

    assert_eq!(bed.rewrite("a.yaml", Some("{")).await, []);
    assert!(
        bed.cluster.external_secret(&key("a")).is_some(),
        "it is what it was"
    );
    assert_eq!(bed.written("a"), pairs(&[("k", "1")]));
    bed.rewrite("c.yaml", Some("{")).await;
    bed.rewrite("a.yaml", None).await;
    assert_eq!(
        bed.written("a"),
        pairs(&[("k", "1")]),
        "it might have moved into c.yaml"
    );
    let changes = bed.rewrite("c.yaml", None).await;
    assert_eq!(
        (bed.written("a"), changes),
        (None, vec![Change::Target(key("a"))])
    );
    bed.rewrite("b.yaml", None).await;
    assert_eq!(bed.written("b"), pairs(&[("k", "2")]));
}

#[tokio::test]
async fn what_an_earlier_run_wrote_goes_when_its_owner_did() {
    let remnant = |name: &str, owner: Option<&str>| Remnant {
        key: key(name),
        owner: owner.map(str::to_owned),
        keys: vec!["k".into()],
    };
    let remnants = vec![
        remnant("a", Some("a")),
        remnant("old", Some("gone")),
        remnant("orphan", None),
    ];
    let bed = bed(&[("a.yaml", &external_secret("a", "{}"))], remnants.clone()).await;
    assert_eq!(bed.cluster.keys_written(&key("a")), Some(1));
    assert_eq!(bed.cluster.keys_written(&key("old")), None);
    assert_eq!(
        bed.cluster.keys_written(&key("orphan")),
        None,
        "it is nobody's to go on with"
    );
    assert!(bed.cluster.target(&key("a")).is_some() && bed.cluster.target(&key("orphan")).is_none());

    let nothing = self::bed(&[], remnants).await;
    assert_eq!(
        nothing.cluster.keys_written(&key("old")),
        Some(1),
        "an empty folder says nothing"
    );
}

#[tokio::test]
async fn a_secret_that_is_about_to_be_written_is_waited_for() {
    let files = [
        ("a.yaml", external_secret("a", "{}")),
        ("m.yaml", external_secret("m", "{name: a, creationPolicy: Merge}")),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let bed = bed(&files, Vec::new()).await;
    let cluster = bed.cluster.clone();
    let waiting = tokio::spawn(async move { cluster.document(DocumentKind::Secret, &key("a")).await });
    bed.write(owned(&bed, "a", &[("k", "1")])).await.expect("written");
    let document = waiting
        .await
        .expect("an end")
        .expect("an answer")
        .expect("a Secret");
    assert_eq!(document.values.get("k"), Some(&SecretBytes::from("1")));
}

#[tokio::test]
async fn a_secret_of_the_manifests_can_be_merged_into_and_is_no_output_before() {
    let files = [
        ("a.yaml", secret("a", "1")),
        ("m.yaml", external_secret("a", "{creationPolicy: Merge}")),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let bed = bed(&files, Vec::new()).await;
    assert!(bed.cluster.target(&key("a")).is_none(), "it is not managed");
    let (target, values) = bed
        .cluster
        .read_target(&key("a"))
        .await
        .expect("an answer")
        .expect("a Secret");
    assert_eq!((values.len(), bed.written("a")), (1, None));
    assert_eq!(bed.write(write("a", None, &[("b", "2")])).await, Err("Conflict"));
    bed.write(write("a", Some(&target), &[("b", "2")]))
        .await
        .expect("written");
    assert_eq!(bed.written("a"), pairs(&[("a", "1"), ("b", "2")]));
}

#[tokio::test]
async fn a_manifest_counts_for_more_than_what_an_earlier_run_made_of_it() {
    let remnant = Remnant {
        key: key("a"),
        owner: Some("a".into()),
        keys: vec!["k".into()],
    };
    let files = [
        ("a.yaml", secret("a", "1")),
        ("e.yaml", external_secret("a", "{creationPolicy: Merge}")),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let bed = bed(&files, vec![remnant]).await;
    let (_, values) = bed
        .cluster
        .read_target(&key("a"))
        .await
        .expect("an answer")
        .expect("a Secret");
    assert_eq!(
        values.into_iter().collect::<Vec<_>>(),
        pairs(&[("a", "1")]).expect("pairs")
    );
}

#[tokio::test]
async fn what_somebody_took_away_is_put_back() {
    let bed = bed(&[("a.yaml", &external_secret("a", "{}"))], Vec::new()).await;
    bed.write(owned(&bed, "a", &[("k", "1")])).await.expect("written");
    bed.sink.written.lock().expect("a lock").clear();
    bed.cluster.0.heal().await;
    assert_eq!(bed.written("a"), pairs(&[("k", "1")]));
}

#[tokio::test]
async fn a_token_needs_a_cluster() {
    let bed = bed(&[], Vec::new()).await;
    let refused = bed
        .cluster
        .service_account_token(&key("robot"), &[], Duration::from_mins(10))
        .await;
    let refused = refused.expect_err("refused");
    assert_eq!(refused.reason(), "NotSupported");
    assert!(
        refused.to_string().contains("ServiceAccount default/robot"),
        "{refused}"
    );
}
