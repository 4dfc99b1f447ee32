//! How `kubectl` shows an ExternalSecret.

use super::{ExternalSecret, ExternalSecretSpec, ExternalSecretStatus};
use crate::kind::{Column, Kind, Scope};

impl Kind for ExternalSecret {
    const GROUP: &'static str = "external-secrets.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "ExternalSecret";
    const PLURAL: &'static str = "externalsecrets";
    const SCOPE: Scope = Scope::Namespaced;
    const SHORT_NAMES: &'static [&'static str] = &["es"];
    const SELECTABLE: &'static [&'static str] = &[
        ".spec.secretStoreRef.name",
        ".spec.secretStoreRef.kind",
        ".spec.target.name",
        ".spec.refreshInterval",
    ];

    type Spec = ExternalSecretSpec;
    type Status = ExternalSecretStatus;

    fn columns() -> Vec<Column> {
        vec![
            Column::text("StoreType", ".spec.secretStoreRef.kind"),
            Column::text("Store", ".spec.secretStoreRef.name"),
            Column::text("Refresh Interval", ".spec.refreshInterval"),
            Column::ready_reason("Status"),
            Column::ready_status(),
            Column::date("Last Sync", ".status.refreshTime"),
            Column::text("Target", ".spec.target.name").wide(),
            Column::text("Message", r#".status.conditions[?(@.type=="Ready")].message"#).wide(),
        ]
    }
}
