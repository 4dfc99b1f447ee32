//! What people read of a PushSecret: which keys go where, and no value.

use super::changes::{Change, shape};
use super::counts::Counts;
use super::show::lines;
use crate::controller::push_secret::{Fate, Place};
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;

/// How the places fare.
pub fn counts(places: &[Place]) -> Counts {
    let mut counts = Counts::default();
    for place in places {
        match place.fate {
            Fate::Created(_) => counts.created += 1,
            Fate::Changed { .. } => counts.updated += 1,
            Fate::Deleted => counts.deleted += 1,
            Fate::Unchanged | Fate::LeftAlone => counts.unchanged += 1,
            Fate::Unknown(_) => counts.uncompared += 1,
            Fate::Failed(_) => counts.failed += 1,
        }
    }
    counts
}

pub fn text(key: &ObjectKey, places: &[Place]) -> String {
    let changes: Vec<Change> = places.iter().filter_map(line).collect();
    let told = counts(places).told();
    let told = told.as_deref().unwrap_or("pushes nothing");
    format!("PushSecret {key}: {told}\n{}", lines(&changes))
}

/// None where nothing happens.
fn line(place: &Place) -> Option<Change> {
    let key = place
        .key
        .as_ref()
        .map_or_else(|| "all keys".to_owned(), |key| format!("key {key}"));
    let (sign, what) = match &place.fate {
        Fate::Created(after) => ('+', format!("{key}, {}", shape(after))),
        Fate::Changed { before, after } => ('~', format!("{key}, {} -> {}", shape(before), shape(after))),
        Fate::Deleted => ('-', "is pushed no more".to_owned()),
        Fate::Unknown(why) => ('?', format!("{key}, not compared: {why}")),
        Fate::LeftAlone => ('=', "is there, and updatePolicy is IfNotExists".to_owned()),
        Fate::Unchanged | Fate::Failed(_) => return None,
    };
    Some(Change {
        sign,
        field: format!("{} {}", place.store, place.name),
        what,
    })
}

/// What could not be found out, with its place.
pub fn failures(places: &[Place]) -> impl Iterator<Item = (String, &Problem)> {
    places.iter().filter_map(|place| match &place.fate {
        Fate::Failed(problem) => {
            let place = format!("{} {}", place.store, place.name);
            Some((place.trim().to_owned(), problem))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str, fate: Fate) -> Place {
        Place {
            store: "SecretStore/s".to_owned(),
            name: name.to_owned(),
            key: Some("k".to_owned()),
            fate,
        }
    }

    #[test]
    fn it_is_told_what_goes_where_and_no_value() {
        let why = Problem::BadData {
            why: "no such key".to_owned(),
        };
        let places = [
            place("new", Fate::Created("canary-1".into())),
            place(
                "old",
                Fate::Changed {
                    before: "canary-22".into(),
                    after: "canary-1".into(),
                },
            ),
            place("same", Fate::Unchanged),
            place("theirs", Fate::LeftAlone),
            place("gone", Fate::Deleted),
            place("dark", Fate::Unknown("it cannot be read".to_owned())),
            place("bad", Fate::Failed(why)),
        ];
        let told = text(&ObjectKey::new("ns", "p"), &places);
        let lines: Vec<_> = told.lines().map(|line| line.trim().split('#').next()).collect();
        assert_eq!(
            lines,
            [
                Some(
                    "PushSecret ns/p: 1 created, 1 updated, 1 deleted, 2 unchanged, 1 not compared, 1 failed"
                ),
                Some("+ SecretStore/s new     key k, 8 bytes "),
                Some("~ SecretStore/s old     key k, 9 bytes "),
                Some("= SecretStore/s theirs  is there, and updatePolicy is IfNotExists"),
                Some("- SecretStore/s gone    is pushed no more"),
                Some("? SecretStore/s dark    key k, not compared: it cannot be read"),
            ]
        );
        assert!(!told.contains("canary"), "{told}");
        let failed: Vec<_> = failures(&places).map(|(place, _)| place).collect();
        assert_eq!(failed, ["SecretStore/s bad"]);
    }
}
