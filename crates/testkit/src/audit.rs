//! What the operator asked of the API server, from the API server's own audit log.

use std::collections::HashSet;
use std::path::Path;

use serde::Deserialize;

use crate::{Error, User};

/// One request, as the API server wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// `get`, `list`, `watch`, `create`, `patch`…
    pub verb: String,
    /// `secrets`, or `externalsecrets/status`; the path for a request that names no resource.
    pub resource: String,
    /// The status code of the answer.
    pub code: u16,
}

/// Only the operator's requests are written down, each as it ends (a watch also as it begins).
pub fn policy() -> String {
    format!(
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n- level: Metadata\n  users: [{}]\n- level: None\n",
        User::Operator.name()
    )
}

/// The operator's requests so far, oldest first.
pub fn requests(log: &Path) -> Result<Vec<Request>, Error> {
    let text = std::fs::read_to_string(log).map_err(Error::io(format!("read {}", log.display())))?;
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    // The last line may be half written.
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let entry: Entry = serde_json::from_str(line).map_err(|error| Error::File {
            path: log.to_owned(),
            why: error.to_string(),
        })?;
        // A watch is written down twice: as it begins and as it ends.
        if seen.insert(entry.audit_id.clone()) {
            found.push(entry.into());
        }
    }
    Ok(found)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "auditID")]
    audit_id: String,
    verb: String,
    #[serde(rename = "requestURI")]
    uri: String,
    object_ref: Option<ObjectRef>,
    response_status: Option<Status>,
}

#[derive(Deserialize)]
struct ObjectRef {
    resource: Option<String>,
    subresource: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    code: Option<u16>,
}

impl From<Entry> for Request {
    fn from(entry: Entry) -> Self {
        let path = || entry.uri.split('?').next().unwrap_or_default().to_owned();
        let resource = match entry.object_ref {
            Some(ObjectRef {
                resource: Some(resource),
                subresource: None,
            }) => resource,
            Some(ObjectRef {
                resource: Some(resource),
                subresource: Some(part),
            }) => format!("{resource}/{part}"),
            Some(ObjectRef { resource: None, .. }) | None => path(),
        };
        let code = entry
            .response_status
            .and_then(|status| status.code)
            .unwrap_or_default();
        Self {
            verb: entry.verb,
            resource,
            code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_once_and_half_a_line_not_at_all() {
        let begun = r#"{"auditID":"1","verb":"watch","requestURI":"/api/v1/secrets?watch=1","objectRef":{"resource":"secrets"},"responseStatus":{"code":200}}"#;
        let patch = r#"{"auditID":"2","verb":"patch","requestURI":"/x","objectRef":{"resource":"externalsecrets","subresource":"status"},"responseStatus":{"code":409}}"#;
        let bare = r#"{"auditID":"3","verb":"get","requestURI":"/version?x=1"}"#;
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("audit.log");
        std::fs::write(&log, format!("{begun}\n{patch}\n{begun}\n{bare}\n{{\"audit")).expect("written");
        let seen: Vec<String> = requests(&log)
            .expect("readable")
            .iter()
            .map(|request| format!("{} {} {}", request.verb, request.resource, request.code))
            .collect();
        assert_eq!(
            seen,
            [
                "watch secrets 200",
                "patch externalsecrets/status 409",
                "get /version 0"
            ]
        );
    }
}
