//! What a PushSecret comes to: which values go to which places.

mod data_to;
mod due;
mod entries;
mod status;
mod stores;
mod synced;
mod template;

pub use due::{Due, Facts, Last, Round, Sighting, due};
pub use entries::{Entry, Source, digest, entries, remote};
pub use status::{after_failure, after_source_deleted, after_success, is_source_deleted};
pub use stores::{check_labels, check_named, check_selectors, holds, is_concerned, named, picks};
pub use synced::{Doomed, doomed, merge, store_of, store_place};
pub use template::apply;
