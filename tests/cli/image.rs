//! The image: the program in an otherwise empty root, with what the `Dockerfile` copies there and what its base brings.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// What the base of the image has for a program to be linked with, besides the loader: glibc and libgcc.
const LIBRARIES: [&str; 3] = ["libc.so.6", "libgcc_s.so.1", "libm.so.6"];
/// As the `Dockerfile` has it.
const NOBODY: &str = "65532:65532";

/// The root of the image. It is the current user's, so that nobody else can write to it.
struct Root {
    folder: TempDir,
    program: String,
}

impl Root {
    fn new() -> Self {
        let stage = last_stage();
        let copied: Vec<&str> = stage
            .iter()
            .filter_map(|line| line.strip_prefix("COPY "))
            .collect();
        let ["--from=build", _, program] = copied[..]
            .iter()
            .flat_map(|line| line.split(' '))
            .collect::<Vec<_>>()[..]
        else {
            panic!(
                "the image holds more than the program, which is all this test puts into its root: {copied:?}"
            );
        };
        assert!(stage.contains(&format!("USER {NOBODY}")), "{stage:?}");
        assert!(
            stage.contains(&format!("ENTRYPOINT [\"{program}\"]")),
            "{stage:?}"
        );
        let root = Self {
            folder: tempfile::tempdir().expect("a folder"),
            program: program.to_owned(),
        };
        let source = Path::new(env!("CARGO_BIN_EXE_lockstep"));
        root.copy(source, program);
        for library in libraries(source) {
            root.copy(&library, &library.to_string_lossy());
        }
        fs::set_permissions(root.folder.path(), fs::Permissions::from_mode(0o755))
            .expect("a root that is read");
        root
    }

    fn place(&self, path: &str) -> PathBuf {
        self.folder.path().join(path.trim_start_matches('/'))
    }

    fn copy(&self, from: &Path, to: &str) {
        let place = self.place(to);
        fs::create_dir_all(place.parent().expect("it is below the root")).expect("a folder");
        fs::copy(from, place).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }

    /// A folder that anybody may write to, as a volume is.
    fn volume(&self, path: &str) {
        fs::create_dir_all(self.place(path)).expect("a folder");
        fs::set_permissions(self.place(path), fs::Permissions::from_mode(0o777)).expect("a folder");
    }

    fn run(&self, arguments: &[&str]) -> Output {
        // Only root may change the root of a process; others are root in a namespace of their own, where they can
        // be nobody else.
        let mut command = Command::new("unshare");
        command.arg("--map-root-user").arg("chroot");
        if am_root() {
            command = Command::new("chroot");
            command.arg(format!("--userspec={NOBODY}"));
        }
        command.arg(self.folder.path()).arg(&self.program).args(arguments);
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .output()
            .expect("chroot runs")
    }
}

fn am_root() -> bool {
    let id = Command::new("id").arg("--user").output().expect("id runs");
    id.stdout == b"0\n"
}

/// The instructions of the stage that becomes the image.
fn last_stage() -> Vec<String> {
    let file =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile")).expect("the Dockerfile");
    let last = file.rfind("\nFROM ").expect("a stage");
    file[last..].lines().map(str::to_owned).collect()
}

/// Where the program's libraries and its loader are. Each is one that the image's base has.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let ldd = Command::new("ldd").arg(program).output().expect("ldd runs");
    let told = String::from_utf8(ldd.stdout).expect("text");
    let paths = told.split_whitespace().filter(|word| word.starts_with('/'));
    let libraries: Vec<PathBuf> = paths.map(PathBuf::from).collect();
    for library in &libraries {
        let name = library.file_name().expect("a file").to_string_lossy();
        let there = LIBRARIES.contains(&&*name) || name.starts_with("ld-linux");
        assert!(there, "the program needs {name}, which the image does not have");
    }
    libraries
}

#[test]
fn the_program_needs_nothing_but_what_the_image_has() {
    let root = Root::new();
    let version = root.run(&["--version"]);
    assert!(version.status.success(), "{version:?}");
    assert!(version.stdout.starts_with(b"lockstep "), "{version:?}");

    let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
    for file in fs::read_dir(quickstart).expect("the example") {
        let file = file.expect("a file").path();
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        root.copy(&file, &format!("/manifests/{name}"));
    }
    root.volume("/out");
    let agent = root.run(&["agent", "--manifests=/manifests", "--out=/out", "--once"]);
    assert!(agent.status.success(), "{agent:?}");
    assert!(root.place("/out/database/DB_HOST").exists(), "{agent:?}");

    // Without a cluster around it, it says so and ends.
    let operator = root.run(&["operator"]);
    let said = String::from_utf8_lossy(&operator.stderr).into_owned();
    assert!(!operator.status.success(), "{operator:?}");
    assert!(said.contains("cluster"), "{said}");
}
