//! `provider.vault` and `provider.openBao`.

use lockstep_api::SecretKeySelector;
use lockstep_api::provider::{
    KvVersion, OpenBaoProvider, VaultAuth, VaultCertAuth, VaultClientTls, VaultIamAuth, VaultJwtAuth,
    VaultKubernetesAuth, VaultProvider,
};

use super::references::References;

pub(super) fn review(spec: &VaultProvider, references: &mut References) {
    if let Some(auth) = &spec.auth {
        review_auth(auth, references);
    }
    client_tls(&spec.tls, references);
    let needs_versions = spec.check_and_set.as_ref().is_some_and(|check| check.required);
    if needs_versions && spec.version == KvVersion::V1 {
        references.refuse(
            "checkAndSet",
            "needs version v2: KV version 1 has no versions to check",
        );
    }
}

fn review_auth(auth: &VaultAuth, references: &mut References) {
    references.secret("auth.tokenSecretRef", auth.token_secret_ref.as_ref());
    if let Some(role) = &auth.app_role {
        references.secret("auth.appRole.secretRef", Some(&role.secret_ref));
        let has_id = role.role_id.as_deref().is_some_and(|id| !id.is_empty());
        role_id("auth.appRole", has_id, role.role_ref.as_ref(), references);
    }
    kubernetes(auth.kubernetes.as_ref(), references);
    jwt(auth.jwt.as_ref(), references);
    cert(auth.cert.as_ref(), references);
    references.secret(
        "auth.ldap.secretRef",
        auth.ldap.as_ref().map(|auth| &auth.secret_ref),
    );
    references.secret(
        "auth.userPass.secretRef",
        auth.user_pass.as_ref().map(|auth| &auth.secret_ref),
    );
    if let Some(auth) = &auth.iam {
        iam(auth, references);
    }
}

pub(super) fn review_openbao(spec: &OpenBaoProvider, references: &mut References) {
    let Some(auth) = &spec.auth else { return };
    references.secret("auth.tokenSecretRef", auth.token_secret_ref.as_ref());
    if let Some(role) = &auth.app_role {
        references.secret("auth.appRole.secretRef", Some(&role.secret_ref));
        role_id(
            "auth.appRole",
            role.role_id.is_some(),
            role.role_ref.as_ref(),
            references,
        );
    }
    let password = auth.user_pass.as_ref().and_then(|auth| auth.secret_ref.as_ref());
    references.secret("auth.userPass.secretRef", password);
    kubernetes(auth.kubernetes.as_ref(), references);
    jwt(auth.jwt.as_ref(), references);
    cert(auth.cert.as_ref(), references);
}

fn role_id(field: &str, has_id: bool, reference: Option<&SecretKeySelector>, references: &mut References) {
    match reference {
        _ if has_id => {}
        Some(reference) => references.secret(&format!("{field}.roleRef"), Some(reference)),
        None => references.refuse(field, "one of roleId and roleRef must be set"),
    }
}

fn kubernetes(auth: Option<&VaultKubernetesAuth>, references: &mut References) {
    let Some(auth) = auth else { return };
    references.account(
        "auth.kubernetes.serviceAccountRef",
        auth.service_account_ref.as_ref(),
    );
    references.secret("auth.kubernetes.secretRef", auth.secret_ref.as_ref());
}

fn jwt(auth: Option<&VaultJwtAuth>, references: &mut References) {
    let Some(auth) = auth else { return };
    let account = auth
        .kubernetes_service_account_token
        .as_ref()
        .map(|token| &token.service_account_ref);
    match (&auth.secret_ref, account) {
        (Some(secret), _) => references.secret("auth.jwt.secretRef", Some(secret)),
        (None, Some(account)) => {
            references.account(
                "auth.jwt.kubernetesServiceAccountToken.serviceAccountRef",
                Some(account),
            );
        }
        (None, None) => {
            references.refuse(
                "auth.jwt",
                "one of secretRef and kubernetesServiceAccountToken must be set",
            );
        }
    }
}

fn cert(auth: Option<&VaultCertAuth>, references: &mut References) {
    references.secret("auth.cert.clientCert", auth.map(|auth| &auth.client_cert));
    references.secret("auth.cert.secretRef", auth.map(|auth| &auth.secret_ref));
}

fn iam(auth: &VaultIamAuth, references: &mut References) {
    let account = auth.jwt.as_ref().and_then(|jwt| jwt.service_account_ref.as_ref());
    references.account("auth.iam.jwt.serviceAccountRef", account);
    super::aws::keys("auth.iam.secretRef", auth.secret_ref.as_ref(), references);
}

fn client_tls(tls: &VaultClientTls, references: &mut References) {
    if tls.cert_secret_ref.is_some() != tls.key_secret_ref.is_some() {
        references.refuse("tls", "certSecretRef and keySecretRef belong together");
        return;
    }
    references.secret("tls.certSecretRef", tls.cert_secret_ref.as_ref());
    references.secret("tls.keySecretRef", tls.key_secret_ref.as_ref());
}
