//! gjson and sjson paths over raw JSON, with the results of the Go libraries down to the byte.
//!
//! [`get`] reads a value out of a document by a path such as `users.#(name=="x").email`, as
//! [tidwall/gjson](https://github.com/tidwall/gjson) 1.18 does; [`set`] and [`delete`] change a document as
//! [tidwall/sjson](https://github.com/tidwall/sjson) 1.2.5 does. Both work on the text itself: large integers,
//! repeated keys and the spacing of nested values survive.
//!
//! ```
//! let json = br#"{"db": {"user": "app", "port": 5432}, "hosts": ["a", "b"]}"#;
//! assert_eq!(lockstep_gjson::get(json, "db.user").text(), b"app".as_slice());
//! assert_eq!(lockstep_gjson::get(json, "hosts.#").text(), b"2".as_slice());
//! assert!(!lockstep_gjson::get(json, "db.password").exists());
//!
//! let json = lockstep_gjson::set(json, "db.password", b"s3cret")?;
//! assert_eq!(lockstep_gjson::get(&json, "db").raw(), br#"{"user": "app", "port": 5432,"password":"s3cret"}"#);
//! # Ok::<(), lockstep_gjson::SetError>(())
//! ```
//!
//! # Guarantees
//!
//! - No function panics, whatever the document or the path. Documents are bytes and need not be JSON, nor
//!   UTF-8: like the originals, nothing here validates first (see [`is_valid`]). What comes out of a
//!   malformed document is what Go makes of it in nearly all cases, but that is no contract.
//! - Time and memory are bounded, see [`LimitError`]. A call that reaches a ceiling is an error and never a
//!   shortened answer; [`get`] cannot tell that from an absent value, [`try_get`] can.
//! - Nothing recurses along a path or, but for two modifiers with a ceiling, along a document.
//!
//! # Where it differs from Go
//!
//! - Wildcards that Go gives up on as too complex are decided here.
//! - sjson writes to a wrong place where a list inside of a list, or a list behind a `|`, is to be set. Such a
//!   [`set`] changes nothing here. Nor is anything ever written into the text of a string, which gjson takes
//!   for a document if there are brackets in it.
//! - An array index beyond [`MAX_FILLED_ARRAY`] is an error for [`set`]; Go runs out of memory, or wraps around.
//! - There are no custom modifiers, and no switch to turn modifiers off.

mod entries;
mod evaluate;
mod gather;
mod limit;
mod modifier;
mod multipath;
mod number;
mod path;
mod query;
mod scan;
mod set;
mod text;
mod valid;
mod value;
mod walk;
mod wildcard;

pub use entries::{Elements, Members, elements, members};
pub use limit::{LimitError, MAX_DOCUMENT_DEPTH, MAX_FILLED_ARRAY, MAX_PATH_LEN, MAX_PATH_NESTING};
pub use set::{SetError, delete, set, set_raw};
pub use text::{escape, escape_dots};
pub use valid::is_valid;
pub use value::{Kind, Value};

use limit::Budget;
use walk::Found;

/// Finds the value at `path`. A call cut off by a ceiling finds nothing.
///
/// Where "it is not there" makes someone delete something, use [`try_get`].
pub fn get<'j>(json: &'j [u8], path: &str) -> Value<'j> {
    try_get(json, path).unwrap_or(Value::ABSENT)
}

/// Finds the value at `path`, or tells that this would cost too much.
pub fn try_get<'j>(json: &'j [u8], path: &str) -> Result<Value<'j>, LimitError> {
    if path.len() > MAX_PATH_LEN {
        return Err(LimitError::PathLength);
    }
    find(json, path.as_bytes(), &Budget::for_document(json)).map(|found| found.value)
}

fn find<'j>(json: &'j [u8], path: &[u8], budget: &Budget) -> Result<Found<'j>, LimitError> {
    let found = evaluate::evaluate(json, path, budget.scope());
    budget.settle(found)
}

/// Runs the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
