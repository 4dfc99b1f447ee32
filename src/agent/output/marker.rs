//! Which outputs are ours: `OUT/.lockstep.jsonl`. It holds names and no values.
//!
//! A line of JSON for the format of the file, then one for each output. A new output is a line more, so that a
//! thousand outputs are not a thousand rewritings; of two lines about the same output the later one counts. A last
//! line that is cut short announced an output that was not begun.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use lockstep_api::{NamespaceName, ResourceName};
use serde::{Deserialize, Serialize};

use super::{Format, file, layout};
use crate::cluster::folder::{Content, Remnant};
use crate::engine::object::ObjectKey;
use crate::engine::secret_bytes::SecretBytes;

const FILE: &str = ".lockstep.jsonl";
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
struct Head {
    lockstep: u32,
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
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
        };
        Self::parse(&text).with_context(|| {
            let path = path.display();
            format!("{path} cannot be understood; remove it, together with what lockstep wrote beside it")
        })
    }

    fn parse(text: &str) -> Result<Self> {
        // Whatever stands behind the last line break was cut short.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let mut lines = whole.lines();
        let head: Head = serde_json::from_str(lines.next().unwrap_or_default()).context("line 1")?;
        if head.lockstep != VERSION {
            bail!("it was written by another version of lockstep");
        }
        let mut marker = Self::default();
        for (index, line) in lines.enumerate() {
            let entry: Entry = serde_json::from_str(line).with_context(|| format!("line {}", index + 2))?;
            // Names become paths, and what is at these is removed one day.
            let is_sound =
                NamespaceName::parse(&entry.namespace).is_ok() && ResourceName::parse(&entry.name).is_ok();
            if !is_sound {
                bail!("line {} has no proper name", index + 2);
            }
            marker.0.insert(entry.id(), entry);
        }
        Ok(marker)
    }

    /// Makes the folder too, should somebody have removed it.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        layout::create_private(root)?;
        let mut text = line(&Head { lockstep: VERSION })?;
        for entry in self.entries() {
            text.extend(line(entry)?);
        }
        file::write(&root.join(FILE), &SecretBytes::from(text)).map(drop)
    }

    /// Remembers an output, in here and on disk.
    pub fn put(&mut self, root: &Path, entry: Entry) -> io::Result<()> {
        let added = line(&entry)?;
        self.0.insert(entry.id(), entry);
        match file::append(&root.join(FILE), &added) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.write(root),
            result => result,
        }
    }

    pub fn get(&self, key: &ObjectKey, format: Format) -> Option<&Entry> {
        self.0.get(&(key.clone(), format))
    }

    /// A target in all formats that it was ever written in and not yet removed.
    pub fn all_of(&self, key: &ObjectKey) -> Vec<Entry> {
        self.entries().filter(|entry| entry.is_of(key)).cloned().collect()
    }

    pub fn remove(&mut self, entry: &Entry) {
        self.0.remove(&entry.id());
    }

    pub fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        self.0.retain(|_, entry| keep(entry));
    }

    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.values()
    }
}

pub fn is_there(root: &Path) -> bool {
    root.join(FILE).exists()
}

fn line(content: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(content)?;
    line.push(b'\n');
    Ok(line)
}

/// Finds out now, and not at the first secret, whether the folder can be written to.
pub fn probe(root: &Path) -> io::Result<()> {
    file::tidy(&root.join(FILE))?;
    file::probe(&root.join(FILE))
}
