//! `provider."lockstep.dev/file"`: files beside lockstep. ESO has no such provider, and the prefix keeps it from ever
//! meaning another one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::FilePath;
use crate::one_of::one_of;

one_of!(
    /// Serves files.
    FileProvider {
        /// A folder: each file below it is a value, under its path from here.
        "directory" => Directory(FileSource),
        /// A file of lines `KEY=VALUE`: each is a value, under its name.
        "dotenv" => Dotenv(FileSource),
    }
);

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct FileSource {
    /// Below a root that lockstep was started with; a relative path starts at the first of them.
    pub path: FilePath,
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn it_is_a_folder_or_a_file() {
        let read = |value| from_value::<FileProvider>(value).map_err(|error| error.to_string());
        let Ok(FileProvider::Directory(source)) = read(json!({"directory": {"path": "/run/secrets"}})) else {
            panic!("not a folder");
        };
        assert_eq!(source.path.as_str(), "/run/secrets");
        assert!(matches!(
            read(json!({"dotenv": {"path": ".env"}})),
            Ok(FileProvider::Dotenv(_))
        ));
        for broken in [
            json!({}),
            json!({"directory": {}}),
            json!({"dotenv": {"path": ""}}),
            json!({"dotenv": {"path": "a\0b"}}),
            json!({"directory": {"path": "a"}, "dotenv": {"path": "b"}}),
        ] {
            assert!(read(broken.clone()).is_err(), "{broken}");
        }
    }
}
