//! `provider.crd`.

use lockstep_api::provider::CrdProvider;

use super::kubernetes;
use super::references::{Home, References};
use crate::engine::crd::{Wrong, whitelist};

pub(super) fn review(spec: &CrdProvider, references: &mut References) {
    kubernetes::connection(&spec.server, spec.auth.as_ref(), references);
    let is_cluster_wide = matches!(references.home, Home::Cluster);
    if let Err(Wrong { field, why }) = whitelist(spec, is_cluster_wide) {
        references.refuse(&field, &why);
    }
}
