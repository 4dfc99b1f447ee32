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
    /// Bytes of a template's text. 1 MiB.
    pub text: usize,
    /// How deep blocks and parentheses nest in a text. 100. The stack has to bear it: a level takes up to 7 KiB in a
    /// debug build, and far less in a release build.
    pub nesting: usize,
    /// How deep blocks, parentheses and parts nest while a template runs, where a part is what `define` makes and
    /// `template` calls. 200, at a call three quarters of it. The stack has to bear this too.
    pub depth: usize,
    /// Rounds of all `range` loops together. A million.
    pub iterations: u64,
    /// Bytes of output. 8 MiB.
    pub output: usize,
    /// What is made and touched on the way, in bytes and items: a bound on memory, and roughly on time. A byte that a
    /// function makes costs 1, a node or a command 16, an RSA key of 4096 bits four million. 128 Mi.
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
            budget: 128 << 20,
        }
    }
}
