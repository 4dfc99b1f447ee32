//! `provider.fake`.

use lockstep_api::provider::FakeProvider;

use super::references::References;

pub(super) fn review(spec: &FakeProvider, references: &mut References) {
    for (index, entry) in spec.data.iter().enumerate() {
        if entry.key.is_empty() {
            references.refuse(&format!("data[{index}].key"), "must be set");
        }
        if entry.value.expose().is_empty() {
            references.refuse(&format!("data[{index}].value"), "must be set");
        }
    }
}
