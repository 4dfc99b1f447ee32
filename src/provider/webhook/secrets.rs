//! The Secrets that templates see.
//!
//! Whoever may write a store names them, so each has to say itself that webhooks may have it, with a label: without
//! that, a store could send any Secret of its namespace anywhere.

use tokio::sync::OnceCell;

use super::spec::Spec;
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::References;

/// What a Secret carries that webhooks may send.
const LABEL: (&str, &str) = ("external-secrets.io/type", "webhook");

#[derive(Debug)]
pub(super) struct Secrets {
    references: References,
    /// With the names that templates know them by.
    wanted: Vec<(String, ObjectKey)>,
    read: OnceCell<Vec<(String, Values)>>,
}

impl Secrets {
    pub(super) fn new(spec: &Spec, references: &References) -> Result<Self, Problem> {
        let wanted = spec.secrets.iter().enumerate().map(|(nth, (name, selector))| {
            let field = format!("{}.secrets[{nth}].secretRef", spec.field);
            let object = references.secret_object(selector, &field)?;
            Ok(((*name).to_owned(), object))
        });
        Ok(Self {
            references: references.clone(),
            wanted: wanted.collect::<Result<_, Problem>>()?,
            read: OnceCell::new(),
        })
    }

    /// Read once. What fails is tried again by the next who asks, for somebody may have put the Secret right.
    pub(super) async fn get(&self) -> Result<&[(String, Values)], Problem> {
        let read = self.read.get_or_try_init(|| async {
            let mut read = Vec::with_capacity(self.wanted.len());
            for (name, object) in &self.wanted {
                let values = self.references.labelled_secret(object, LABEL).await?;
                read.push((name.clone(), values));
            }
            Ok(read)
        });
        read.await.map(Vec::as_slice)
    }
}
