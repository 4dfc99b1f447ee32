//! What is written and deleted: by which calls, on which condition, and what it means when one fails.

mod moto;
mod parameters;
mod secrets;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use super::server::{fault, ok};
use super::*;
use crate::provider::{Push, PushSource, Remote};

/// Answers by operation, in turn; the last one again and again. What has none cannot be done.
#[derive(Clone)]
struct Script(Arc<Mutex<BTreeMap<&'static str, VecDeque<Answer>>>>);

impl Script {
    fn new(answers: &[(&'static str, Answer)]) -> Self {
        let mut script = BTreeMap::<_, VecDeque<_>>::new();
        for (operation, answer) in answers {
            script.entry(*operation).or_default().push_back(answer.clone());
        }
        Self(Arc::new(Mutex::new(script)))
    }

    fn answer(&self, asked: &Asked) -> Answer {
        let mut script = self.0.lock().expect("unpoisoned");
        let Some(answers) = script.get_mut(asked.operation.as_str()) else {
            return fault(400, "UnknownOperationException");
        };
        match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().expect("an answer"),
        }
    }
}

async fn scene(answers: &[(&'static str, Answer)]) -> Scene {
    let script = Script::new(answers);
    Scene::new(move |asked| script.answer(asked)).await
}

fn remote(key: &str, property: Option<&str>) -> Remote {
    Remote {
        key: key.to_owned(),
        property: property.map(str::to_owned),
        metadata: None,
    }
}

fn push(secret_key: Option<&str>, property: Option<&str>, spec: &Value) -> Push {
    let values = [
        ("a", SecretBytes::from("canary")),
        ("b", [0xff].as_slice().into()),
    ];
    let metadata = json!({
        "apiVersion": "kubernetes.external-secrets.io/v1alpha1", "kind": "PushSecretMetadata", "spec": spec,
    });
    Push {
        remote: Remote {
            metadata: Some(metadata),
            ..remote("app", property)
        },
        secret_key: secret_key.map(str::to_owned),
        values: values.map(|(key, value)| (key.to_owned(), value)).into(),
        source: PushSource {
            namespace: "own".to_owned(),
            ..PushSource::default()
        },
    }
}

async fn written(backend: &Arc<dyn Backend>, push: &Push) -> Result<(), String> {
    let written = backend.write(push).await;
    written.map_err(|problem| {
        assert!(
            !format!("{problem:?} {problem}").contains("canary"),
            "{problem:?}"
        );
        problem.to_string()
    })
}

fn mark() -> Value {
    json!([{"Key": "managed-by", "Value": "external-secrets"}])
}

#[tokio::test]
async fn what_is_gone_already_needs_no_deletion() {
    let scene = scene(&[
        ("DescribeSecret", fault(400, "ResourceNotFoundException")),
        ("ListTagsForResource", fault(400, "InvalidResourceId")),
        ("GetParameter", fault(400, "ParameterNotFound")),
        ("GetSecretValue", fault(400, "ResourceNotFoundException")),
    ])
    .await;
    for backend in [scene.secrets().await, scene.parameters().await] {
        assert_eq!(backend.delete(&remote("app", None)).await, Ok(()));
        assert_eq!(backend.exists(&remote("app", None)).await, Ok(false));
    }
}
