//! Names of Go's types and kinds.

use super::{IntType, ListType, MapType, UintType, Value};

/// What Go's `%T` prints.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_, kind) => match kind {
            IntType::Int => "int",
            IntType::Int64 => "int64",
            IntType::Duration => "time.Duration",
            IntType::Month => "time.Month",
            IntType::Weekday => "time.Weekday",
        },
        Value::Uint(_, kind) => uint_name(*kind),
        Value::Float(_) => "float64",
        Value::Complex(..) => "complex128",
        Value::Text(_) => "string",
        Value::List(list) => match list.kind() {
            ListType::Any => "[]interface {}",
            ListType::Text => "[]string",
            ListType::Int => "[]int",
            ListType::Lists => "[][]interface {}",
        },
        Value::Map(map) => match map.kind() {
            MapType::Any => "map[string]interface {}",
            MapType::Text => "map[string]string",
        },
        Value::Time(_) => "time.Time",
        Value::Version(version) if version.by_value => "semver.Version",
        Value::Version(_) => "*semver.Version",
        Value::Certificate(_) => "sprig.certificate",
    }
}

/// What Go's `reflect.Kind` prints.
pub(crate) fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "invalid",
        Value::Bool(_) => "bool",
        Value::Int(_, kind) => match kind {
            IntType::Int | IntType::Month | IntType::Weekday => "int",
            IntType::Int64 | IntType::Duration => "int64",
        },
        Value::Uint(_, kind) => uint_name(*kind),
        Value::Float(_) => "float64",
        Value::Complex(..) => "complex128",
        Value::Text(_) => "string",
        Value::List(_) => "slice",
        Value::Map(_) => "map",
        Value::Time(_) | Value::Certificate(_) => "struct",
        Value::Version(version) if version.by_value => "struct",
        Value::Version(_) => "ptr",
    }
}

fn uint_name(kind: UintType) -> &'static str {
    match kind {
        UintType::Uint8 => "uint8",
        UintType::Uint32 => "uint32",
        UintType::Uint64 => "uint64",
    }
}
