//! What was told about objects and manifests, so that it is told once, and can be told again in a summary.

use std::collections::{BTreeSet, HashMap};

use tracing::{info, warn};

use super::super::Event;
use super::complaint::Complaint;
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;

#[derive(Debug, Default)]
pub struct Told {
    /// The last event of each reason about an object.
    events: HashMap<(ObjectRef, &'static str), String>,
    /// What is wrong with an object, while something is.
    causes: HashMap<ObjectRef, String>,
    manifests: BTreeSet<String>,
}

impl Told {
    /// Events come again at each attempt; people hear of what is new.
    pub fn event(&mut self, event: Event) {
        let Event {
            about,
            warning,
            reason,
            message,
            ..
        } = event;
        if warning {
            self.causes.insert(about.clone(), message.clone());
        }
        // A complaint about the manifest has said the same, and where.
        let is_complaint = self
            .manifests
            .iter()
            .any(|told| told.ends_with(&format!("{about}: {message}")));
        let before = self.events.insert((about.clone(), reason), message.clone());
        if is_complaint || (warning && before.as_ref() == Some(&message)) {
            return;
        }
        if warning {
            warn!("{about}: {message}");
        } else {
            info!("{about}: {message}");
        }
    }

    /// Something about an output, outside of any ExternalSecret's turn.
    pub fn trouble(&mut self, about: &ObjectRef, problem: &Problem) {
        let (reason, message) = (problem.reason(), problem.to_string());
        let about = about.clone();
        self.event(Event {
            about,
            uid: String::new(),
            warning: true,
            reason,
            message,
        });
    }

    /// All is well with the object again; should it fail as before, that is news.
    pub fn recovered(&mut self, object: &ObjectRef) {
        if self.causes.remove(object).is_some() {
            self.events.retain(|(about, _), _| about != object);
            info!("{object}: is in step again");
        }
    }

    pub fn gone(&mut self, object: &ObjectRef) {
        self.causes.remove(object);
        self.events.retain(|(about, _), _| about != object);
        info!("{object}: is gone");
    }

    pub fn cause(&self, object: &ObjectRef) -> Option<String> {
        self.causes.get(object).cloned()
    }

    /// What is wrong with the manifests now. Told when it was not so before.
    pub fn manifests(&mut self, complaints: &[Complaint], notes: &[String]) {
        let now: BTreeSet<String> = complaints
            .iter()
            .map(ToString::to_string)
            .chain(notes.iter().cloned())
            .collect();
        for news in now.difference(&self.manifests) {
            warn!("{news}");
        }
        if now.is_empty() && !self.manifests.is_empty() {
            info!("all manifests are understood again");
        }
        self.manifests = now;
    }
}
