//! What is noted of a deploy token, in the form that ESO gives it: either of the two undoes what the other made.

use lockstep_api::generator::{FreeJson, GitlabDeployTokenSpec, GitlabOwner};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// As the spec says it.
    #[serde(default)]
    pub url: String,
    #[serde(rename = "projectID", default, skip_serializing_if = "String::is_empty")]
    pub project: String,
    #[serde(rename = "groupID", default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// 0: it is not known that there is one. ESO then has nothing to undo.
    #[serde(rename = "tokenID")]
    pub token: u64,
    /// By which the token is found whose id nobody lived to note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

impl Note {
    /// Of a token that is about to be made. `username` is one that no other token has.
    pub fn intent(spec: &GitlabDeployTokenSpec, username: Option<String>) -> Self {
        let (project, group) = match &spec.owner {
            GitlabOwner::Project(id) => (id.as_str(), ""),
            GitlabOwner::Group(id) => ("", id.as_str()),
        };
        Self {
            url: spec.url.clone().unwrap_or_default(),
            project: project.to_owned(),
            group: group.to_owned(),
            token: 0,
            username,
        }
    }

    #[must_use]
    pub fn completed(self, token: u64) -> Self {
        Self {
            token,
            username: None,
            ..self
        }
    }

    pub fn read(content: &FreeJson) -> Option<Self> {
        Self::deserialize(content.as_value()).ok()
    }

    pub fn write(&self) -> FreeJson {
        // Texts and a number: it can always be written.
        serde_json::to_value(self).unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_note_is_the_one_that_eso_writes() {
        let spec = json!({"projectID": "42", "name": "n", "scopes": ["read_repository"], "url": "https://gitlab",
            "auth": {"token": {"secretRef": {"name": "s", "key": "k"}}}});
        let spec: GitlabDeployTokenSpec = serde_json::from_value(spec).expect("a spec");
        let intent = Note::intent(&spec, Some("lockstep-1".to_owned()));
        assert_eq!(
            intent.write().as_value(),
            &json!({"url": "https://gitlab", "projectID": "42", "tokenID": 0, "username": "lockstep-1"})
        );
        let complete = intent.completed(7).write();
        let of_eso = json!({"url": "https://gitlab", "projectID": "42", "tokenID": 7});
        assert_eq!(complete.as_value(), &of_eso);
        let group = json!({"url": "", "groupID": "a/b", "tokenID": 1}).into();
        assert_eq!(Note::read(&group).expect("a note").group, "a/b");
        assert!(Note::read(&json!({"nonce": "x"}).into()).is_none());
    }
}
