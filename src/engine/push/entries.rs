//! The entries of a PushSecret for one store: those that stand in `data`, and those that `dataTo` makes.

use std::collections::BTreeMap;

use lockstep_api::push_secret::{PushConversionStrategy, PushSecretData, PushSecretSpec};

use super::data_to::{self, Expanded};
use crate::engine::ask::{Push, PushSource, Remote};
use crate::engine::keys;
use crate::engine::problem::Problem;
use crate::engine::render::Renderer;
use crate::engine::store::Store;
use crate::engine::target::Digest;
use crate::engine::values::Values;

/// A Secret that is pushed, or what a generator made, as if it stood in one.
#[derive(Clone, Debug, Default)]
pub struct Source {
    pub name: String,
    /// As it was read; zero where it stands nowhere.
    pub version: u64,
    pub values: Values,
    pub about: PushSource,
}

/// What goes to one place.
#[derive(Debug)]
pub struct Entry {
    /// The name under which the status remembers the place.
    pub place: String,
    /// As the status remembers it.
    pub data: PushSecretData,
    /// Or why there is nothing to push. `None`: something is there, and is not to be overwritten.
    pub push: Result<Option<Push>, Problem>,
}

impl Entry {
    pub fn left_alone(data: &PushSecretData) -> Self {
        Self {
            place: data.entry.remote_ref.status_key(),
            data: data.clone(),
            push: Ok(None),
        }
    }
}

/// The entries for one store, in the order in which they are told. Of several sources with the same place the last one
/// counts, in the order of their names: ESO writes them one after the other, anew at every refresh.
pub fn entries(
    spec: &PushSecretSpec,
    store: &Store,
    sources: &[Source],
    renderer: &mut Renderer,
) -> Result<Vec<Entry>, Problem> {
    let mut all: Vec<Entry> = Vec::new();
    for source in sources {
        for entry in of_source(spec, store, source, renderer)? {
            match all.iter_mut().find(|known| known.place == entry.place) {
                // What one of the sources lacks is told, whichever it is.
                Some(known) if known.push.is_err() => {}
                Some(known) => *known = entry,
                None => all.push(entry),
            }
        }
    }
    Ok(all)
}

fn of_source(
    spec: &PushSecretSpec,
    store: &Store,
    source: &Source,
    renderer: &mut Renderer,
) -> Result<Vec<Entry>, Problem> {
    let expanded = data_to::expand(spec, store, &source.values, renderer)
        .map_err(|problem| problem.at("failed to expand dataTo"))?;
    let explicit: Vec<_> = spec.data.iter().map(|data| of_data(data, source)).collect();
    let named: Vec<&str> = explicit.iter().filter_map(|(original, _)| *original).collect();
    let mut all: Vec<Entry> = expanded
        .into_iter()
        .filter(|made| !made.is_named_by(&named))
        .map(|made| of_expanded(made, source))
        .collect();
    all.extend(explicit.into_iter().map(|(_, entry)| entry));
    check_places(&all).map_err(|problem| problem.at("failed to merge data entries"))?;
    Ok(all)
}

fn of_expanded(made: Expanded, source: &Source) -> Entry {
    let secret_key = made.data.entry.secret_key().map(str::to_owned);
    Entry {
        place: made.data.entry.remote_ref.status_key(),
        push: Ok(Some(push(&made.data, secret_key, made.values, source))),
        data: made.data,
    }
}

/// Together with the key of the source that it names.
fn of_data<'s>(data: &PushSecretData, source: &'s Source) -> (Option<&'s str>, Entry) {
    let key = data.entry.secret_key();
    let original = key.and_then(|key| original(data.conversion_strategy, &source.values, key));
    let values = match (key, original) {
        (None, _) => convert(data.conversion_strategy, &source.values)
            .map_err(|problem| problem.at("could not apply conversion strategy to keys")),
        (Some(key), Some(original)) => {
            let value = source.values.get(original).cloned().unwrap_or_default();
            Ok(Values::from([(key.to_owned(), value)]))
        }
        (Some(key), None) => Err(Problem::BadData {
            why: format!("secret key {key} does not exist"),
        }),
    };
    let entry = Entry {
        place: data.entry.remote_ref.status_key(),
        push: values.map(|values| Some(push(data, key.map(str::to_owned), values, source))),
        data: data.clone(),
    };
    (original, entry)
}

fn push(data: &PushSecretData, secret_key: Option<String>, values: Values, source: &Source) -> Push {
    Push {
        remote: remote(data),
        secret_key,
        values,
        source: source.about.clone(),
    }
}

/// Where an entry goes, or went.
pub fn remote(data: &PushSecretData) -> Remote {
    Remote {
        key: data.entry.remote_ref.remote_key.clone(),
        property: data.entry.remote_ref.property().map(str::to_owned),
        metadata: data.metadata.as_ref().map(|metadata| metadata.as_value().clone()),
    }
}

/// The key of the source that is called so after the conversion.
pub(super) fn original<'v>(
    strategy: PushConversionStrategy,
    values: &'v Values,
    key: &str,
) -> Option<&'v str> {
    let found = match strategy {
        PushConversionStrategy::None => values.get_key_value(key).map(|(name, _)| name),
        PushConversionStrategy::ReverseUnicode => {
            values.keys().find(|name| keys::reverse_unicode(name) == key)
        }
    };
    found.map(String::as_str)
}

pub(super) fn convert(strategy: PushConversionStrategy, values: &Values) -> Result<Values, Problem> {
    match strategy {
        PushConversionStrategy::None => Ok(values.clone()),
        PushConversionStrategy::ReverseUnicode => keys::reverse(values.clone()),
    }
}

fn check_places(entries: &[Entry]) -> Result<(), Problem> {
    let mut seen: BTreeMap<(&str, Option<&str>), &str> = BTreeMap::new();
    for entry in entries {
        let remote = &entry.data.entry.remote_ref;
        let key = entry.data.entry.secret_key().unwrap_or_default();
        let Some(first) = seen.insert((&remote.remote_key, remote.property()), key) else {
            continue;
        };
        let property = remote
            .property()
            .map(|property| format!(" with property {property:?}"));
        return Err(Problem::BadData {
            why: format!(
                "duplicate remote key {:?}{}: source keys {first:?} and {key:?} both map to the same destination",
                remote.remote_key,
                property.unwrap_or_default()
            ),
        });
    }
    Ok(())
}

/// Stands for everything that a push brings to its place. Keyed anew in each process.
pub fn digest(push: &Push) -> Digest {
    let values: Vec<(&str, &[u8])> = push
        .values
        .iter()
        .map(|(key, value)| (key.as_str(), value.expose()))
        .collect();
    let remote = &push.remote;
    let metadata = remote.metadata.as_ref().map(ToString::to_string);
    let about = &push.source;
    Digest::of_parts((
        (&remote.key, &remote.property, metadata),
        (&push.secret_key, values),
        (&about.secret_type, &about.labels, &about.annotations),
    ))
}

#[cfg(test)]
mod tests;
