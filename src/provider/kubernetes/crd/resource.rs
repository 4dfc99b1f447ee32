//! A kind, and what the API server calls it in paths.

use std::fmt;

use lockstep_api::provider::CrdResource;
use serde::Deserialize;

use super::FIELD;
use crate::engine::crd::Wrong;
use crate::engine::problem::Problem;
use crate::provider::kubernetes::answer::Fault;
use crate::provider::kubernetes::api::{Api, Call, ONE_OBJECT};

/// A kind of a version of a group; the core has no name.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) name: String,
}

/// What the API server knows of a kind.
#[derive(Debug)]
pub(super) struct Resource {
    /// The path of its group and version.
    root: String,
    pub(super) plural: String,
    pub(super) is_namespaced: bool,
}

#[derive(Deserialize)]
struct Known {
    resources: Vec<KnownResource>,
}

#[derive(Deserialize)]
struct KnownResource {
    name: String,
    kind: String,
    namespaced: bool,
}

impl Kind {
    /// Group and version become parts of a path.
    pub(super) fn new(resource: &CrdResource) -> Result<Self, Wrong> {
        let wrong = |field: &str| Wrong {
            field: format!("resource.{field}"),
            why: "has signs that it cannot have".to_owned(),
        };
        let (group, version) = (&resource.group, resource.version.as_str());
        if !group.is_empty() && !is_name(group) {
            return Err(wrong("group"));
        }
        if !is_name(version) {
            return Err(wrong("version"));
        }
        Ok(Self {
            group: group.clone(),
            version: version.to_owned(),
            name: resource.kind.as_str().to_owned(),
        })
    }

    pub(super) async fn ask(&self, api: &Api) -> Result<Resource, Problem> {
        let root = match self.group.as_str() {
            "" => format!("/api/{}", self.version),
            group => format!("/apis/{group}/{}", self.version),
        };
        let call = Call::get("GetResources", root.clone(), ONE_OBJECT, "");
        let known: Known = match api.call(&call).await {
            Ok(known) => known,
            // It has no other way to say so.
            Err(Fault::Useless(why)) if why.starts_with("404") => return Err(self.unknown()),
            Err(fault) => return Err(fault.into_problem_with(format!("kind {self}"))),
        };
        let mut known = known.resources.into_iter();
        // What has a slash is a part of another resource, and may have the same kind.
        let found = known.find(|found| found.kind == self.name && is_name(&found.name));
        let found = found.ok_or_else(|| self.unknown())?;
        Ok(Resource {
            root,
            plural: found.name,
            is_namespaced: found.namespaced,
        })
    }

    fn unknown(&self) -> Problem {
        Problem::BadData {
            why: format!(
                "the API server knows no kind {self}: check {FIELD}.resource, or install the \
                 CustomResourceDefinition"
            ),
        }
    }

    pub(super) fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }
}

impl Resource {
    pub(super) fn path(&self, namespace: Option<&str>, name: Option<&str>) -> String {
        let mut path = self.root.clone();
        if let Some(namespace) = namespace {
            path = format!("{path}/namespaces/{namespace}");
        }
        path = format!("{path}/{}", self.plural);
        match name {
            Some(name) => format!("{path}/{name}"),
            None => path,
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    !text.is_empty() && !text.starts_with('.') && text.bytes().all(is_plain)
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.name, self.api_version())
    }
}
