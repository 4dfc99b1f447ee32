use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::engine::values::Values;

struct Bed {
    folder: tempfile::TempDir,
    output: Output,
}

fn bed(format: Format) -> Bed {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Output::open(&folder.path().join("out"), format).expect("an output");
    Bed { folder, output }
}

fn values(pairs: &[(&str, &str)]) -> Values {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), SecretBytes::from(*value)))
        .collect()
}

impl Bed {
    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join("out").join(below)
    }

    fn write(&self, key: &ObjectKey, pairs: &[(&str, &str)]) -> Result<bool, String> {
        let values = values(pairs);
        let content = Content {
            key,
            owner: Some("app"),
            values: &values,
        };
        self.output.write(&content).map_err(|problem| problem.to_string())
    }

    fn reopen(self, format: Format) -> Self {
        let Self { folder, output } = self;
        let root = output.root.clone();
        drop(output);
        Self {
            output: Output::open(&root, format).expect("an output"),
            folder,
        }
    }

    /// Everything that people see, by path.
    fn visible(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        collect(&self.path(""), "", &mut found);
        found
    }
}

fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name");
        if name.starts_with('.') {
            continue;
        }
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{prefix}{name}/"), found);
        } else {
            let text = fs::read_to_string(entry.path()).expect("a readable file");
            found.insert(format!("{prefix}{name}"), text);
        }
    }
}

fn seen(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}

fn app() -> ObjectKey {
    ObjectKey::new("default", "app")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn a_target_is_a_folder_of_private_files_that_is_swapped_as_a_whole() {
    let bed = bed(Format::Files);
    bed.write(&app(), &[("a", "1"), ("b", "2")]).expect("written");
    bed.write(&ObjectKey::new("prod", "db"), &[("c", "3")])
        .expect("written");
    assert_eq!(
        bed.visible(),
        seen(&[("app/a", "1"), ("app/b", "2"), ("prod/db/c", "3")])
    );
    assert_eq!(
        (
            mode(&bed.path("")),
            mode(&bed.path("app")),
            mode(&bed.path("app/a"))
        ),
        (0o700, 0o700, 0o600)
    );

    bed.write(&app(), &[("b", "4"), ("c", "5")]).expect("written");
    assert_eq!(
        bed.visible(),
        seen(&[("app/b", "4"), ("app/c", "5"), ("prod/db/c", "3")])
    );
    let hidden = fs::read_dir(bed.path("app")).expect("a folder").filter(|entry| {
        entry
            .as_ref()
            .is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with(".."))
    });
    assert_eq!(hidden.count(), 2, "the link and the current version");
}

#[test]
fn what_is_as_wanted_is_not_touched() {
    for format in [Format::Files, Format::Dotenv, Format::Json] {
        let bed = bed(format);
        bed.write(&app(), &[("a", "1")]).expect("written");
        let path = layout::path(&bed.output.root, &app(), format);
        let state = || {
            (
                fs::metadata(&path).expect("there").modified().expect("a time"),
                fs::read_link(path.join("..data")).ok(),
            )
        };
        let before = state();
        assert_eq!(bed.write(&app(), &[("a", "1")]), Ok(false), "{format:?}");
        assert_eq!(state(), before, "{format:?}");
        let bed = bed.reopen(format);
        assert_eq!(bed.write(&app(), &[("a", "1")]), Ok(false), "{format:?}");
        assert_eq!(bed.write(&app(), &[("a", "2")]), Ok(true), "{format:?}");
    }
}

#[test]
fn a_file_that_others_could_read_is_written_anew() {
    let bed = bed(Format::Dotenv);
    bed.write(&app(), &[("A", "1")]).expect("written");
    fs::set_permissions(bed.path("app.env"), fs::Permissions::from_mode(0o644)).expect("a mode");
    bed.write(&app(), &[("A", "1")]).expect("written");
    assert_eq!(mode(&bed.path("app.env")), 0o600);
}

#[test]
fn a_swap_that_was_cut_short_leaves_the_old_version_and_is_tidied_up() {
    let bed = bed(Format::Files);
    bed.write(&app(), &[("a", "old")]).expect("written");
    // As if we had been killed just before the rename.
    let folder = bed.path("app");
    fs::create_dir(folder.join("..2026_01_01_00_00_00.000000000")).expect("a folder");
    fs::write(folder.join("..2026_01_01_00_00_00.000000000/a"), "new").expect("a file");
    symlink("..data/b", folder.join("b")).expect("a link");
    symlink("..2026_01_01_00_00_00.000000000", folder.join("..data_tmp")).expect("a link");
    assert_eq!(fs::read_to_string(folder.join("a")).expect("there"), "old");

    let bed = bed.reopen(Format::Files);
    let mut names: Vec<_> = fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .filter(|name| name != "..data")
        .collect();
    names.sort();
    assert_eq!((names.len(), names[1].as_str()), (2, "a"), "{names:?}");
    bed.write(&app(), &[("a", "new")]).expect("written");
    assert_eq!(bed.visible(), seen(&[("app/a", "new")]));
}

#[test]
fn what_somebody_else_wrote_is_neither_overwritten_nor_removed() {
    let bed = bed(Format::Dotenv);
    fs::write(bed.path("app.env"), "mine").expect("a file");
    let refused = bed.write(&app(), &[("A", "1")]).expect_err("refused");
    assert!(
        refused.contains("app.env") && refused.contains("did not write it"),
        "{refused}"
    );

    let bed = bed.reopen(Format::Files);
    fs::create_dir(bed.path("app")).expect("a folder");
    fs::write(bed.path("app/a"), "mine").expect("a file");
    bed.write(&app(), &[("a", "1")]).expect_err("refused");
    bed.write(&app(), &[("b", "1")]).expect("nothing in its way");
    bed.output.remove(&app()).expect("removed");
    assert_eq!(bed.visible(), seen(&[("app.env", "mine"), ("app/a", "mine")]));
}

#[test]
fn what_goes_goes_without_a_trace() {
    for format in [Format::Files, Format::Dotenv, Format::Json] {
        let bed = bed(format);
        let key = ObjectKey::new("prod", "db");
        bed.write(&key, &[("A", "1")]).expect("written");
        bed.output.remove(&key).expect("removed");
        bed.output.remove(&key).expect("removed already");
        let left: Vec<_> = fs::read_dir(bed.path(""))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        assert_eq!(left, [".lockstep.jsonl"], "{format:?}");
    }
}

#[test]
fn another_format_takes_the_place_of_the_first() {
    let bed = bed(Format::Files);
    bed.write(&app(), &[("A", "1")]).expect("written");
    let bed = bed.reopen(Format::Json);
    assert_eq!(
        bed.visible(),
        seen(&[("app/A", "1")]),
        "until there is something new"
    );
    bed.write(&app(), &[("A", "2")]).expect("written");
    assert_eq!(bed.visible(), seen(&[("app.json", "{\n  \"A\": \"2\"\n}\n")]));
}

#[test]
fn the_marker_tells_the_next_run_what_is_there() {
    let bed = bed(Format::Files);
    bed.write(&app(), &[("a", "canary"), ("b", "2")])
        .expect("written");
    bed.write(&ObjectKey::new("default", "lost"), &[("a", "1")])
        .expect("written");
    fs::remove_dir_all(bed.path("lost")).expect("removed");
    let marker = fs::read_to_string(bed.path(".lockstep.jsonl")).expect("a marker");
    assert!(!marker.contains("canary"));
    assert_eq!(mode(&bed.path(".lockstep.jsonl")), 0o600);
    let bed = bed.reopen(Format::Files);
    let expected = Remnant {
        key: app(),
        owner: Some("app".into()),
        keys: vec!["a".into(), "b".into()],
    };
    assert_eq!(bed.output.remnants(), [expected]);
}

#[test]
fn a_folder_that_somebody_removed_is_made_anew_with_all_that_we_know() {
    for format in [Format::Files, Format::Dotenv] {
        let bed = bed(format);
        bed.write(&app(), &[("A", "1")]).expect("written");
        fs::remove_dir_all(bed.path("")).expect("removed");
        assert_eq!(bed.write(&app(), &[("A", "1")]), Ok(true), "{format:?}");
        let bed = bed.reopen(format);
        assert_eq!(bed.write(&app(), &[("A", "2")]), Ok(true), "{format:?}");
    }
}

#[test]
fn a_marker_that_was_cut_short_says_what_it_still_says() {
    let bed = bed(Format::Dotenv);
    bed.write(&app(), &[("A", "1")]).expect("written");
    let marker = bed.path(".lockstep.jsonl");
    let whole = fs::read_to_string(&marker).expect("a marker");
    fs::write(&marker, format!("{whole}{{\"namespace\": \"def")).expect("a file");
    let bed = bed.reopen(Format::Dotenv);
    assert_eq!(bed.output.remnants().len(), 1);
    assert_eq!(fs::read_to_string(&marker).expect("a marker"), whole);

    for wrong in [
        "",
        "{}\n",
        "{\"lockstep\":2}\n",
        &whole.replace("default", "../up"),
        &whole.replace("app", ".."),
    ] {
        let Bed { folder, output } = self::bed(Format::Files);
        drop(output);
        fs::write(folder.path().join("out/.lockstep.jsonl"), wrong).expect("a file");
        let refused = Output::open(&folder.path().join("out"), Format::Files).expect_err(wrong);
        assert!(
            refused
                .to_string()
                .contains(".lockstep.jsonl cannot be understood"),
            "{refused}"
        );
    }
}

#[test]
fn what_an_interrupted_first_write_left_does_not_stay() {
    let bed = bed(Format::Dotenv);
    bed.write(&app(), &[("A", "1")]).expect("written");
    fs::rename(bed.path("app.env"), bed.path(".app.env.lockstep-new")).expect("a rename");
    let bed = bed.reopen(Format::Dotenv);
    assert!(!bed.path(".app.env.lockstep-new").exists());
    assert_eq!(bed.output.remnants(), []);
}

#[test]
fn a_target_in_the_place_of_a_namespace_is_refused() {
    let (prod, db) = (ObjectKey::new("default", "prod"), ObjectKey::new("prod", "db"));
    for (first, second) in [(&prod, &db), (&db, &prod)] {
        let bed = bed(Format::Files);
        bed.write(first, &[("a", "1")]).expect("written");
        let refused = bed.write(second, &[("a", "1")]).expect_err("refused");
        assert!(
            refused.contains(&first.to_string()) && refused.contains(&second.to_string()),
            "{refused}"
        );
    }
    let bed = bed(Format::Dotenv);
    bed.write(&prod, &[("A", "1")]).expect("written");
    bed.write(&db, &[("A", "1")]).expect("files meet no folders");
}

#[test]
fn keys_that_are_no_file_names_are_refused() {
    let bed = bed(Format::Files);
    for key in ["", ".", "..", "..data", "a/b", "/etc", "a\0b"] {
        let refused = bed.write(&app(), &[(key, "canary")]).expect_err("refused");
        assert!(
            refused.contains("name of a file") && !refused.contains("canary"),
            "{refused}"
        );
    }
    bed.write(&app(), &[(".hidden", "1"), ("a..b", "2")])
        .expect("fine names");
}

#[test]
fn a_folder_has_one_writer_and_must_be_one() {
    let bed = bed(Format::Files);
    let second = Output::open(&bed.output.root, Format::Files).expect_err("refused");
    assert!(second.to_string().contains("another lockstep agent"), "{second}");
    let file = bed.path("file");
    fs::write(&file, "").expect("a file");
    let refused = Output::open(&file, Format::Files).expect_err("refused");
    assert!(refused.to_string().contains("is a file"), "{refused}");
}
