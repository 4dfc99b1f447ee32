//! JSONPath as [PaesslerAG/jsonpath](https://github.com/PaesslerAG/jsonpath) 0.1 reads it: the dialect of ESO's
//! webhooks. It is far smaller than RFC 9535: a filter knows `==` and `!=`, names stand in double quotes, and a key
//! that is not there is an error.
//!
//! Path and document may both be hostile: a path is bounded in length and nesting, and following it in steps. Errors
//! quote the path, and never the document.
//!
//! Where the original goes through an object in no order, this goes in that of the keys.

mod error;
mod follow;
mod parse;
mod scan;
mod tree;
mod value;

use lockstep_gostd::json::Value;

pub use error::Error;
pub use value::Found;

use follow::Follower;
use tree::Expression;

/// The longest path, in bytes.
pub const MAX_LENGTH: usize = 16 << 10;

/// How deep brackets, parentheses and signs nest in a path.
pub const MAX_NESTING: usize = 50;

/// How many steps a path may take in a document: values that are looked at, one by one.
pub const MAX_STEPS: u64 = 2_000_000;

/// A path that was understood.
///
/// ```
/// use lockstep_gostd::json::{Numbers, Value};
/// use lockstep_jsonpath::{Found, Path};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let document = Value::parse(br#"{"data": [{"k": "a", "v": 1}, {"k": "b", "v": 2}]}"#, Numbers::AsWritten)?;
///
/// let one = Path::parse("$.data[0].k")?;
/// assert!(one.find(&document)? == Found::One(&Value::Text("a".into())));
///
/// let some = Path::parse(r#"$.data[?(@.k == "b")].v"#)?;
/// assert!(matches!(some.find(&document)?, Found::Many(values) if values.len() == 1));
///
/// let error = Path::parse("$.date")?.find(&document).err();
/// assert_eq!(error.map(|error| error.to_string()).as_deref(), Some("unknown key date"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Path(Expression);

impl Path {
    /// Understands a path.
    pub fn parse(path: &str) -> Result<Self, Error> {
        parse::parse(path).map(Self)
    }

    /// What the path leads to: one value, or all that match where it says "any" (`*`, `..`, `[a, b]`, `[1:2]`,
    /// `[?…]`).
    pub fn find<'a>(&'a self, document: &'a Value<'a>) -> Result<Found<'a>, Error> {
        Follower::new(document, MAX_STEPS).evaluate(&self.0, None)
    }
}

/// Keeps the example in the README right.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
