//! Where an item is: the vaults of a store in their order, and in each the item of that title or id.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::FIELD;
use super::connect::{Connect, Found, Summary, Vault, is_id};
use crate::engine::problem::Problem;
use crate::provider::perishable::{Fresh, Perishable};

/// Ids of vaults outlive their names, which people change: they are looked up again now and then.
const RENEWED: Duration = Duration::from_mins(5);
const USABLE: Duration = Duration::from_mins(10);

/// The vaults of a store, as it names them, in their order.
#[derive(Debug)]
pub(super) struct Vaults {
    named: Vec<String>,
    /// In the same order.
    ids: Perishable<Vec<String>>,
}

impl Vaults {
    pub(super) fn new(vaults: &BTreeMap<String, i64>) -> Result<Self, Problem> {
        let mut named: Vec<_> = vaults.iter().collect();
        // Where two have the same number, which ESO's webhook does not let pass, names decide.
        named.sort_by_key(|(name, turn)| (**turn, (*name).clone()));
        if named.is_empty() {
            return Err(Problem::InvalidSpec {
                field: format!("{FIELD}.vaults"),
                why: "must name at least one vault".to_owned(),
            });
        }
        Ok(Self {
            named: named.into_iter().map(|(name, _)| name.clone()).collect(),
            ids: Perishable::new(None),
        })
    }

    pub(super) async fn ids(&self, connect: &Connect) -> Result<Vec<String>, Problem> {
        let fresh = async {
            let made_at = Instant::now();
            Ok(Fresh {
                value: self.look(connect).await?,
                made_at,
                renew_at: made_at + RENEWED,
                ends_at: made_at + USABLE,
            })
        };
        self.ids.current(fresh).await
    }

    /// The ids, asked for now.
    pub(super) async fn look(&self, connect: &Connect) -> Result<Vec<String>, Problem> {
        let there = connect.vaults().await?;
        self.named.iter().map(|name| one(&there, name)).collect()
    }

    /// The id of one of them.
    pub(super) async fn id(&self, connect: &Connect, name: &str) -> Result<String, Problem> {
        let ids = self.ids(connect).await?;
        let found = self.named.iter().zip(ids).find(|(named, _)| *named == name);
        found.map(|(_, id)| id).ok_or_else(|| Problem::BadData {
            why: format!("metadata vault {name:?} is not in the vaults of the store"),
        })
    }
}

/// A vault of that name, or of that id. Case only counts where there are two.
fn one(there: &[Vault], name: &str) -> Result<String, Problem> {
    let is_alike = |vault: &&Vault| vault.name.to_lowercase() == name.to_lowercase();
    let exactly: Vec<_> = there
        .iter()
        .filter(|vault| vault.id == name || vault.name == name)
        .collect();
    let found = if exactly.is_empty() {
        there.iter().filter(is_alike).collect()
    } else {
        exactly
    };
    match found.as_slice() {
        [vault] => Ok(vault.id.clone()),
        found => Err(Problem::BadData {
            why: format!(
                "{} vaults that the token may see are called {name:?}, instead of one",
                found.len()
            ),
        }),
    }
}

/// The item of that title or id, in the first vault that has one.
pub(super) async fn item(connect: &Connect, vaults: &Vaults, key: &str) -> Result<Option<Found>, Problem> {
    for vault in vaults.ids(connect).await? {
        if is_id(key)
            && let Some(found) = connect.item(&vault, key, key).await?
        {
            return Ok(Some(found));
        }
        let titled = connect.items(&vault, Some(key), key).await?;
        let found = match titled.as_slice() {
            [] => None,
            [only] => connect.item(&vault, &only.id, key).await?,
            several => connect.item(&vault, exact(several, key)?, key).await?,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Where there are several, one may have exactly this title.
fn exact<'s>(several: &'s [Summary], key: &str) -> Result<&'s str, Problem> {
    let mut exactly = several.iter().filter(|item| item.title == key);
    match (exactly.next(), exactly.next()) {
        (Some(only), None) => Ok(&only.id),
        _ => Err(Problem::BadData {
            why: format!(
                "{} items have the title {key:?}, instead of one: use an id",
                several.len()
            ),
        }),
    }
}
