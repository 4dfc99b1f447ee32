//! What a template may cost.

/// What a template may cost. Each limit is far above what templates are written for; reaching one is an error.
///
/// ```
/// use lockstep_gotemplate::{Limits, Options, Template};
///
/// let options = Options { limits: Limits { text: 10, ..Limits::default() }, ..Options::default() };
/// let error = Template::parse("long", "{{ .user }}@{{ .host }}", &options).unwrap_err();
/// assert_eq!(error.to_string(), "template: long:1: the text is longer than 10 bytes");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Bytes of a template's text.
    pub text: usize,
    /// How deep blocks and parentheses nest in a text. The stack has to bear it: parsing and rendering take about
    /// 10 KiB a level in a debug build.
    pub nesting: usize,
    /// How deep blocks, parentheses and calls of `template` nest while a template runs. The stack has to bear this
    /// too.
    pub depth: usize,
    /// Rounds of all `range` loops together.
    pub iterations: u64,
    /// Bytes of output.
    pub output: usize,
    /// What functions make and touch: bytes and items, roughly.
    pub budget: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text: 1 << 20,
            nesting: 100,
            depth: 200,
            iterations: 1_000_000,
            output: 8 << 20,
            budget: 256 << 20,
        }
    }
}
