//! What an ExternalSecret wants to read, and how the answers become one set of values.

use lockstep_api::external_secret::{DataEntry, DataFrom, DeletionPolicy, RemoteRef, SourceRef};
use lockstep_api::{
    ConversionStrategy, DecodingStrategy, ExternalSecretSpec, GeneratorRef, MetadataPolicy, NullBytePolicy,
    StoreRef,
};

use super::ask::{Aspect, Find, Location};
use super::object::{ObjectKey, StoreKey};
use super::problem::Problem;
use super::render::Renderer;
use super::secret_bytes::SecretBytes;
use super::values::Values;
use super::{decode, keys, null_bytes, rewrite};

/// One question to a store or generator, on behalf of one entry of the spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Want {
    pub entry: Entry,
    pub ask: Ask,
}

/// Which entry of the spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    DataFrom(usize),
    Data(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    Value {
        store: StoreKey,
        location: Location,
        property: Option<String>,
    },
    Extract {
        store: StoreKey,
        location: Location,
        property: Option<String>,
    },
    Find {
        store: StoreKey,
        query: Find,
    },
    Generate {
        generator: GeneratorRef,
    },
}

impl Ask {
    pub fn store(&self) -> Option<&StoreKey> {
        match self {
            Self::Value { store, .. } | Self::Extract { store, .. } | Self::Find { store, .. } => Some(store),
            Self::Generate { .. } => None,
        }
    }

    /// The backend's name for what is read, where there is one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Value { location, .. } | Self::Extract { location, .. } => Some(&location.key),
            Self::Find { .. } | Self::Generate { .. } => None,
        }
    }

    pub fn property(&self) -> Option<&str> {
        match self {
            Self::Value { property, .. } | Self::Extract { property, .. } => property.as_deref(),
            Self::Find { .. } | Self::Generate { .. } => None,
        }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    Value(SecretBytes),
    Map(Values),
    /// It was not made, for another entry fails and nobody would get it.
    Unmade,
}

/// All answers, merged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collected {
    pub values: Values,
    /// Entries whose secret does not exist, where the deletion policy lets that pass.
    pub missing: Vec<Entry>,
}

/// An entry that could not be had.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryFault {
    pub want: Want,
    pub problem: Problem,
}

/// Everything that a spec asks for, in the order in which answers override each other.
pub fn wants(spec: &ExternalSecretSpec, namespace: &str) -> Vec<Want> {
    let default = spec.secret_store_ref.as_ref();
    let from = spec.data_from.iter().enumerate().filter_map(|(index, entry)| {
        let ask = ask_from(entry, default, namespace)?;
        Some(Want {
            entry: Entry::DataFrom(index),
            ask,
        })
    });
    let single = spec.data.iter().enumerate().map(|(index, entry)| {
        let store = store_of(entry.source_ref.as_ref(), default, namespace);
        let (location, property) = (location(&entry.remote_ref), entry.remote_ref.property.clone());
        Want {
            entry: Entry::Data(index),
            ask: Ask::Value {
                store,
                location,
                property,
            },
        }
    });
    from.chain(single).collect()
}

/// The stores that a spec names, each once, whether or not they are there.
pub fn stores(spec: &ExternalSecretSpec, wants: &[Want], namespace: &str) -> Vec<StoreKey> {
    let default = spec.secret_store_ref.as_ref();
    let default = default.and_then(|store| StoreKey::named_by(store, namespace));
    let asked = wants.iter().filter_map(|want| want.ask.store()).cloned();
    let mut stores: Vec<StoreKey> = asked.chain(default).collect();
    stores.sort();
    stores.dedup();
    stores
}

/// An entry that only names a store asks for nothing, and that is no error.
fn ask_from(entry: &DataFrom, default: Option<&StoreRef>, namespace: &str) -> Option<Ask> {
    let store = || store_of(entry.source_ref.as_ref(), default, namespace);
    if let Some(find) = &entry.find {
        let query = Find {
            path: find.path.clone(),
            name: find.name.as_ref().and_then(|name| name.regexp.clone()),
            tags: find.tags.clone(),
            conversion: find.conversion_strategy(),
        };
        return Some(Ask::Find {
            store: store(),
            query,
        });
    }
    if let Some(extract) = &entry.extract {
        return Some(Ask::Extract {
            store: store(),
            location: location(extract),
            property: extract.property.clone(),
        });
    }
    match &entry.source_ref {
        Some(SourceRef::Generator(generator)) => Some(Ask::Generate {
            generator: generator.clone(),
        }),
        Some(SourceRef::Store(_)) | None => None,
    }
}

fn location(remote: &RemoteRef) -> Location {
    let aspect = match remote.metadata_policy() {
        MetadataPolicy::None => Aspect::Value,
        MetadataPolicy::Fetch => Aspect::Metadata,
    };
    // An empty version is what Go makes of an absent one.
    Location {
        key: remote.key.clone(),
        version: remote.version.clone().filter(|version| !version.is_empty()),
        aspect,
        property: None,
    }
}

/// A reference without a name leads to a store with an empty one, which is then missing.
fn store_of(source: Option<&SourceRef>, default: Option<&StoreRef>, namespace: &str) -> StoreKey {
    let reference = match source {
        Some(SourceRef::Store(store)) => Some(store),
        Some(SourceRef::Generator(_)) => None,
        None => default,
    };
    let named = reference.and_then(|store| StoreKey::named_by(store, namespace));
    named.unwrap_or_else(|| StoreKey::Namespaced(ObjectKey::new(namespace, "")))
}

/// Merges the answers, which stand in the order of the wants. Every entry that fails is told, the first one first.
pub fn collect(
    spec: &ExternalSecretSpec,
    wants: &[Want],
    answers: Vec<Result<Found, Problem>>,
    renderer: &mut Renderer,
) -> Result<Collected, Vec<EntryFault>> {
    let mut collected = Collected::default();
    let mut faults = Vec::new();
    for (want, answer) in wants.iter().zip(answers) {
        match answer.and_then(|found| refine(spec, want, found, renderer)) {
            Ok(values) => collected.values.extend(values),
            Err(problem) if is_let_pass(spec, &problem) => collected.missing.push(want.entry),
            Err(problem) => {
                faults.push(EntryFault {
                    want: want.clone(),
                    problem: problem.at(place(spec, want)),
                });
            }
        }
    }
    if faults.is_empty() {
        Ok(collected)
    } else {
        Err(faults)
    }
}

/// Whether it is known already that what comes of these answers is an error.
pub fn is_futile<'p>(spec: &ExternalSecretSpec, problems: impl IntoIterator<Item = &'p Problem>) -> bool {
    let mut problems = problems.into_iter();
    problems.any(|problem| !is_let_pass(spec, problem))
}

/// What does not exist is no error where the deletion policy says what comes of it.
fn is_let_pass(spec: &ExternalSecretSpec, problem: &Problem) -> bool {
    problem.is_absent() && spec.target.deletion_policy() != DeletionPolicy::Retain
}

/// Brings one answer into the form that it has in the Secret.
fn refine(
    spec: &ExternalSecretSpec,
    want: &Want,
    found: Found,
    renderer: &mut Renderer,
) -> Result<Values, Problem> {
    match (want.entry, found) {
        (Entry::Data(index), Found::Value(value)) => refine_value(&spec.data[index], &value),
        (Entry::DataFrom(index), Found::Map(values)) => refine_map(&spec.data_from[index], values, renderer),
        (_, Found::Unmade) => Ok(Values::new()),
        (Entry::Data(_), Found::Map(_)) | (Entry::DataFrom(_), Found::Value(_)) => Err(Problem::BadData {
            why: "the store answered another question than was asked".to_owned(),
        }),
    }
}

fn refine_value(entry: &DataEntry, value: &SecretBytes) -> Result<Values, Problem> {
    let value = decode::decode(entry.remote_ref.decoding_strategy(), value)?;
    let values = Values::from([(entry.secret_key.to_string(), value)]);
    null_bytes::check(entry.remote_ref.null_byte_policy(), &values)?;
    Ok(values)
}

/// Keys are converted only where nothing rewrites them; what generators make is neither converted nor decoded.
fn refine_map(entry: &DataFrom, values: Values, renderer: &mut Renderer) -> Result<Values, Problem> {
    let values = rewrite::apply(&entry.rewrite, values, renderer)
        .map_err(|problem| problem.at("error applying rewrite to keys"))?;
    let Some(strategies) = Strategies::of(entry) else {
        return validate(values);
    };
    let values = if entry.rewrite.is_empty() {
        convert(&strategies, values)?
    } else {
        values
    };
    let values = decode_all(&strategies, validate(values)?)?;
    null_bytes::check(strategies.nulls, &values)?;
    Ok(values)
}

/// What an entry says about the values that it finds.
struct Strategies {
    /// Told as it was written, which may be not at all.
    conversion: Option<ConversionStrategy>,
    decoding: DecodingStrategy,
    nulls: NullBytePolicy,
}

impl Strategies {
    fn of(entry: &DataFrom) -> Option<Self> {
        if let Some(find) = &entry.find {
            let (decoding, nulls) = (find.decoding_strategy(), find.null_byte_policy());
            return Some(Self {
                conversion: find.conversion_strategy,
                decoding,
                nulls,
            });
        }
        let extract = entry.extract.as_ref()?;
        let (decoding, nulls) = (extract.decoding_strategy(), extract.null_byte_policy());
        Some(Self {
            conversion: extract.conversion_strategy,
            decoding,
            nulls,
        })
    }
}

fn convert(strategies: &Strategies, values: Values) -> Result<Values, Problem> {
    let told = match strategies.conversion {
        None => "",
        Some(ConversionStrategy::Default) => "Default",
        Some(ConversionStrategy::Unicode) => "Unicode",
    };
    keys::convert(strategies.conversion.unwrap_or_default(), values)
        .map_err(|problem| problem.at(format!("error applying conversion strategy {told} to keys")))
}

fn decode_all(strategies: &Strategies, values: Values) -> Result<Values, Problem> {
    let told = match strategies.decoding {
        DecodingStrategy::Auto => "Auto",
        DecodingStrategy::Base64 => "Base64",
        DecodingStrategy::Base64Url => "Base64URL",
        DecodingStrategy::None => "None",
    };
    decode::decode_all(strategies.decoding, values)
        .map_err(|problem| problem.at(format!("error applying decoding strategy {told} to data")))
}

fn validate(values: Values) -> Result<Values, Problem> {
    keys::validate(values).map_err(|problem| {
        problem.at("invalid secret keys (TIP: use rewrite or conversionStrategy to change keys)")
    })
}

fn place(spec: &ExternalSecretSpec, want: &Want) -> String {
    let part = match (want.entry, &want.ask) {
        (Entry::Data(index), _) => {
            let key = &spec.data[index].remote_ref.key;
            return format!("error processing spec.data[{index}] (key: {key}), err");
        }
        (Entry::DataFrom(index), Ask::Find { .. }) => format!("dataFrom[{index}].find"),
        (Entry::DataFrom(index), Ask::Generate { .. }) => format!("dataFrom[{index}].sourceRef.generatorRef"),
        (Entry::DataFrom(index), Ask::Value { .. } | Ask::Extract { .. }) => {
            format!("dataFrom[{index}].extract")
        }
    };
    format!("error processing spec.{part}, err")
}

impl Entry {
    /// The path of the entry below `spec`.
    pub fn path(self) -> String {
        match self {
            Self::DataFrom(index) => format!("dataFrom[{index}]"),
            Self::Data(index) => format!("data[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_api::Parsed;
    use serde_json::json;

    use super::*;
    use crate::engine::render::testing;

    fn spec(fields: serde_json::Value) -> ExternalSecretSpec {
        match Parsed::from_json(fields) {
            Parsed::Sound(spec) => spec,
            Parsed::Broken(fault) => panic!("{fault}"),
        }
    }

    fn collected(
        spec: &ExternalSecretSpec,
        answers: Vec<Result<Found, Problem>>,
    ) -> Result<Collected, Vec<EntryFault>> {
        testing::with_renderer(|renderer| collect(spec, &wants(spec, "ns"), answers, renderer))
    }

    #[expect(clippy::unnecessary_wraps, reason = "one answer among others")]
    fn value(text: &str) -> Result<Found, Problem> {
        Ok(Found::Value(text.into()))
    }

    #[expect(clippy::unnecessary_wraps, reason = "one answer among others")]
    fn map(entries: &[(&str, &str)]) -> Result<Found, Problem> {
        Ok(Found::Map(
            entries
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).into()))
                .collect(),
        ))
    }

    fn absent() -> Result<Found, Problem> {
        Err(Problem::Absent { key: "k".into() })
    }

    #[test]
    fn entries_name_their_store_or_take_the_one_of_the_object() {
        let spec = spec(json!({
            "secretStoreRef": {"name": "all", "kind": "ClusterSecretStore"},
            "dataFrom": [
                {"extract": {"key": "a"}, "sourceRef": {"storeRef": {"name": "own"}}},
                {"sourceRef": {"storeRef": {"name": "own"}}},
            ],
            "data": [
                {"secretKey": "b", "remoteRef": {"key": "b"}},
                {"secretKey": "c", "remoteRef": {"key": "c"}, "sourceRef": {"generatorRef": {"kind": "UUID", "name": "u"}}},
            ],
        }));
        let stores: Vec<_> = wants(&spec, "ns")
            .iter()
            .map(|want| want.ask.store().map(ToString::to_string))
            .collect();
        let expected = ["SecretStore ns/own", "ClusterSecretStore all", "SecretStore ns/"];
        assert_eq!(stores, expected.map(|store| Some(store.to_owned())));
    }

    #[test]
    fn later_entries_win_and_single_values_win_over_maps() {
        let spec = spec(json!({
            "dataFrom": [{"extract": {"key": "x"}}, {"extract": {"key": "y"}}],
            "data": [{"secretKey": "c", "remoteRef": {"key": "z"}}],
        }));
        let answers = vec![
            map(&[("a", "1"), ("b", "1"), ("c", "1")]),
            map(&[("b", "2"), ("c", "2")]),
            value("3"),
        ];
        let collected = collected(&spec, answers).expect("values");
        let values: Vec<_> = collected
            .values
            .iter()
            .map(|(key, value)| (key.as_str(), value.expose()))
            .collect();
        assert_eq!(values, [("a", b"1".as_slice()), ("b", b"2"), ("c", b"3")]);
    }

    #[test]
    fn a_missing_secret_is_an_error_only_where_the_target_is_retained() {
        for (policy, allowed) in [("Retain", false), ("Delete", true), ("Merge", true)] {
            let spec = spec(json!({
                "target": {"deletionPolicy": policy},
                "data": [{"secretKey": "a", "remoteRef": {"key": "x"}}, {"secretKey": "b", "remoteRef": {"key": "y"}}],
            }));
            let result = collected(&spec, vec![absent(), value("v")]);
            assert_eq!(result.is_ok(), allowed, "{policy}");
            match result {
                Ok(collected) => assert_eq!(
                    (collected.missing, collected.values.len()),
                    (vec![Entry::Data(0)], 1)
                ),
                Err(faults) => assert_eq!(
                    faults[0].problem.to_string(),
                    "error processing spec.data[0] (key: x), err: k: secret does not exist"
                ),
            }
        }
    }

    #[test]
    fn every_entry_that_fails_is_told() {
        let spec = spec(json!({"data": [
            {"secretKey": "a", "remoteRef": {"key": "x"}},
            {"secretKey": "b", "remoteRef": {"key": "y"}},
            {"secretKey": "c", "remoteRef": {"key": "z"}},
        ]}));
        let faults = collected(&spec, vec![absent(), value("v"), absent()]).expect_err("faults");
        assert_eq!(
            faults
                .iter()
                .map(|fault| fault.want.entry.path())
                .collect::<Vec<_>>(),
            ["data[0]", "data[2]"]
        );
    }

    #[test]
    fn what_fails_for_sure_is_known_before_anything_is_made() {
        let with = |policy: &str| spec(json!({"data": [], "target": {"deletionPolicy": policy}}));
        let gone = absent().expect_err("absent");
        let away = Problem::BadData { why: "no".to_owned() };
        for (policy, problems, futile) in [
            ("Retain", vec![], false),
            ("Retain", vec![&gone], true),
            ("Delete", vec![&gone], false),
            ("Merge", vec![&gone], false),
            ("Delete", vec![&gone, &away], true),
        ] {
            assert_eq!(is_futile(&with(policy), problems), futile, "{policy}");
        }
    }

    #[test]
    fn what_was_not_made_adds_nothing_to_what_failed() {
        let spec = spec(json!({
            "dataFrom": [
                {"sourceRef": {"generatorRef": {"kind": "Fake", "name": "f"}},
                 "rewrite": [{"merge": {"into": "x", "strategy": "JSON", "priority": ["none"]}}]},
                {"extract": {"key": "k"}},
            ],
            "secretStoreRef": {"name": "s"},
        }));
        let faults = collected(&spec, vec![Ok(Found::Unmade), absent()]).expect_err("fails");
        let entries: Vec<_> = faults.iter().map(|fault| fault.want.entry).collect();
        assert_eq!(entries, [Entry::DataFrom(1)]);
    }
}
