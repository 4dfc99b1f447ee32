//! Which outputs are ours: `OUT/.lockstep.json`. It holds names and no values.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::{Format, file, layout};
use crate::cluster::folder::{Content, Remnant};
use crate::engine::object::ObjectKey;
use crate::engine::secret_bytes::SecretBytes;

const FILE: &str = ".lockstep.json";
const VERSION: u32 = 1;

#[derive(Debug, Default)]
pub struct Marker(BTreeMap<(ObjectKey, Format), Entry>);

/// One output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub namespace: String,
    pub name: String,
    pub format: Format,
    /// The ExternalSecret with which the output goes; none outlives them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    keys: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    outputs: Vec<Entry>,
}

impl Entry {
    pub fn new(content: &Content, format: Format) -> Self {
        Self {
            namespace: content.key.namespace.clone(),
            name: content.key.name.clone(),
            format,
            owner: content.owner.map(str::to_owned),
            keys: content.values.keys().cloned().collect(),
        }
    }

    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(&self.namespace, &self.name)
    }

    fn id(&self) -> (ObjectKey, Format) {
        (self.key(), self.format)
    }

    fn is_of(&self, key: &ObjectKey) -> bool {
        self.namespace == key.namespace && self.name == key.name
    }

    pub fn remnant(&self) -> Remnant {
        Remnant {
            key: self.key(),
            owner: self.owner.clone(),
            keys: self.keys.clone(),
        }
    }
}

impl Marker {
    pub fn read(root: &Path) -> Result<Self> {
        let path = root.join(FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
        };
        let written: Written = serde_json::from_slice(&text).with_context(|| {
            format!(
                "{} is damaged; remove it together with the outputs that it lists",
                path.display()
            )
        })?;
        if written.version != VERSION {
            bail!(
                "{} was written by another version of lockstep; empty the folder first",
                path.display()
            );
        }
        Ok(Self(
            written
                .outputs
                .into_iter()
                .map(|entry| (entry.id(), entry))
                .collect(),
        ))
    }

    /// Makes the folder too, should somebody have removed it.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        layout::create_private(root)?;
        let written = Written {
            version: VERSION,
            outputs: self.0.values().cloned().collect(),
        };
        let mut text = serde_json::to_vec_pretty(&written)?;
        text.push(b'\n');
        file::write(&root.join(FILE), &SecretBytes::from(text)).map(drop)
    }

    pub fn get(&self, key: &ObjectKey, format: Format) -> Option<&Entry> {
        self.0.get(&(key.clone(), format))
    }

    /// A target in all formats that it was ever written in and not yet removed.
    pub fn all_of(&self, key: &ObjectKey) -> Vec<Entry> {
        self.entries().filter(|entry| entry.is_of(key)).cloned().collect()
    }

    pub fn put(&mut self, entry: Entry) {
        self.0.insert(entry.id(), entry);
    }

    pub fn remove(&mut self, entry: &Entry) {
        self.0.remove(&entry.id());
    }

    /// Whether any entry went.
    pub fn retain(&mut self, keep: impl Fn(&Entry) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|_, entry| keep(entry));
        self.0.len() != before
    }

    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.values()
    }
}

pub fn is_there(root: &Path) -> bool {
    root.join(FILE).exists()
}

/// Finds out now, and not at the first secret, whether the folder can be written to.
pub fn probe(root: &Path) -> io::Result<()> {
    file::tidy(&root.join(FILE))?;
    file::probe(&root.join(FILE))
}
