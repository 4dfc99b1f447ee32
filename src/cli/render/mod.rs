//! `lockstep render`: what ExternalSecrets come to, from values in a file.

mod check;
mod flags;
mod make;
mod show;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use lockstep_api::external_secret::CreationPolicy;

use self::make::{Made, Subject};
use super::ending::{Ending, Halt, complain, print};
use super::manifests;
use crate::cluster::folder::{Manifests, read_values};
use crate::controller::rendering::Rendering;
use crate::engine::problem::Problem;
use crate::engine::render::{Engine, Renderer};
use crate::engine::values::Values;

pub use self::flags::{Flags, Format};

pub async fn run(flags: &Flags) -> Result<Ending, Halt> {
    let mut manifests = manifests::read(&flags.files, flags.namespace.as_deref())?;
    manifests::spread(&mut manifests)?;
    manifests::check_is_there("--data", &flags.data)?;
    let given = read_values(&flags.data).map_err(|complaint| Halt::new(Ending::Finding, complaint))?;
    let subjects = subjects(flags, &manifests)?;
    tell_unused(flags, &subjects, &given);

    let engine = Engine::new(&flags.template_left_delimiter, &flags.template_right_delimiter);
    let rendering = Rendering::new(engine);
    let mut made = Vec::new();
    let mut ending = Ending::Fine;
    for subject in subjects {
        match target(flags, &rendering, &subject, &given).await {
            Ok(target) => made.push(target),
            Err(faults) => {
                ending = Ending::Finding;
                for fault in faults {
                    complain(&format!("{}: {}: {fault}", subject.place, subject.name()));
                }
            }
        }
    }
    for nothing in made.iter().filter_map(Made::why_nothing) {
        complain(&nothing);
    }
    print(&show::show(&made, flags.output, flags.reveal));
    Ok(ending)
}

/// The ExternalSecrets that are asked for.
fn subjects<'m>(flags: &Flags, manifests: &'m Manifests) -> Result<Vec<Subject<'m>>, Halt> {
    let all = manifests.external_secrets.iter();
    let asked = all.filter(|(key, _)| {
        flags.name.as_ref().is_none_or(|name| *name == key.name)
            && flags
                .namespace
                .as_ref()
                .is_none_or(|namespace| *namespace == key.namespace)
    });
    let subjects: Vec<_> = asked
        .filter_map(|(key, placed)| Subject::new(key, placed, manifests))
        .collect();
    if !subjects.is_empty() {
        return Ok(subjects);
    }
    let there: Vec<String> = manifests
        .external_secrets
        .keys()
        .map(ToString::to_string)
        .collect();
    let why = match there.as_slice() {
        [] => "no ExternalSecret in what -f names".to_owned(),
        there => format!("no such ExternalSecret; there are: {}", there.join(", ")),
    };
    Err(Halt::misuse(why))
}

/// Most often a misspelt key.
fn tell_unused(flags: &Flags, subjects: &[Subject], given: &Values) {
    for key in given
        .keys()
        .filter(|key| !subjects.iter().any(|subject| subject.takes(key)))
    {
        complain(&format!(
            "{}: key {key:?} is not used: no `data` of an ExternalSecret names it",
            flags.data.display()
        ));
    }
}

async fn target(
    flags: &Flags,
    rendering: &Rendering,
    subject: &Subject<'_>,
    given: &Values,
) -> Result<Made, Vec<String>> {
    let values = subject.values(given, &flags.data)?;
    let sources = subject.sources().map_err(|problem| vec![hint(&problem)])?;
    let work = |renderer: &mut Renderer| make::make(renderer, subject, values, &sources);
    let made = rendering.run(Timestamp::now(), true, work).await;
    let made = made
        .and_then(|made| made)
        .map_err(|problem| vec![hint(&problem)])?;
    let faults = made.target.as_ref().map(|target| {
        let is_whole = subject.spec.target.creation_policy() != CreationPolicy::Merge;
        check::faults(target, is_whole)
    });
    match faults {
        Some(faults) if !faults.is_empty() => Err(faults),
        _ => Ok(made),
    }
}

/// What is wrong, and what to do where that is not plain.
fn hint(problem: &Problem) -> String {
    let is_missing = matches!(problem.root(), Problem::ReferenceMissing { .. });
    let advice = if is_missing {
        "; give its manifest with -f"
    } else {
        ""
    };
    format!("{problem}{advice}")
}
