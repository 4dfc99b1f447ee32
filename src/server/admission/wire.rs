//! `AdmissionReview`, of `admission.k8s.io/v1` and `v1beta1`, which are the same in what is needed here.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::admit::{Refusal, Verdict};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Review {
    pub api_version: String,
    #[serde(default)]
    pub request: Option<Request>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    pub uid: String,
    #[serde(default)]
    pub namespace: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
    pub operation: String,
    #[serde(default)]
    pub object: Value,
    #[serde(default)]
    pub old_object: Value,
}

pub(super) fn answer(api_version: &str, uid: &str, verdict: &Verdict) -> Vec<u8> {
    let mut response = json!({"uid": uid, "allowed": verdict.refusal.is_none()});
    if let Some(refusal) = &verdict.refusal {
        let (code, reason) = match refusal {
            Refusal::Unreadable(_) => (400, "BadRequest"),
            Refusal::Denied(_) => (403, "Forbidden"),
        };
        response["status"] =
            json!({"status": "Failure", "code": code, "reason": reason, "message": refusal.message()});
    }
    if !verdict.warnings.is_empty() {
        response["warnings"] = json!(verdict.warnings);
    }
    let review = json!({"apiVersion": api_version, "kind": "AdmissionReview", "response": response});
    review.to_string().into_bytes()
}
