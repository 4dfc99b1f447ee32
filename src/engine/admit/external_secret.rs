//! An ExternalSecret: rules over several fields, each a function of its own.

use std::collections::BTreeSet;

use lockstep_api::external_secret::{CreationPolicy, DeletionPolicy, Manifest, Rewrite, SourceRef};
use lockstep_api::{ExternalSecretSpec, Parsed};
use lockstep_gostd::regexp;

use super::{Findings, Refusal, Verdict};
use crate::engine::cron::Schedule;
use crate::engine::render;

/// The rules, in the order in which they are told.
const RULES: [fn(&ExternalSecretSpec, &mut Findings); 6] = [
    policies,
    something_to_fetch,
    template,
    sources,
    unique_keys,
    patterns,
];

pub(super) fn review(spec: &Parsed<ExternalSecretSpec>) -> Verdict {
    let spec = match spec.as_ref() {
        Ok(spec) => spec,
        Err(fault) => return Refusal::Unreadable(fault.to_string()).into(),
    };
    let mut findings = Findings::default();
    for rule in RULES {
        rule(spec, &mut findings);
    }
    findings.into()
}

fn policies(spec: &ExternalSecretSpec, findings: &mut Findings) {
    use {CreationPolicy as Create, DeletionPolicy as Delete};
    match (spec.target.creation_policy(), spec.target.deletion_policy()) {
        (create @ (Create::Merge | Create::None | Create::CreateOrMerge), Delete::Delete) => {
            findings.refused.push(format!(
                "spec.target: deletionPolicy=Delete would delete a Secret that is not ours under \
                 creationPolicy={create:?}; use creationPolicy=Owner"
            ));
        }
        (Create::None, Delete::Merge) => findings.refused.push(
            "spec.target: deletionPolicy=Merge has nothing to merge into under creationPolicy=None, which writes \
             no Secret"
                .to_owned(),
        ),
        (Create::Orphan, Delete::Delete) => findings.doubts.push(
            "spec.target: deletionPolicy=Delete deletes only what creationPolicy=Owner made: under Orphan it fails \
             when there are no values any more"
                .to_owned(),
        ),
        _ => {}
    }
}

fn something_to_fetch(spec: &ExternalSecretSpec, findings: &mut Findings) {
    if spec.data.is_empty() && spec.data_from.is_empty() {
        let why = "spec: data and dataFrom are both empty; at least one entry is needed";
        findings.refused.push(why.to_owned());
    }
}

fn template(spec: &ExternalSecretSpec, findings: &mut Findings) {
    let (target, manifest) = (&spec.target, spec.target.manifest.as_ref());
    let is_secret = manifest.is_none_or(Manifest::is_secret);
    if let Some(template) = &target.template {
        let problems = render::template_faults(template, is_secret);
        findings.refused.extend(problems.iter().map(ToString::to_string));
    }
    let kept_from = render::check_target(spec, render::Targets::Anything);
    findings
        .doubts
        .extend(kept_from.err().map(|problem| problem.to_string()));
}

fn sources(spec: &ExternalSecretSpec, findings: &mut Findings) {
    for (index, entry) in spec.data_from.iter().enumerate() {
        let is_generator = matches!(entry.source_ref, Some(SourceRef::Generator(_)));
        let sources = [entry.extract.is_some(), entry.find.is_some(), is_generator];
        let count = sources.into_iter().filter(|is_set| *is_set).count();
        if count > 1 {
            findings.refused.push(format!(
                "spec.dataFrom[{index}]: only one of extract, find and sourceRef.generatorRef may be set"
            ));
        } else if count == 0 && entry.source_ref.is_none() {
            findings.refused.push(format!(
                "spec.dataFrom[{index}]: one of extract, find and sourceRef.generatorRef must be set"
            ));
        }
    }
}

/// Where values may go missing, the last of two entries is as good as the first; under Retain it is a mistake.
fn unique_keys(spec: &ExternalSecretSpec, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    let repeated = spec
        .data
        .iter()
        .map(|entry| entry.secret_key.as_str())
        .filter(|key| !seen.insert(*key));
    match spec.target.deletion_policy() {
        DeletionPolicy::Retain => {
            findings
                .refused
                .extend(repeated.map(|key| format!("duplicate secretKey found: {key}")));
        }
        DeletionPolicy::Delete | DeletionPolicy::Merge => {
            let doubt = |key| format!("spec.data: secretKey {key} stands twice; the last entry wins");
            findings.doubts.extend(repeated.map(doubt));
        }
    }
}

/// What ESO finds out when it syncs.
fn patterns(spec: &ExternalSecretSpec, findings: &mut Findings) {
    let mut doubt = |field: String, why: &str| findings.doubts.push(format!("spec.{field}: {why}"));
    for (index, entry) in spec.data_from.iter().enumerate() {
        let name = entry.find.as_ref().and_then(|find| find.name.as_ref());
        if let Some(Err(why)) = name.and_then(|name| name.regexp.as_deref()).map(regexp::compile) {
            doubt(format!("dataFrom[{index}].find.name.regexp"), &why);
        }
        for (place, rewrite) in entry.rewrite.iter().enumerate() {
            if let Rewrite::Regexp(operation) = rewrite
                && let Err(why) = regexp::compile(&operation.source)
            {
                doubt(format!("dataFrom[{index}].rewrite[{place}].regexp.source"), &why);
            }
        }
    }
    let windows = spec
        .sync_windows
        .iter()
        .flat_map(|windows| &windows.windows)
        .enumerate();
    for (index, window) in windows {
        if let Err(why) = Schedule::parse(window.schedule.as_str()) {
            doubt(
                format!("syncWindows.windows[{index}].schedule"),
                &format!("{why}: the window never opens"),
            );
        }
    }
}
