//! Rules over several fields. The schema states them in CEL for the API server; here they hold for manifests that
//! never passed one.

/// What makes serde leave out a field that says no more than its absence, and schemars a default that the API lacks.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Reads and writes a type as derived, and refuses what breaks its rule. The type derives both directions under
/// `#[serde(remote = "Self")]`, which keeps the path to a broken field.
macro_rules! ruled {
    ($type:ident, $rule:expr) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = $type::deserialize(deserializer)?;
                let rule: fn(&$type) -> Result<(), &'static str> = $rule;
                rule(&value).map_err(serde::de::Error::custom)?;
                Ok(value)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $type::serialize(self, serializer)
            }
        }
    };
}
pub(super) use ruled;

/// `message`, unless the rule holds.
pub(super) fn require(holds: bool, message: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(message) }
}
