//! Items: what a property picks out of one, and how one is changed. Pure.

use std::borrow::Cow;

use lockstep_gostd::json::{self, Html, Numbers, Object, Value};

use super::connect::{bad, is_id, text};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::Payload;

/// The item in a payload; the files are beside it, in their order.
pub(super) const ITEM: &str = "item";
pub(super) const FILE_PREFIX: &str = "file/";
const FIELD_PREFIX: &str = "field/";
/// The field that is meant where none is named.
pub(super) const PASSWORD: &str = "password";

pub(super) struct Item<'i>(Object<'i>);

/// A file, before it is read.
pub(super) struct File {
    /// Its place among the item's files.
    nth: usize,
    pub(super) id: String,
    pub(super) name: String,
}

impl File {
    /// What it is called in a payload.
    pub(super) fn part(&self) -> String {
        format!("{FILE_PREFIX}{}", self.nth)
    }
}

/// What a property asks for; the name is empty where it has none.
#[derive(Clone, Copy)]
enum Wanted<'p> {
    Field(&'p str),
    File(&'p str),
}

impl<'i> Item<'i> {
    pub(super) fn read(body: &'i SecretBytes, what: &str) -> Result<Self, Problem> {
        let item = Value::parse_object(body.expose(), Numbers::AsWritten);
        let item = item.ok().filter(|item| text(item, "id").is_some());
        item.map(Self).ok_or_else(|| bad(what, "it is no item"))
    }

    /// The files to be read for a property. Each has to make sense: what is left out would be taken for something that is
    /// not there.
    pub(super) fn files(&self, property: &str) -> Result<Vec<File>, Problem> {
        let name = match self.wanted(property) {
            Wanted::Field(_) => return Ok(Vec::new()),
            Wanted::File(name) => name,
        };
        let files = self.objects("files").enumerate().map(|(nth, file)| {
            let id = text(file, "id").filter(|id| is_file_id(id));
            Ok(File {
                nth,
                id: id.ok_or_else(|| bad(ITEM, "a file has no id"))?,
                name: text(file, "name").unwrap_or_default(),
            })
        });
        let mut files: Vec<_> = files.collect::<Result<_, _>>()?;
        files.retain(|file| name.is_empty() || file.name == name);
        Ok(files)
    }

    /// Labels and values.
    pub(super) fn fields(&self) -> impl Iterator<Item = (String, SecretBytes)> {
        self.objects("fields").map(|field| {
            let value = text(field, "value").unwrap_or_default();
            (text(field, "label").unwrap_or_default(), value.into())
        })
    }

    /// The value of the one field of this label.
    pub(super) fn field(&self, label: &str) -> Result<SecretBytes, Problem> {
        let mut found: Vec<_> = self.fields().filter(|(known, _)| known == label).collect();
        match (found.pop(), found.len()) {
            (Some((_, value)), 0) => Ok(value),
            (last, others) => Err(self.not_one(label, others + usize::from(last.is_some()))),
        }
    }

    /// Sets the value of the one field of this label, which is added if there is none. What is there already is left
    /// as it is. Whether anything has changed is told.
    pub(super) fn set_field(&mut self, label: &str, value: &'i str) -> Result<bool, Problem> {
        let count = self.fields().filter(|(known, _)| known == label).count();
        if count > 1 {
            return Err(self.not_one(label, count));
        }
        let fields = self.0.entry(Cow::Borrowed("fields")).or_insert(Value::Null);
        if !matches!(fields, Value::Array(_)) {
            *fields = Value::Array(Vec::new());
        }
        let Value::Array(fields) = fields else {
            return Ok(false);
        };
        for field in fields.iter_mut() {
            if let Value::Object(field) = field
                && text(field, "label").as_deref() == Some(label)
            {
                let before = field.insert(Cow::Borrowed("value"), Value::Text(value.into()));
                return Ok(before != Some(Value::Text(value.into())));
            }
        }
        fields.push(new_field(label, value));
        Ok(true)
    }

    /// Whether there was one is told.
    pub(super) fn remove_field(&mut self, label: &str) -> Result<bool, Problem> {
        let count = self.fields().filter(|(known, _)| known == label).count();
        if count > 1 {
            return Err(self.not_one(label, count));
        }
        if let Some(Value::Array(fields)) = self.0.get_mut("fields") {
            fields.retain(|field| !matches!(field, Value::Object(field) if text(field, "label").as_deref() == Some(label)));
        }
        Ok(count == 1)
    }

    /// Replaces the tags; tells whether they were others.
    pub(super) fn set_tags(&mut self, tags: &'i [String]) -> bool {
        let tags = Value::Array(tags.iter().map(|tag| Value::Text(tag.as_str().into())).collect());
        let before = self.0.insert(Cow::Borrowed("tags"), tags.clone());
        before != Some(tags)
    }

    /// Is nothing left in it? A section without a name is 1Password's own.
    pub(super) fn is_empty(&self) -> bool {
        let is_named = |section: &Object<'_>| {
            ["id", "label"]
                .iter()
                .any(|field| text(section, field).is_some_and(|text| !text.is_empty()))
        };
        let has = |part: &str| self.objects(part).next().is_some();
        !has("fields") && !has("files") && !self.objects("sections").any(is_named)
    }

    pub(super) fn encode(self) -> SecretBytes {
        json::encode(&Value::Object(self.0), Html::Plain).into()
    }

    fn wanted<'p>(&self, property: &'p str) -> Wanted<'p> {
        if let Some(label) = property.strip_prefix(FIELD_PREFIX) {
            return Wanted::Field(label);
        }
        if let Some(name) = property.strip_prefix(FILE_PREFIX) {
            return Wanted::File(name);
        }
        match text(&self.0, "category").as_deref() {
            Some("DOCUMENT") => Wanted::File(property),
            _ => Wanted::Field(property),
        }
    }

    fn objects(&self, part: &str) -> impl Iterator<Item = &Object<'i>> {
        let entries = match self.0.get(part) {
            Some(Value::Array(entries)) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().filter_map(|entry| match entry {
            Value::Object(object) => Some(object),
            _ => None,
        })
    }

    fn not_one(&self, label: &str, count: usize) -> Problem {
        let title = text(&self.0, "title").unwrap_or_default();
        Problem::BadData {
            why: format!("item {title:?} has {count} fields {label:?}, instead of one"),
        }
    }
}

/// A new item with one field.
pub(super) fn new(vault: &str, title: &str, tags: &[String], label: &str, value: &str) -> SecretBytes {
    let text = |text: &str| Value::Text(Cow::Owned(text.to_owned()));
    let vault = Object::from([(Cow::Borrowed("id"), text(vault))]);
    let mut item = Object::from([
        (Cow::Borrowed("title"), text(title)),
        (Cow::Borrowed("category"), text("SERVER")),
        (Cow::Borrowed("vault"), Value::Object(vault)),
        (
            Cow::Borrowed("fields"),
            Value::Array(vec![new_field(label, value)]),
        ),
    ]);
    if !tags.is_empty() {
        let tags = tags.iter().map(|tag| text(tag)).collect();
        item.insert(Cow::Borrowed("tags"), Value::Array(tags));
    }
    json::encode(&Value::Object(item), Html::Plain).into()
}

fn new_field<'j>(label: &str, value: &'j str) -> Value<'j> {
    let members = [
        ("label", Cow::Owned(label.to_owned())),
        ("type", "CONCEALED".into()),
        ("value", value.into()),
    ];
    Value::Object(
        members
            .into_iter()
            .map(|(name, text)| (name.into(), Value::Text(text)))
            .collect(),
    )
}

fn is_file_id(id: &str) -> bool {
    is_id(id) || (!id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// What an entry of `data` gets.
pub(super) fn select(payload: &Payload, property: &str) -> Result<SecretBytes, Problem> {
    let (item, contents) = taken_apart(payload)?;
    match item.wanted(property) {
        Wanted::Field("") => item.field(PASSWORD),
        Wanted::Field(label) => item.field(label),
        Wanted::File(name) => {
            let found = files(&item, contents)?.into_iter();
            let mut found = found.filter(|(known, _)| name.is_empty() || known == name);
            let first = found.next().map(|(_, content)| content.clone());
            first.ok_or_else(|| Problem::BadData {
                why: format!("the item has no file {name:?}"),
            })
        }
    }
}

/// What `extract` gets: all fields or files, or those that the property names.
pub(super) fn explode(payload: &Payload, property: &str) -> Result<Values, Problem> {
    let (item, contents) = taken_apart(payload)?;
    match item.wanted(property) {
        Wanted::Field(label) => {
            let labels = item.fields().map(|(known, _)| known);
            let labels = labels.filter(|known| label.is_empty() || known == label);
            labels
                .map(|label| item.field(&label).map(|value| (label, value)))
                .collect()
        }
        Wanted::File(name) => Ok(files(&item, contents)?
            .into_iter()
            .filter(|(known, _)| name.is_empty() || known == name)
            .map(|(known, content)| (known, content.clone()))
            .collect()),
    }
}

/// Files that were read, with their names.
fn files<'v>(item: &Item<'_>, contents: &'v Values) -> Result<Vec<(String, &'v SecretBytes)>, Problem> {
    let files = item.files(FILE_PREFIX)?.into_iter();
    let read = files.filter_map(|file| Some((file.name.clone(), contents.get(&file.part())?)));
    Ok(read.collect())
}

fn taken_apart(payload: &Payload) -> Result<(Item<'_>, &Values), Problem> {
    match payload {
        Payload::Map(parts) if parts.contains_key(ITEM) => Ok((Item::read(&parts[ITEM], ITEM)?, parts)),
        Payload::Map(_) | Payload::Bytes(_) => Err(bad(ITEM, "it is no item")),
    }
}
