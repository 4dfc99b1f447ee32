//! What a template sees as dot.

use std::collections::BTreeMap;
use std::fmt;

use crate::value::{Map, MapType, Text, Value};

/// What a template sees as dot: texts by name, or maps of them. Clones share the texts; the last one wipes them.
///
/// ```
/// # use lockstep_gotemplate::{Options, Random, Template, World};
/// # struct Zeros;
/// # impl Random for Zeros {
/// #     fn fill(&mut self, buffer: &mut [u8]) {
/// #         buffer.fill(0);
/// #     }
/// # }
/// # let mut world = World { now: std::time::SystemTime::UNIX_EPOCH, random: &mut Zeros };
/// use lockstep_gotemplate::Data;
///
/// let login = Data::texts([("user", "app"), ("password", "s3cret")]);
/// let remote = Data::texts([("key", "db")]);
/// let data = Data::maps([("login", login), ("remoteRef", remote)]);
///
/// let template = Template::parse("body", "{{ .remoteRef.key }}={{ .login.password }}", &Options::default())?;
/// assert_eq!(template.render(&data, &mut world)?, b"db=s3cret");
/// # Ok::<(), lockstep_gotemplate::Error>(())
/// ```
#[derive(Clone)]
pub struct Data(Node);

#[derive(Clone)]
enum Node {
    Texts(BTreeMap<Text, Text>),
    Maps(BTreeMap<Text, Node>),
}

impl Data {
    /// Go's `map[string]string`. Texts are bytes, usually UTF-8.
    ///
    /// ```
    /// use lockstep_gotemplate::Data;
    ///
    /// let data = Data::texts([("tls.key", &[0x30, 0x82][..]), ("user", b"app")]);
    /// ```
    pub fn texts<K: AsRef<[u8]>, V: AsRef<[u8]>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let entries = entries.into_iter();
        Self(Node::Texts(
            entries
                .map(|(key, text)| (key.as_ref().into(), text.as_ref().into()))
                .collect(),
        ))
    }

    /// Go's `map[string]any` with maps in it, as templates of webhooks see it.
    ///
    /// ```
    /// use lockstep_gotemplate::Data;
    ///
    /// let data = Data::maps([("auth", Data::texts([("token", "s3cret")])), ("none", Data::default())]);
    /// ```
    pub fn maps<K: AsRef<[u8]>>(entries: impl IntoIterator<Item = (K, Data)>) -> Self {
        let entries = entries.into_iter();
        Self(Node::Maps(
            entries.map(|(key, data)| (key.as_ref().into(), data.0)).collect(),
        ))
    }

    pub(crate) fn into_value(self) -> Value {
        self.0.into_value()
    }
}

impl Node {
    fn into_value(self) -> Value {
        Value::Map(match self {
            Self::Texts(entries) => {
                let entries = entries.into_iter();
                Map::new(MapType::Text, entries.map(|(key, text)| (key, Value::Text(text))))
            }
            Self::Maps(entries) => {
                let entries = entries.into_iter();
                Map::new(MapType::Any, entries.map(|(key, node)| (key, node.into_value())))
            }
        })
    }
}

/// An empty `map[string]string`.
impl Default for Data {
    fn default() -> Self {
        Self(Node::Texts(BTreeMap::new()))
    }
}

impl<K: AsRef<[u8]>, V: AsRef<[u8]>> From<&BTreeMap<K, V>> for Data {
    fn from(texts: &BTreeMap<K, V>) -> Self {
        Self::texts(texts)
    }
}

impl From<&Data> for Data {
    fn from(data: &Data) -> Self {
        data.clone()
    }
}

/// Shows nothing of it: it is made of secrets.
impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data").finish_non_exhaustive()
    }
}
