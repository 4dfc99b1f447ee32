//! A SecretStore or ClusterSecretStore: what they have in common here, what a provider wants beside.

mod aws;
mod azurekv;
mod crd;
mod doppler;
mod fake;
mod gcpsm;
mod gitlab;
mod infisical;
mod kubernetes;
mod onepassword;
mod references;
mod vault;

use lockstep_api::provider::{Maintenance, Provider};
use lockstep_api::secret_store::StoreCondition;
use lockstep_api::{Fault, Parsed, SecretStoreSpec};
use lockstep_gostd::regexp;

pub(super) use self::references::Home;
use self::references::References;
use super::{Findings, Refusal, Verdict};

pub(super) fn review(spec: &Parsed<SecretStoreSpec>, home: &Home) -> Verdict {
    let spec = match spec.as_ref() {
        Ok(spec) => spec,
        Err(fault) => return broken(fault).into(),
    };
    let mut findings = Findings::default();
    conditions(&spec.conditions, home, &mut findings);
    let mut references = References::new(home, spec.provider.name(), &mut findings);
    provider(&spec.provider, &mut references);
    maintenance(&spec.provider, &mut findings);
    findings.into()
}

/// ESO reads the interval as text and judges it later, so that it is denied; within a provider it reads types.
fn broken(fault: &Fault) -> Refusal {
    if fault.field.starts_with("provider.") {
        Refusal::Unreadable(fault.to_string())
    } else {
        Refusal::Denied(fault.to_string())
    }
}

fn conditions(conditions: &[StoreCondition], home: &Home, findings: &mut Findings) {
    for (place, condition) in conditions.iter().enumerate() {
        for (index, pattern) in condition.namespace_regexes.iter().enumerate() {
            if let Err(why) = regexp::compile(pattern) {
                findings.refused.push(format!(
                    "failed to compile {index}th namespace regex in {place}th condition: {why}"
                ));
            }
        }
    }
    if matches!(home, Home::Namespace(_)) && !conditions.is_empty() {
        let doubt =
            "spec.conditions: only a ClusterSecretStore has any; a SecretStore serves its own namespace";
        findings.doubts.push(doubt.to_owned());
    }
}

fn provider(provider: &Provider, references: &mut References) {
    match provider {
        Provider::Aws(spec) => aws::review(spec, references),
        Provider::Azurekv(spec) => azurekv::review(spec, references),
        Provider::Crd(spec) => crd::review(spec, references),
        Provider::Doppler(spec) => doppler::review(spec, references),
        Provider::Fake(spec) => fake::review(spec, references),
        Provider::Gcpsm(spec) => gcpsm::review(spec, references),
        Provider::Gitlab(spec) => gitlab::review(spec, references),
        Provider::Infisical(spec) => infisical::review(spec, references),
        Provider::Kubernetes(spec) => kubernetes::review(spec, references),
        Provider::Onepassword(spec) => onepassword::review(spec, references),
        Provider::OpenBao(spec) => vault::review_openbao(spec, references),
        Provider::Vault(spec) => vault::review(spec, references),
        Provider::Unsupported(unsupported) => {
            let name = &unsupported.name;
            references.doubt(&format!(
                "provider {name} is not supported by this version of lockstep"
            ));
        }
        // ESO's webhook has nothing to say about the first two, and knows nothing of the third.
        Provider::Github(_) | Provider::Webhook(_) | Provider::File(_) => {}
    }
}

fn maintenance(provider: &Provider, findings: &mut Findings) {
    match provider.maintenance() {
        Maintenance::NotMaintained => findings.doubts.push(format!(
            "provider {} is for tests and not maintained; plan to move to another",
            provider.name()
        )),
        Maintenance::Maintained => {}
    }
}
