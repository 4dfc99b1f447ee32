//! What is searched for, and the reading of what was found.

use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};
use lockstep_gostd::regexp;
use regex::Regex;

use super::batches::{Batches, Reads};
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::{Find, Payload, json};

/// Names that a search looks at, and bytes that it finds.
const LOOKED_AT: usize = 20_000;
const FOUND_BYTES: usize = 32 << 20;
/// Batches under way at the same time.
const PARALLEL: usize = 4;

/// A name wins over tags, as in ESO.
#[derive(Debug)]
pub(super) enum Wanted {
    Name(Regex),
    Tags(BTreeMap<String, String>),
}

impl Wanted {
    pub(super) fn of(query: &Find) -> Result<Self, Problem> {
        let invalid = |field: &str, why: String| Problem::InvalidSpec {
            field: format!("find.{field}"),
            why,
        };
        match &query.name {
            Some(pattern) => {
                let pattern = regexp::compile(pattern);
                pattern.map(Self::Name).map_err(|why| invalid("name.regexp", why))
            }
            None if query.tags.is_empty() => Err(invalid(
                "name",
                "the aws provider finds by name or tags".to_owned(),
            )),
            None => Ok(Self::Tags(query.tags.clone())),
        }
    }
}

/// What was found so far, within bounds.
#[derive(Debug)]
pub(super) struct Found {
    what: &'static str,
    looked_at: usize,
    bytes: usize,
    values: Values,
}

impl Found {
    pub(super) fn nothing(what: &'static str) -> Self {
        Self {
            what,
            looked_at: 0,
            bytes: 0,
            values: Values::new(),
        }
    }

    /// So many names were looked at.
    pub(super) fn look_at(&mut self, names: usize) -> Result<(), Problem> {
        self.looked_at += names;
        self.check()
    }

    pub(super) fn add(&mut self, name: String, payload: &Payload) -> Result<(), Problem> {
        let value = json::single(payload)?;
        self.bytes += value.len();
        self.values.insert(name, value.clone());
        self.check()
    }

    pub(super) fn into_values(self) -> Values {
        self.values
    }

    fn check(&self) -> Result<(), Problem> {
        if self.looked_at <= LOOKED_AT && self.bytes <= FOUND_BYTES {
            return Ok(());
        }
        Err(Problem::BadAnswer {
            what: self.what.to_owned(),
            why: "there are too many; narrow the search".to_owned(),
        })
    }

    /// Reads what was listed, by id. What has gone in the meantime, or has no value, is not there.
    pub(super) async fn read<R: Reads>(
        &mut self,
        service: &R,
        batches: &Batches,
        mut listed: BTreeMap<String, String>,
    ) -> Result<(), Problem> {
        let ids: Vec<_> = listed.keys().cloned().collect();
        let parts: Vec<_> = ids
            .chunks(R::BATCH)
            .map(|part| batches.read(service, part.iter().cloned().collect()))
            .collect();
        let mut answers = stream::iter(parts).buffered(PARALLEL);
        while let Some(answers) = answers.next().await {
            for (id, answer) in answers {
                match (answer, listed.remove(&id)) {
                    (Err(Problem::Absent { .. }), _) | (_, None) => {}
                    (answer, Some(name)) => self.add(name, &answer?)?,
                }
            }
        }
        Ok(())
    }
}
