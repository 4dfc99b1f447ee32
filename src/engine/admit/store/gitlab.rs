//! `provider.gitlab`.

use lockstep_api::provider::GitlabProvider;

use super::references::References;

pub(super) fn review(spec: &GitlabProvider, references: &mut References) {
    references.whole_secret("auth.SecretRef.accessToken", &spec.auth.secret_ref.access_token);
    if spec.project_id.as_deref().unwrap_or_default().is_empty() && spec.group_ids.is_empty() {
        references.refuse("projectID", "must be set where there are no groupIDs");
    }
    if spec.inherit_from_groups && !spec.group_ids.is_empty() {
        references.refuse("groupIDs", "must be empty beside inheritFromGroups");
    }
}
