//! A version and its order.

use std::cmp::Ordering;

use super::fault;
use crate::fault::Outcome;
use crate::value::{UintType, Value};

/// `semver.Version`. All of its text is ASCII.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Version {
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) patch: u64,
    /// Empty where it has none.
    pub(super) prerelease: String,
    pub(super) metadata: String,
    pub(super) original: String,
    /// Whether it is no `*semver.Version`, which has more methods. Methods that change a version give such a one.
    pub(crate) by_value: bool,
}

impl Version {
    /// Takes `v1`, `1.2` and `01.02.03` too.
    pub(super) fn parse(text: &[u8]) -> Outcome<Self> {
        let bad = || fault("invalid semantic version");
        let original = std::str::from_utf8(text).map_err(|_| bad())?;
        let rest = original.strip_prefix('v').unwrap_or(original);
        let (rest, metadata) = match rest.split_once('+') {
            Some((rest, metadata)) => (rest, Some(metadata)),
            None => (rest, None),
        };
        let (numbers, prerelease) = match rest.split_once('-') {
            Some((numbers, prerelease)) => (numbers, Some(prerelease)),
            None => (rest, None),
        };
        let mut parts = [0; 3];
        for (index, number) in numbers.split('.').enumerate() {
            *parts.get_mut(index).ok_or_else(bad)? = segment(number)?;
        }
        let [major, minor, patch] = parts;
        if let Some(prerelease) = prerelease {
            check_prerelease(prerelease)?;
        }
        if let Some(metadata) = metadata {
            check_metadata(metadata)?;
        }
        Ok(Self {
            major,
            minor,
            patch,
            prerelease: prerelease.unwrap_or_default().to_owned(),
            metadata: metadata.unwrap_or_default().to_owned(),
            original: original.to_owned(),
            by_value: false,
        })
    }

    /// Go's `String()`: without a leading `v`, and with all three numbers.
    pub(crate) fn display(&self) -> String {
        let mut text = format!("{}.{}.{}", self.major, self.minor, self.patch);
        for (sign, part) in [("-", &self.prerelease), ("+", &self.metadata)] {
            if !part.is_empty() {
                text.push_str(sign);
                text.push_str(part);
            }
        }
        text
    }

    /// As `printf` shows them where it does not ask for a text.
    pub(crate) fn fields(&self) -> Vec<(&'static str, Value)> {
        let number = |number| Value::Uint(number, UintType::Uint64);
        let text = |text: &String| Value::text(text.as_str());
        vec![
            ("major", number(self.major)),
            ("minor", number(self.minor)),
            ("patch", number(self.patch)),
            ("pre", text(&self.prerelease)),
            ("metadata", text(&self.metadata)),
            ("original", text(&self.original)),
        ]
    }

    /// Metadata does not count.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| {
            match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_prereleases(&self.prerelease, &other.prerelease),
            }
        })
    }
}

fn segment(digits: &str) -> Outcome<u64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fault("invalid semantic version"));
    }
    let number = digits.parse();
    number.map_err(|_| fault("error parsing version segment: value out of range"))
}

pub(super) fn check_prerelease(text: &str) -> Outcome<()> {
    for part in text.split('.') {
        if !is_identifier(part) {
            return Err(fault("invalid prerelease string"));
        }
        if part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(fault("version segment starts with 0"));
        }
    }
    Ok(())
}

pub(super) fn check_metadata(text: &str) -> Outcome<()> {
    if text.split('.').all(is_identifier) {
        Ok(())
    } else {
        Err(fault("invalid metadata string"))
    }
}

fn is_identifier(part: &str) -> bool {
    !part.is_empty()
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Part by part; where one ends, the longer is greater.
pub(super) fn compare_prereleases(one: &str, two: &str) -> Ordering {
    let (mut one, mut two) = (one.split('.'), two.split('.'));
    loop {
        let (left, right) = match (one.next(), two.next()) {
            (None, None) => return Ordering::Equal,
            (left, right) => (left.unwrap_or_default(), right.unwrap_or_default()),
        };
        if left != right {
            return compare_parts(left, right);
        }
    }
}

/// Numbers are less than words. A number beyond 64 bits is a word.
fn compare_parts(left: &str, right: &str) -> Ordering {
    match (left.parse::<u64>(), right.parse::<u64>()) {
        _ if left.is_empty() || right.is_empty() => left.len().cmp(&right.len()),
        (Ok(left), Ok(right)) => left.cmp(&right),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => left.cmp(right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_loosely() {
        for (text, wanted) in [
            ("1", Some("1.0.0")),
            ("v1.2", Some("1.2.0")),
            ("01.02.03", Some("1.2.3")),
            ("1-a.b+c.01", Some("1.0.0-a.b+c.01")),
            ("1.2+3-4", Some("1.2.0+3-4")),
            ("1.2.3--", Some("1.2.3--")),
            ("1.2.3-01a", Some("1.2.3-01a")),
            ("18446744073709551615", Some("18446744073709551615.0.0")),
            ("18446744073709551616", None),
            ("1.2.3-01", None),
            ("1.2.3-", None),
            ("1.2.3+", None),
            ("1.2.3+a+b", None),
            ("1.2.3-a..b", None),
            ("1.2.3.4", None),
            ("1.", None),
            ("", None),
            ("v", None),
            ("V1", None),
            (" 1.2.3", None),
            ("1.2.3\n", None),
            ("1.x", None),
        ] {
            let version = Version::parse(text.as_bytes()).ok();
            assert_eq!(version.map(|it| it.display()).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn versions_have_an_order() {
        let ordered = [
            "0.0.1-0",
            "0.0.1",
            "1.0.0-1",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0-18446744073709551616",
            "1.0.0-A",
            "1.0.0-a",
            "1.0.0-a.1",
            "1.0.0-a.b",
            "1.0.0",
            "1.0.1",
        ]
        .map(|text| Version::parse(text.as_bytes()).unwrap_or_else(|_| panic!("{text}")));
        for (left, one) in ordered.iter().enumerate() {
            for (right, two) in ordered.iter().enumerate() {
                assert_eq!(
                    one.compare(two),
                    left.cmp(&right),
                    "{} {}",
                    one.original,
                    two.original
                );
            }
        }
    }
}
