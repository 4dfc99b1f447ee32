//! Constraints on versions, such as `^1.2 || >=3 <4-0`.

use std::sync::LazyLock;

use regex::Regex;

use super::fault;
use super::version::{Version, compare_prereleases};
use crate::env::Env;
use crate::fault::Outcome;

/// A version in which numbers may be wildcards. Four groups: three numbers and a prerelease. (The `|` is an oddity of
/// the library; a version with one fails later.)
const VERSION: &str = concat!(
    r"v?([0-9|xX*]+)(\.[0-9|xX*]+)?(\.[0-9|xX*]+)?",
    r"(-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
);

const OPERATOR: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";

/// White space to Go's regular expressions.
const SPACE: &str = r"[\t\n\x0C\r ]";

fn compiled(pattern: &str) -> Regex {
    let pattern = pattern
        .replace("VERSION", VERSION)
        .replace("OPERATOR", OPERATOR)
        .replace('_', SPACE);
    Regex::new(&pattern).expect("a valid pattern")
}

static RANGE: LazyLock<Regex> = LazyLock::new(|| compiled("_*(VERSION)_+-_+(VERSION)_*"));
static ONE: LazyLock<Regex> = LazyLock::new(|| compiled("(OPERATOR)_*(VERSION)"));
static ALL: LazyLock<Regex> =
    LazyLock::new(|| compiled("^_*(?:OPERATOR)_*VERSION_*(?:(?:_+|,_*)(?:OPERATOR)_*VERSION_*)*$"));

/// Any of the groups has to hold, and of it all constraints.
pub(super) struct Constraints(Vec<Group>);

struct Group {
    constraints: Vec<Constraint>,
    /// Whether one of them names a prerelease; if none does, no prerelease will do.
    prereleases: bool,
}

struct Constraint {
    operator: Operator,
    version: Version,
    /// From which number on it has wildcards or nothing.
    wild: Wild,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wild {
    Major,
    Minor,
    Patch,
    Nothing,
}

#[derive(Clone, Copy)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

impl Constraints {
    pub(super) fn parse(env: &mut Env, text: &[u8]) -> Outcome<Self> {
        env.spend(text.len().saturating_mul(8))?;
        let text = std::str::from_utf8(text).map_err(|_| fault("improper constraint"))?;
        let text = without_ranges(env, text)?;
        let groups = text.split("||").map(Group::parse);
        groups.collect::<Outcome<_>>().map(Self)
    }

    pub(super) fn check(&self, version: &Version) -> bool {
        self.0.iter().any(|group| group.check(version))
    }
}

/// `1 - 2` is `>= 1, <= 2`.
fn without_ranges(env: &mut Env, text: &str) -> Outcome<String> {
    let mut out = text.to_owned();
    for range in RANGE.captures_iter(text) {
        env.spend(out.len())?;
        let bounds = format!(">= {}, <= {} ", &range[1], &range[6]);
        out = out.replacen(&range[0], &bounds, 1);
    }
    Ok(out)
}

impl Group {
    fn parse(text: &str) -> Outcome<Self> {
        if !ALL.is_match(text) {
            return Err(fault("improper constraint"));
        }
        let constraints = ONE.captures_iter(text).map(|found| Constraint::read(&found));
        let constraints: Vec<Constraint> = constraints.collect::<Outcome<_>>()?;
        let prereleases = constraints.iter().any(|one| !one.version.prerelease.is_empty());
        Ok(Self {
            constraints,
            prereleases,
        })
    }

    fn check(&self, version: &Version) -> bool {
        (self.prereleases || version.prerelease.is_empty())
            && self.constraints.iter().all(|one| one.check(version))
    }
}

impl Constraint {
    fn read(found: &regex::Captures) -> Outcome<Self> {
        let part = |group| found.get(group).map_or("", |part| part.as_str());
        let is_wild = |part: &str| matches!(part, "" | "x" | "X" | "*");
        let (major, minor, patch, prerelease) = (part(3), part(4), part(5), part(6));
        let (wild, version) = if is_wild(major) {
            (Wild::Major, format!("0.0.0{prerelease}"))
        } else if is_wild(minor.trim_start_matches('.')) {
            (Wild::Minor, format!("{major}.0.0{prerelease}"))
        } else if is_wild(patch.trim_start_matches('.')) {
            (Wild::Patch, format!("{major}{minor}.0{prerelease}"))
        } else {
            (Wild::Nothing, part(2).to_owned())
        };
        let version = Version::parse(version.as_bytes()).map_err(|_| fault("constraint parser error"))?;
        Ok(Self {
            operator: Operator::read(part(1)),
            version,
            wild,
        })
    }

    fn check(&self, version: &Version) -> bool {
        let order = version.compare(&self.version);
        match self.operator {
            Operator::Equal if self.wild != Wild::Nothing => self.tilde(version),
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => self.not_equal(version),
            Operator::Greater => self.greater(version),
            Operator::Less => order.is_lt(),
            Operator::GreaterEqual => order.is_ge(),
            Operator::LessEqual => self.less_or_equal(version),
            Operator::Tilde => self.tilde(version),
            Operator::Caret => self.caret(version),
        }
    }

    fn not_equal(&self, version: &Version) -> bool {
        let own = &self.version;
        let same_major = version.major == own.major;
        match self.wild {
            Wild::Minor => !same_major,
            Wild::Patch => {
                !same_major
                    || version.minor != own.minor
                    || compare_prereleases(&version.prerelease, &own.prerelease).is_ne()
            }
            Wild::Major | Wild::Nothing => version.compare(own).is_ne(),
        }
    }

    /// `>1` is `>=2`.
    fn greater(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.wild {
            Wild::Minor => version.major > own.major,
            Wild::Patch => (version.major, version.minor) > (own.major, own.minor),
            Wild::Major => version.major > own.major || version.compare(own).is_gt(),
            Wild::Nothing => version.compare(own).is_gt(),
        }
    }

    /// `<=1` is `<2`.
    fn less_or_equal(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.wild {
            Wild::Nothing => version.compare(own).is_le(),
            Wild::Minor => version.major <= own.major,
            Wild::Major | Wild::Patch => (version.major, version.minor) <= (own.major, own.minor),
        }
    }

    /// From this one on up to the next minor version, or to the next major one where there is no minor number.
    fn tilde(&self, version: &Version) -> bool {
        let own = &self.version;
        let zero = (own.major, own.minor, own.patch) == (0, 0, 0);
        if version.compare(own).is_lt() {
            return false;
        }
        match self.wild {
            Wild::Major | Wild::Nothing if zero => true,
            Wild::Minor => version.major == own.major,
            _ => (version.major, version.minor) == (own.major, own.minor),
        }
    }

    /// From this one on, as long as the first number stays that is not zero.
    fn caret(&self, version: &Version) -> bool {
        let own = &self.version;
        if version.compare(own).is_lt() || version.major != own.major {
            return false;
        }
        if own.major > 0 || self.wild == Wild::Minor {
            return true;
        }
        if own.minor > 0 || self.wild == Wild::Patch {
            return version.minor == own.minor;
        }
        version.minor == 0 && version.patch == own.patch
    }
}

impl Operator {
    fn read(text: &str) -> Self {
        match text {
            "!=" => Self::NotEqual,
            ">" => Self::Greater,
            "<" => Self::Less,
            ">=" | "=>" => Self::GreaterEqual,
            "<=" | "=<" => Self::LessEqual,
            "~" | "~>" => Self::Tilde,
            "^" => Self::Caret,
            _ => Self::Equal,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::call;
    use crate::value::Value;

    /// The results are Go's. The recorded cases have many more.
    #[test]
    fn constraints_hold_or_not() {
        for (constraint, version, wanted) in [
            ("^1.2 || >=3 <4-0", "3.9.0-a", Some(true)),
            (">=1.0.0-0 <3", "2.0.0-a", Some(true)),
            (">=1.0.0 <3", "2.0.0-a", Some(false)),
            ("1.2 - 2", "2.9.9", Some(true)),
            ("1 - 2 || 1 - 2", "3.0.0", Some(false)),
            ("^*", "1.0.0", Some(false)),
            ("~*", "1.0.0", Some(true)),
            ("^0.0", "0.0.9", Some(true)),
            ("^0.0.3", "0.0.4", Some(false)),
            ("!=1.2.x", "1.2.3", Some(false)),
            (">1.2", "1.2.9", Some(false)),
            ("<=1.2", "1.2.9", Some(true)),
            ("=1.2.3+a", "1.2.3+b", Some(true)),
            ("1.2.3\t,1.2.3", "1.2.3", Some(true)),
            ("1.2.3\u{b}", "1.2.3", None),
            ("1|2", "1.0.0", None),
            ("1.0.0 1", "1.0.0", Some(true)),
            ("", "1.0.0", None),
            ("1 ||", "1.0.0", None),
            ("x.1-01", "1.0.0", None),
        ] {
            let held = match call("semverCompare", &[Value::text(constraint), Value::text(version)]) {
                Ok(Value::Bool(held)) => Some(held),
                _ => None,
            };
            assert_eq!(held, wanted, "{constraint} {version}");
        }
    }
}
