//! Which path a key leads to. Pure, and exactly as in ESO: manifests depend on it.

use lockstep_api::provider::{KvVersion, VaultProvider};

use crate::engine::problem::Problem;

/// A KV engine, as the store tells of it.
#[derive(Clone, Debug)]
pub(super) struct Mount {
    /// Without it, keys begin with the mount.
    pub(super) path: Option<String>,
    pub(super) version: KvVersion,
    /// Whether a key may repeat the mount. A secret in a folder of the mount's name cannot be reached then, but by
    /// naming the mount twice.
    pub(super) may_repeat: bool,
}

impl Mount {
    pub(super) fn of(spec: &VaultProvider) -> Self {
        Self {
            path: spec.path.clone(),
            version: spec.version,
            may_repeat: true,
        }
    }

    /// Where a secret is.
    pub(super) fn data(&self, key: &str) -> String {
        match (&self.path, self.version) {
            (Some(path), _) => self.below(path, self.relative(path, key)),
            (None, KvVersion::V1) => key.to_owned(),
            (None, KvVersion::V2) if key.contains("/data/") => key.to_owned(),
            (None, KvVersion::V2) => match key.split_once('/') {
                Some((mount, rest)) => format!("{mount}/data/{rest}"),
                None => format!("{key}/data"),
            },
        }
    }

    /// Where a secret is whose name the server itself told.
    pub(super) fn listed(&self, name: &str) -> String {
        match &self.path {
            Some(path) => self.below(path, name),
            None => self.data(name),
        }
    }

    /// Where the metadata of the secret at [`data`](Self::data) is, in an engine of version 2.
    pub(super) fn own_metadata(&self, key: &str) -> Result<String, Problem> {
        match &self.path {
            Some(path) => self.metadata(self.relative(path, key)),
            None => self.metadata(key),
        }
    }

    /// Where a secret's metadata is, and where a folder is listed. The mount is not cut off here.
    pub(super) fn metadata(&self, key: &str) -> Result<String, Problem> {
        match (&self.path, self.version) {
            (Some(path), KvVersion::V1) => Ok(format!("{path}/{key}")),
            (Some(path), KvVersion::V2) => Ok(format!("{path}/metadata/{key}")),
            (None, KvVersion::V2) if key.contains("/data/") => Ok(key.replacen("/data/", "/metadata/", 1)),
            (None, KvVersion::V2) => Err(bad(
                "the store has no `path`, so this needs a key like MOUNT/data/NAME",
            )),
            (None, KvVersion::V1) => Err(bad("the store needs a `path` for this")),
        }
    }

    fn below(&self, path: &str, rest: &str) -> String {
        match self.version {
            KvVersion::V1 => format!("{path}/{rest}"),
            KvVersion::V2 => format!("{path}/data/{rest}"),
        }
    }

    fn relative<'k>(&self, path: &str, key: &'k str) -> &'k str {
        let cut = key.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
        let Some(rest) = cut.filter(|_| self.may_repeat) else {
            return key;
        };
        match self.version {
            KvVersion::V1 => rest,
            KvVersion::V2 => rest.strip_prefix("data/").unwrap_or(rest),
        }
    }
}

fn bad(why: &str) -> Problem {
    Problem::BadData { why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(path: Option<&str>, version: KvVersion) -> Mount {
        Mount {
            path: path.map(str::to_owned),
            version,
            may_repeat: true,
        }
    }

    #[test]
    fn keys_lead_where_eso_reads() {
        use KvVersion::{V1, V2};
        for (path, version, key, expected) in [
            (Some("kv"), V2, "one", "kv/data/one"),
            (Some("kv"), V2, "deep/er", "kv/data/deep/er"),
            (Some("kv"), V2, "kv/one", "kv/data/one"),
            (Some("kv"), V2, "kv/data/deep/er", "kv/data/deep/er"),
            (Some("kv"), V2, "data/x", "kv/data/data/x"),
            (Some("kv"), V2, "kv/data/data/x", "kv/data/data/x"),
            (Some("kv"), V2, "kv/kv/x", "kv/data/kv/x"),
            (Some("kv"), V2, "kvx/one", "kv/data/kvx/one"),
            (Some("team/kv"), V2, "team/kv/one", "team/kv/data/one"),
            (Some("kv"), V1, "one", "kv/one"),
            (Some("kv"), V1, "kv/data/x", "kv/data/x"),
            (None, V2, "kv/one", "kv/data/one"),
            (None, V2, "kv/deep/er", "kv/data/deep/er"),
            (None, V2, "kv/data/one", "kv/data/one"),
            (None, V2, "one", "one/data"),
            (None, V1, "kv/data/x", "kv/data/x"),
        ] {
            assert_eq!(
                mount(path, version).data(key),
                expected,
                "{path:?} {version:?} {key}"
            );
        }
    }

    #[test]
    fn metadata_is_beside_the_data() {
        use KvVersion::{V1, V2};
        let metadata = |path, version, key| mount(path, version).metadata(key).ok();
        assert_eq!(
            metadata(Some("kv"), V2, "one").as_deref(),
            Some("kv/metadata/one")
        );
        assert_eq!(
            metadata(Some("kv"), V2, "kv/one").as_deref(),
            Some("kv/metadata/kv/one")
        );
        assert_eq!(metadata(Some("kv"), V1, "app/").as_deref(), Some("kv/app/"));
        assert_eq!(
            metadata(None, V2, "kv/data/a/data/b").as_deref(),
            Some("kv/metadata/a/data/b")
        );
        assert_eq!(metadata(None, V2, "kv/mydata"), None);
        assert_eq!(metadata(None, V1, "kv/one"), None);
        let own = |path, key| mount(path, V2).own_metadata(key).ok();
        assert_eq!(own(Some("kv"), "kv/one").as_deref(), Some("kv/metadata/one"));
        assert_eq!(own(Some("kv"), "kv/data/one").as_deref(), Some("kv/metadata/one"));
        assert_eq!(own(None, "kv/data/one").as_deref(), Some("kv/metadata/one"));
    }

    #[test]
    fn what_the_server_lists_is_read_where_it_is() {
        let kv = mount(Some("kv"), KvVersion::V2);
        assert_eq!(kv.listed("kv/x"), "kv/data/kv/x");
        assert_eq!(mount(None, KvVersion::V2).listed("kv/data/x"), "kv/data/x");
        let plain = Mount {
            may_repeat: false,
            ..kv
        };
        assert_eq!(plain.data("kv/x"), "kv/data/kv/x");
    }
}
