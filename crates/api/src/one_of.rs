//! Objects of which exactly one member may be set.

/// Declares such an object as an enum. Reading it tolerates members that are null or unknown, and says which members
/// there are when none or several are set.
macro_rules! one_of {
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $doc:literal])* $key:literal => $variant:ident($type:ty)),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name {
            $($(#[doc = $doc])* $variant($type)),+
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct OneOf;

                impl<'de> serde::de::Visitor<'de> for OneOf {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("an object with exactly one of" $(, " `", $key, "`")+))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        let mut found = Vec::new();
                        while let Some(key) = map.next_key::<String>()? {
                            match key.as_str() {
                                $($key => found.extend(map.next_value::<Option<$type>>()?.map($name::$variant)),)+
                                _ => { map.next_value::<serde::de::IgnoredAny>()?; }
                            }
                        }
                        match (found.pop(), found.len()) {
                            (Some(only), 0) => Ok(only),
                            (_, others) => Err(serde::de::Error::custom(format_args!(
                                concat!("must have exactly one of" $(, " `", $key, "`")+, ", has {}"),
                                if others == 0 { "none".to_owned() } else { (others + 1).to_string() },
                            ))),
                        }
                    }
                }

                deserializer.deserialize_map(OneOf)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(Some(1))?;
                match self {
                    $(Self::$variant(value) => map.serialize_entry($key, value)?,)+
                }
                map.end()
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let members = [$(
                    ($key, concat!($($doc),*), generator.subschema_for::<$type>()),
                )+];
                $crate::one_of::schema(members)
            }
        }
    };
}
pub(crate) use one_of;

use schemars::{Schema, json_schema};
use serde_json::{Map, Value};

pub(crate) fn schema<const N: usize>(members: [(&str, &str, Schema); N]) -> Schema {
    let properties: Map<String, Value> = members
        .into_iter()
        .map(|(key, doc, mut schema)| {
            if !doc.is_empty() {
                schema.insert("description".to_owned(), doc.trim().into());
            }
            (key.to_owned(), schema.to_value())
        })
        .collect();
    json_schema!({"type": "object", "properties": properties, "minProperties": 1, "maxProperties": 1})
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    one_of!(
        Choice {
            /// A number.
            "left" => Left(u8),
            "right" => Right(String),
        }
    );

    #[test]
    fn exactly_one_member_is_taken() {
        let read = |value| from_value::<Choice>(value).map_err(|error| error.to_string());
        assert_eq!(
            read(json!({"left": 1, "right": null, "other": 5})),
            Ok(Choice::Left(1))
        );
        assert_eq!(read(json!({"right": "a"})), Ok(Choice::Right("a".into())));
        assert_eq!(
            read(json!({})),
            Err("must have exactly one of `left` `right`, has none".into())
        );
        assert_eq!(
            read(json!({"left": 1, "right": ""})),
            Err("must have exactly one of `left` `right`, has 2".into())
        );
    }
}
