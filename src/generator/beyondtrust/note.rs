//! What is noted of credentials of `BeyondTrust`. ESO notes the path; how long they last is ours.

use jiff::Timestamp;
use lockstep_api::generator::FreeJson;
use serde::{Deserialize, Serialize};

use crate::engine::lease::{Life, Sort, Term};
use crate::engine::state::State;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub path: String,
    /// Where somebody has to look after them before they are asked for anew anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

impl Note {
    /// As long as they last, if that is noted.
    pub fn life_of(state: &State) -> Option<Life> {
        let note = Self::deserialize(state.content.as_value()).ok()?;
        Some(Life::begun(state.uid.as_str(), [note.term?]))
    }

    pub fn write(&self) -> FreeJson {
        // A text, times and numbers: it can always be written.
        serde_json::to_value(self).unwrap_or_default().into()
    }
}

/// Of what was made then, and ends then.
pub fn term(made: Timestamp, ends: Timestamp) -> Option<Term> {
    let span = u64::try_from(ends.as_second() - made.as_second()).ok()?;
    Some(Term {
        granted: made,
        span,
        sort: Sort::Fixed,
    })
}
