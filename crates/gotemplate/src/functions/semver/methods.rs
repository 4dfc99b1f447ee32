//! The methods that a template can call on a version.
//!
//! Left out are those that take or give a `[]byte` (`MarshalJSON` and the like), and `Scan`, which changes its version.

use std::cmp::Ordering;

use super::{Version, fault, version};
use crate::env::Env;
use crate::fault::Outcome;
use crate::functions::{Args, Function, Param};
use crate::value::{Text, UintType, Value};

/// Of `semver.Version`.
pub(crate) const METHODS: &[Function] = &[
    Function::new("IncMajor", &[], |_, args| {
        let old = receiver(args)?;
        Ok(release(old, old.major.wrapping_add(1), 0, 0))
    }),
    Function::new("IncMinor", &[], |_, args| {
        let old = receiver(args)?;
        Ok(release(old, old.major, old.minor.wrapping_add(1), 0))
    }),
    Function::new("IncPatch", &[], |_, args| {
        let old = receiver(args)?;
        let patch = if old.prerelease.is_empty() {
            old.patch.wrapping_add(1)
        } else {
            old.patch
        };
        Ok(release(old, old.major, old.minor, patch))
    }),
    Function::new("Major", &[], |_, args| Ok(number(receiver(args)?.major))),
    Function::new("Metadata", &[], |env, args| text(env, &receiver(args)?.metadata)),
    Function::new("Minor", &[], |_, args| Ok(number(receiver(args)?.minor))),
    Function::new("Patch", &[], |_, args| Ok(number(receiver(args)?.patch))),
    Function::new("Prerelease", &[], |env, args| {
        text(env, &receiver(args)?.prerelease)
    }),
    Function::new("SetMetadata", &[Param::Text], |_, args| {
        let metadata = part(args.text(1)?, version::check_metadata)?;
        let old = receiver(args)?.clone();
        Ok(changed(Version { metadata, ..old }))
    }),
    Function::new("SetPrerelease", &[Param::Text], |_, args| {
        let prerelease = part(args.text(1)?, version::check_prerelease)?;
        let old = receiver(args)?.clone();
        Ok(changed(Version { prerelease, ..old }))
    }),
    Function::new("String", &[], |env, args| text(env, &receiver(args)?.display())),
    Function::new("Value", &[], |env, args| text(env, &receiver(args)?.display())),
];

/// Of `*semver.Version` only.
pub(crate) const POINTER_METHODS: &[Function] = &[
    Function::new("Compare", ONE, |_, args| Ok(Value::int(compare(args)? as i64))),
    Function::new("Equal", ONE, |_, args| match args.version(1)? {
        None => Ok(Value::Bool(false)),
        Some(_) => check(args, Ordering::is_eq),
    }),
    Function::new("GreaterThan", ONE, |_, args| check(args, Ordering::is_gt)),
    Function::new("GreaterThanEqual", ONE, |_, args| check(args, Ordering::is_ge)),
    Function::new("LessThan", ONE, |_, args| check(args, Ordering::is_lt)),
    Function::new("LessThanEqual", ONE, |_, args| check(args, Ordering::is_le)),
    Function::new("Original", &[], |env, args| text(env, &receiver(args)?.original)),
];

const ONE: &[Param] = &[Param::Version];

fn receiver(args: Args<'_>) -> Outcome<&Version> {
    let version = args.version(0)?;
    version.ok_or_else(|| fault("nil pointer evaluating *semver.Version"))
}

fn compare(args: Args) -> Outcome<Ordering> {
    let other = args.version(1)?;
    let other =
        other.ok_or_else(|| fault("runtime error: invalid memory address or nil pointer dereference"))?;
    Ok(receiver(args)?.compare(other))
}

fn check(args: Args, wanted: fn(Ordering) -> bool) -> Outcome {
    compare(args).map(|order| Value::Bool(wanted(order)))
}

fn part(text: &Text, check: fn(&str) -> Outcome<()>) -> Outcome<String> {
    let text = std::str::from_utf8(text).map_err(|_| fault("invalid characters in version"))?;
    if !text.is_empty() {
        check(text)?;
    }
    Ok(text.to_owned())
}

fn release(old: &Version, major: u64, minor: u64, patch: u64) -> Value {
    changed(Version {
        major,
        minor,
        patch,
        prerelease: String::new(),
        metadata: String::new(),
        ..old.clone()
    })
}

/// The original of a changed version is its text, with the `v` of the old one.
fn changed(mut version: Version) -> Value {
    let sign = if version.original.starts_with('v') {
        "v"
    } else {
        ""
    };
    version.original = format!("{sign}{}", version.display());
    version.by_value = true;
    Value::Version(version.into())
}

fn number(number: u64) -> Value {
    Value::Uint(number, UintType::Uint64)
}

fn text(env: &mut Env, text: &str) -> Outcome {
    env.spend(text.len())?;
    Ok(Value::text(text))
}
