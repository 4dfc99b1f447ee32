//! How values are printed. (A stand-in for scalars until the real one is merged.)

use super::Value;
use crate::fault::Outcome;

/// Go's `fmt.Fprint` of one value, as templates print it.
pub(crate) fn display(out: &mut Vec<u8>, value: &Value) -> Outcome<()> {
    match value {
        Value::Nil => out.extend_from_slice(b"<no value>"),
        Value::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Int(value, _) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Uint(value, _) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Float(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Text(text) => out.extend_from_slice(text.bytes()),
        other => out.extend_from_slice(other.type_name().as_bytes()),
    }
    Ok(())
}
