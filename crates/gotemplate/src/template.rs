//! The way in: parse a template, render it.

use std::fmt;
use std::time::SystemTime;

use crate::data::Data;
use crate::env::Random;
use crate::error::Error;
use crate::exec;
use crate::limits::Limits;
use crate::message::Message;
use crate::parse::{Source, Templates, parse};

/// A parsed template. It never changes, and may be rendered by many threads at once.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use lockstep_gotemplate::{Options, Random, Template, World};
/// # struct Zeros;
/// # impl Random for Zeros {
/// #     fn fill(&mut self, buffer: &mut [u8]) {
/// #         buffer.fill(0);
/// #     }
/// # }
/// let template = Template::parse("url", "postgres://{{ .user }}@{{ .host }}", &Options::default())?;
///
/// let data = BTreeMap::from([("user", "app"), ("host", "db")]);
/// let mut world = World { now: std::time::SystemTime::UNIX_EPOCH, random: &mut Zeros };
/// assert_eq!(template.render(&data, &mut world)?, b"postgres://app@db");
/// # Ok::<(), lockstep_gotemplate::Error>(())
/// ```
pub struct Template {
    pub(crate) name: Box<str>,
    pub(crate) text: Box<[u8]>,
    pub(crate) options: Options,
    pub(crate) parts: Templates,
}

/// How to read a template, and what it may cost.
///
/// ```
/// use lockstep_gotemplate::{MissingKey, Options};
///
/// let as_eso = Options { missing_key: MissingKey::Error, ..Options::default() };
/// assert_eq!((&*as_eso.left, &*as_eso.right), ("{{", "}}"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// What opens an action; `{{` if empty.
    pub left: String,
    /// What closes an action; `}}` if empty.
    pub right: String,
    /// What becomes of `.key` where there is no such key.
    pub missing_key: MissingKey,
    /// What the template may cost.
    pub limits: Limits,
}

/// What `.key` is where the map has no such key: Go's option `missingkey`.
///
/// ```
/// use lockstep_gotemplate::MissingKey;
///
/// assert_eq!(MissingKey::default(), MissingKey::Invalid);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MissingKey {
    /// Nothing, printed as `<no value>`: Go's `default` and `invalid`.
    #[default]
    Invalid,
    /// The zero of the map's type: of texts the empty one.
    Zero,
    /// An error.
    Error,
}

/// All that a template sees beside its data. It is handed in, so that a test can choose it.
///
/// ```
/// use lockstep_gotemplate::{Data, Options, Random, Template, World};
///
/// struct Sevens;
///
/// impl Random for Sevens {
///     fn fill(&mut self, buffer: &mut [u8]) {
///         buffer.fill(7);
///     }
/// }
///
/// let template = Template::parse("token", "{{ randBytes 4 }}", &Options::default())?;
/// let mut world = World { now: std::time::SystemTime::UNIX_EPOCH, random: &mut Sevens };
/// assert_eq!(template.render(Data::default(), &mut world)?, b"BwcHBw==");
/// # Ok::<(), lockstep_gotemplate::Error>(())
/// ```
pub struct World<'w> {
    /// What `now` says.
    pub now: SystemTime,
    /// Where keys and passwords come from.
    pub random: &'w mut dyn Random,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            left: "{{".to_owned(),
            right: "}}".to_owned(),
            missing_key: MissingKey::default(),
            limits: Limits::default(),
        }
    }
}

impl Template {
    /// Parses a text: bytes, usually UTF-8. The name appears in errors, and `{{ template }}` finds the whole under it.
    ///
    /// ```
    /// use lockstep_gotemplate::{Options, Template};
    ///
    /// let options = Options { left: "[[".into(), right: "]]".into(), ..Options::default() };
    /// assert!(Template::parse("key", "[[ .user | upper ]]", &options).is_ok());
    /// assert!(Template::parse("key", "[[ .user | uper ]]", &options).is_err());
    /// ```
    pub fn parse(name: &str, text: impl AsRef<[u8]>, options: &Options) -> Result<Self, Error> {
        let text = text.as_ref();
        let limit = options.limits.text;
        if text.len() > limit {
            let message = Message::from(format!("the text is longer than {limit} bytes"));
            return Err(Error::parse(name, 1, message));
        }
        let parts = parse(&Source {
            name,
            text,
            left: or_default(&options.left, b"{{"),
            right: or_default(&options.right, b"}}"),
            nesting: options.limits.nesting,
        })?;
        Ok(Self {
            name: name.into(),
            text: text.into(),
            options: options.clone(),
            parts,
        })
    }

    /// Renders the template, with the data as dot: a `BTreeMap` of texts, or anything else that [`Data`] can be.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use lockstep_gotemplate::{MissingKey, Options, Random, Template, World};
    /// # struct Zeros;
    /// # impl Random for Zeros {
    /// #     fn fill(&mut self, buffer: &mut [u8]) {
    /// #         buffer.fill(0);
    /// #     }
    /// # }
    /// # let mut world = World { now: std::time::SystemTime::UNIX_EPOCH, random: &mut Zeros };
    /// let options = Options { missing_key: MissingKey::Error, ..Options::default() };
    /// let template = Template::parse("key", "{{ .binary }}{{ .missing }}", &options)?;
    /// let error = template.render(&BTreeMap::from([("binary", [0xff, 0x00])]), &mut world).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#"template: key:1:16: executing "key" at <.missing>: map has no entry for key "missing""#
    /// );
    /// # Ok::<(), lockstep_gotemplate::Error>(())
    /// ```
    pub fn render(&self, data: impl Into<Data>, world: &mut World<'_>) -> Result<Vec<u8>, Error> {
        exec::render(self, data.into().into_value(), world)
    }
}

fn or_default<'d>(delimiter: &'d str, default: &'d [u8]) -> &'d [u8] {
    match delimiter {
        "" => default,
        _ => delimiter.as_bytes(),
    }
}

/// Shows the name only: the text may be a secret.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.name).finish()
    }
}

impl fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
