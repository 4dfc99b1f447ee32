//! Which generator is meant, and whose it is.

use std::fmt;

use lockstep_api::generator::{ClusterGeneratorKind, GeneratorSpec};
use lockstep_api::{Fault, GENERATOR_API_VERSION, GeneratorKind, GeneratorRef};

use super::object::{ObjectKey, ObjectRef};
use super::problem::Problem;

/// A generator of one kind in a namespace, or one of any kind that every namespace may use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GeneratorKey {
    Namespaced(ClusterGeneratorKind, ObjectKey),
    Cluster(String),
}

impl GeneratorKey {
    /// The generator that a reference in this namespace means.
    pub fn named_by(reference: &GeneratorRef, namespace: &str) -> Result<Self, Problem> {
        check_version(reference.api_version())?;
        let name = reference.name.to_string();
        Ok(match ClusterGeneratorKind::of(reference.kind) {
            Some(kind) => Self::Namespaced(kind, ObjectKey::new(namespace, name)),
            None => Self::Cluster(name),
        })
    }

    pub fn kind(&self) -> GeneratorKind {
        match self {
            Self::Namespaced(kind, _) => (*kind).into(),
            Self::Cluster(_) => GeneratorKind::ClusterGenerator,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Namespaced(_, key) => &key.name,
            Self::Cluster(name) => name,
        }
    }

    /// A spec of this generator that cannot be used. The fault names a field of the kind's own spec.
    pub fn unusable(&self, spec: &GeneratorSpec, fault: Fault) -> Problem {
        let field = match self {
            Self::Namespaced(..) => fault.field,
            Self::Cluster(_) => format!("generator.{}.{}", spec.key(), fault.field),
        };
        self.broken(Fault { field, ..fault })
    }

    /// A generator that could not be understood.
    pub fn broken(&self, fault: Fault) -> Problem {
        let generator = ObjectRef::from(self);
        Problem::GeneratorBroken { generator, fault }
    }
}

/// Anything else might be an object that is no generator.
fn check_version(version: &str) -> Result<(), Problem> {
    let invalid = |why: String| {
        Err(Problem::InvalidSpec {
            field: "apiVersion".to_owned(),
            why,
        })
    };
    let group = version.rsplit_once('/').map_or("", |(group, _)| group);
    let ours = GENERATOR_API_VERSION
        .rsplit_once('/')
        .map_or("", |(group, _)| group);
    match version {
        GENERATOR_API_VERSION => Ok(()),
        _ if group == ours => invalid(format!("generatorRef references unknown version {version}")),
        _ => invalid(format!(
            "generatorRef may only reference the generators group, but got {group}"
        )),
    }
}

/// An empty class is everybody's.
pub fn is_served_by(spec: &GeneratorSpec, class: &str) -> bool {
    let wanted = spec.controller().unwrap_or_default();
    wanted.is_empty() || wanted == class
}

impl From<&GeneratorKey> for ObjectRef {
    fn from(key: &GeneratorKey) -> Self {
        match key {
            GeneratorKey::Namespaced(kind, key) => Self::namespaced(kind.as_str(), key),
            GeneratorKey::Cluster(name) => Self::cluster("ClusterGenerator", name),
        }
    }
}

impl fmt::Display for GeneratorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ObjectRef::from(self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named_by(reference: serde_json::Value) -> Result<String, String> {
        let reference: GeneratorRef = serde_json::from_value(reference).expect("a reference");
        let key = GeneratorKey::named_by(&reference, "ns");
        key.map(|key| key.to_string())
            .map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_reference_names_a_generator_of_the_namespace_or_of_the_cluster() {
        let uuid = named_by(json!({"kind": "UUID", "name": "u"}));
        assert_eq!(uuid, Ok("UUID ns/u".to_owned()));
        let all =
            named_by(json!({"apiVersion": GENERATOR_API_VERSION, "kind": "ClusterGenerator", "name": "all"}));
        assert_eq!(all, Ok("ClusterGenerator all".to_owned()));
    }

    #[test]
    fn nothing_but_a_generator_can_be_named() {
        for (version, why) in [
            (
                "v1",
                "generatorRef may only reference the generators group, but got ",
            ),
            (
                "",
                "generatorRef may only reference the generators group, but got ",
            ),
            (
                "apps/v1",
                "generatorRef may only reference the generators group, but got apps",
            ),
            (
                "generators.external-secrets.io/v1",
                "generatorRef references unknown version generators.external-secrets.io/v1",
            ),
        ] {
            let named = named_by(json!({"apiVersion": version, "kind": "UUID", "name": "u"}));
            assert_eq!(named, Err(format!("apiVersion: {why}")));
        }
    }

    #[test]
    fn a_fault_says_where_it_stands_in_the_object() {
        let spec = GeneratorSpec::Password(serde_json::from_value(json!({})).expect("a password"));
        let fault = Fault::new("length", "too long");
        let (own, all) = (
            GeneratorKey::Namespaced(ClusterGeneratorKind::Password, ObjectKey::new("ns", "p")),
            GeneratorKey::Cluster("p".to_owned()),
        );
        assert_eq!(
            own.unusable(&spec, fault.clone()).to_string(),
            "Password ns/p: spec.length: too long"
        );
        assert_eq!(
            all.unusable(&spec, fault).to_string(),
            "ClusterGenerator p: spec.generator.passwordSpec.length: too long"
        );
    }
}
