//! What is noted of a token of a service account, in the form that ESO gives it: either of the two undoes what the other
//! made.

use lockstep_api::generator::FreeJson;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    pub service_account: Noted,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// Of the account.
    pub id: u64,
    #[serde(default)]
    pub login: String,
    /// 0: it is not known that there is one. Grafana then tells ESO that it has none.
    #[serde(rename = "tokenID", default)]
    pub token: u64,
    /// By which the token is found whose id nobody lived to note.
    #[serde(rename = "tokenName", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Note {
    /// Of a token that is about to be made, under a name that no other has.
    pub fn intent(account: u64, login: &str, name: String) -> Self {
        Self {
            service_account: Noted {
                id: account,
                login: login.to_owned(),
                token: 0,
                name: Some(name),
            },
        }
    }

    #[must_use]
    pub fn completed(self, token: u64) -> Self {
        Self {
            service_account: Noted {
                token,
                name: None,
                ..self.service_account
            },
        }
    }

    pub fn read(content: &FreeJson) -> Option<Self> {
        Self::deserialize(content.as_value()).ok()
    }

    pub fn write(&self) -> FreeJson {
        // Texts and numbers: it can always be written.
        serde_json::to_value(self).unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_note_is_the_one_that_eso_writes() {
        let intent = Note::intent(3, "sa-1-app", "lockstep-1".to_owned());
        let written = json!({"serviceAccount": {"id": 3, "login": "sa-1-app", "tokenID": 0, "tokenName": "lockstep-1"}});
        assert_eq!(intent.write().as_value(), &written);
        let of_eso = json!({"serviceAccount": {"id": 3, "login": "sa-1-app", "tokenID": 9}});
        assert_eq!(intent.completed(9).write().as_value(), &of_eso);
        assert_eq!(
            Note::read(&of_eso.into()).expect("a note").service_account.token,
            9
        );
        assert!(Note::read(&json!({"nonce": "x"}).into()).is_none());
    }
}
