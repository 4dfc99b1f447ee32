//! The names that ESO stamps on objects, and we after it.

pub const MANAGED: &str = "reconcile.external-secrets.io/managed";
pub const CREATED_BY: &str = "reconcile.external-secrets.io/created-by";
pub const DATA_HASH: &str = "reconcile.external-secrets.io/data-hash";
/// ESO's finalizer. We set it only where something must be undone, and honour it where we find it.
pub const FINALIZER: &str = "externalsecrets.external-secrets.io/externalsecret-cleanup";
/// On a PushSecret under `deletionPolicy: Delete`: what it pushed is deleted before it goes.
pub const PUSH_FINALIZER: &str = "pushsecret.externalsecrets.io/finalizer";
/// On a store: it is needed for that.
pub const STORE_FINALIZER: &str = "secretstore.externalsecrets.io/finalizer";
/// ESO's finalizer on a ClusterExternalSecret: as [`FINALIZER`].
pub const SPREAD_FINALIZER: &str = "externalsecrets.external-secrets.io/clusterexternalsecret-cleanup";
/// What the names of the finalizers begin with that ESO puts on namespaces. They guard nothing, and keep namespaces from
/// going when nobody removes them.
pub const NAMESPACE_FINALIZERS: &str = "externalsecrets.external-secrets.io/ces-";
/// Kubernetes' own: the children of an object are to stay when it goes.
pub const ORPHAN: &str = "orphan";
/// What is written here on a ClusterExternalSecret is written on its ExternalSecrets, which are then fetched anew.
pub const FORCE_SYNC: &str = "external-secrets.io/force-sync";
/// Which entry of which object a GeneratorState belongs to.
pub const STATE_OWNER: &str = "generators.external-secrets.io/owner-key";
/// On a GeneratorState: what it tells of is undone before it goes.
pub const STATE_FINALIZER: &str = "generatorstate.externalsecrets.io/finalizer";
/// On a store: say nothing about how well its provider is kept up.
pub const IGNORE_MAINTENANCE: &str = "external-secrets.io/ignore-maintenance-checks";

/// What the names of our marks on Secrets begin with.
pub const PREFIX: &str = "reconcile.external-secrets.io/";
