//! Semantic versions, as Masterminds/semver 3.4 has them.

use super::{Args, Function, Param};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::Value;
use constraint::Constraints;

pub(super) use methods::{METHODS, POINTER_METHODS};
pub(crate) use version::Version;

mod constraint;
mod methods;
mod version;

pub(super) const TABLE: &[Function] = &[
    Function::new("semver", &[Param::Text], semver),
    Function::new("semverCompare", &[Param::Text, Param::Text], compare),
];

fn semver(env: &mut Env, args: Args) -> Outcome {
    let text = args.text(0)?;
    env.spend(text.len())?;
    Ok(Value::Version(Version::parse(text)?.into()))
}

fn compare(env: &mut Env, args: Args) -> Outcome {
    let constraints = Constraints::parse(env, args.text(0)?)?;
    env.spend(args.text(1)?.len())?;
    let version = Version::parse(args.text(1)?)?;
    Ok(Value::Bool(constraints.check(&version)))
}

fn fault(why: &'static str) -> Fault {
    Fault::new(why)
}
