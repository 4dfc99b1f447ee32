//! Files of lines `KEY=VALUE`.
//!
//! ```text
//! # a comment; so is what follows a value and a blank
//! PLAIN=as it stands, without the blanks around it   # comment
//! export EXPORTED=as in a shell
//! SINGLE='as it stands, over
//! several lines'
//! DOUBLE="the same, but \n \r \t \\ \" \$ and \` mean what they mean in most languages"
//! EMPTY=
//! ```
//!
//! Nothing is expanded: a `$` is a `$`. A name has letters, digits, `_`, `.` and `-`, and no digit first. Of a name that
//! stands twice the last one counts. A file that cannot be understood gives nothing at all, and no error quotes it.

use zeroize::Zeroizing;

use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// What is wrong, and on which line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) why: &'static str,
}

pub(super) fn parse(content: &[u8]) -> Result<Values, Fault> {
    let text = std::str::from_utf8(content).map_err(|error| Fault {
        line: 1 + newlines(&content[..error.valid_up_to()]),
        why: "is no text in UTF-8",
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { text, left: text };
    let mut values = Values::new();
    while let Some((name, value)) = reader.next()? {
        values.insert(name.to_owned(), value);
    }
    Ok(values)
}

struct Reader<'t> {
    text: &'t str,
    left: &'t str,
}

impl<'t> Reader<'t> {
    /// The next line that says something.
    fn next(&mut self) -> Result<Option<(&'t str, SecretBytes)>, Fault> {
        loop {
            self.left = self.left.trim_start_matches([' ', '\t', '\r', '\n']);
            if self.left.is_empty() {
                return Ok(None);
            }
            if !self.left.starts_with('#') {
                return self.assignment().map(Some);
            }
            self.line();
        }
    }

    fn assignment(&mut self) -> Result<(&'t str, SecretBytes), Fault> {
        let mut name = self.name()?;
        if name == "export" && !self.left.starts_with('=') {
            name = self.name()?;
        }
        self.left = self
            .left
            .strip_prefix('=')
            .ok_or_else(|| self.fault("has no `=` after the name"))?;
        self.blanks();
        let begin = self.left;
        let value = match begin.chars().next() {
            Some('\'') => SecretBytes::from(self.quoted('\'')?),
            Some('"') => unescaped(self.quoted('"')?),
            _ => SecretBytes::from(without_comment(self.line())),
        };
        if value.expose().contains(&0) {
            return Err(self.fault_at(begin, "has a zero byte in its value"));
        }
        Ok((name, value))
    }

    fn name(&mut self) -> Result<&'t str, Fault> {
        let is_outer = |next: char| !(next.is_ascii_alphanumeric() || matches!(next, '_' | '.' | '-'));
        let (name, left) = self
            .left
            .split_at(self.left.find(is_outer).unwrap_or(self.left.len()));
        if !name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            let why = "does not begin with a name of letters, digits, `_`, `.` and `-`, no digit first";
            return Err(self.fault(why));
        }
        self.left = left;
        self.blanks();
        Ok(name)
    }

    /// Over as many lines as there are. After it, only a comment may follow.
    fn quoted(&mut self, quote: char) -> Result<&'t str, Fault> {
        let inside = &self.left[1..];
        let end = closing(inside, quote).ok_or_else(|| self.fault("has a quote that is never closed"))?;
        self.left = &inside[end + 1..];
        self.blanks();
        if !self.left.is_empty() && !self.left.starts_with(['#', '\r', '\n']) {
            return Err(self.fault("goes on after the closing quote"));
        }
        self.line();
        Ok(&inside[..end])
    }

    /// What is left of the line.
    fn line(&mut self) -> &'t str {
        let (line, left) = self
            .left
            .split_at(self.left.find('\n').unwrap_or(self.left.len()));
        self.left = left;
        line
    }

    fn blanks(&mut self) {
        self.left = self.left.trim_start_matches([' ', '\t']);
    }

    fn fault(&self, why: &'static str) -> Fault {
        self.fault_at(self.left, why)
    }

    fn fault_at(&self, left: &str, why: &'static str) -> Fault {
        let before = &self.text.as_bytes()[..self.text.len() - left.len()];
        let line = 1 + newlines(before);
        Fault { line, why }
    }
}

/// Where the quote is closed. In double quotes, a backslash takes the next character with it.
fn closing(inside: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    inside
        .char_indices()
        .find(|(_, next)| {
            let closes = !is_escaped && *next == quote;
            is_escaped = quote == '"' && *next == '\\' && !is_escaped;
            closes
        })
        .map(|(at, _)| at)
}

/// A comment has a blank before it.
fn without_comment(line: &str) -> &str {
    let mut is_after_blank = true;
    let comment = line.find(|next| {
        let begins = next == '#' && is_after_blank;
        is_after_blank = matches!(next, ' ' | '\t');
        begins
    });
    line[..comment.unwrap_or(line.len())].trim_end_matches([' ', '\t', '\r'])
}

/// A backslash before anything else stands for itself.
fn unescaped(inside: &str) -> SecretBytes {
    // Room for all of it: a buffer that grows leaves copies behind it.
    let mut value = Zeroizing::new(String::with_capacity(inside.len()));
    let mut left = inside.chars();
    while let Some(next) = left.next() {
        let meant = match (next, left.clone().next()) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('r')) => '\r',
            ('\\', Some('t')) => '\t',
            ('\\', Some(same @ ('\\' | '"' | '$' | '`'))) => same,
            _ => {
                value.push(next);
                continue;
            }
        };
        value.push(meant);
        left.next();
    }
    SecretBytes::from(value.as_str())
}

fn newlines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').skip(1).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, Fault> {
        let text_of = |value: &SecretBytes| String::from_utf8(value.expose().to_vec()).expect("text");
        let values = parse(text.as_bytes())?;
        Ok(values
            .iter()
            .map(|(key, value)| (key.clone(), text_of(value)))
            .collect())
    }

    #[test]
    fn a_value_is_what_it_looks_like() {
        for (line, value) in [
            ("K=v", "v"),
            ("K=", ""),
            ("K= # none", ""),
            ("K=#none", ""),
            ("  K \t=  a b  \t", "a b"),
            ("K=a#b", "a#b"),
            ("K=a #b", "a"),
            ("export K=v", "v"),
            ("\u{feff}K=v", "v"),
            ("K=a=b", "a=b"),
            ("K=$HOME ${X} $(x) `x`", "$HOME ${X} $(x) `x`"),
            ("K=a\\nb", "a\\nb"),
            ("K=it's", "it's"),
            ("K='a \"b\" $c \\n # d'", "a \"b\" $c \\n # d"),
            ("K='a\nb' # c", "a\nb"),
            (
                r#"K="a \"b\" \$c \\ \n\r\t\` \x # d" # e"#,
                "a \"b\" $c \\ \n\r\t` \\x # d",
            ),
            ("K=\"a\r\nb\"\r\n", "a\r\nb"),
            ("K=v\r\n", "v"),
            ("K=old\nK=new", "new"),
        ] {
            let expected = vec![("K".to_owned(), value.to_owned())];
            assert_eq!(read(line), Ok(expected), "{line:?}");
        }
    }

    #[test]
    fn names_are_told_apart_from_what_stands_between_them() {
        let text = "# a comment\n\n \t\r\nA=1\nexport=2\nexport b.c-d_0='3\n'\n#B=4\n_E=\n";
        let names: Vec<_> = read(text)
            .expect("values")
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["A", "_E", "b.c-d_0", "export"]);
        assert_eq!(read(""), Ok(Vec::new()));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_line_and_not_quoted() {
        for (text, line, why) in [
            ("A=1\ncanary", 2, "no `=`"),
            ("A='x\ny'\n=canary", 3, "does not begin"),
            ("A=1\nB=\"canary\n\n", 2, "never closed"),
            ("B='canary' canary", 1, "goes on"),
            ("1A=canary", 1, "does not begin"),
            ("export A", 1, "no `=`"),
            ("A=can\0ary", 1, "zero byte"),
        ] {
            let fault = read(text).expect_err("a fault");
            assert_eq!(fault.line, line, "{text:?}");
            assert!(
                fault.why.contains(why) && !fault.why.contains("canary"),
                "{text:?}: {fault:?}"
            );
        }
        assert_eq!(parse(b"A=1\nB=\xff").expect_err("a fault").line, 2);
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[KE='\"\\\\ #$`\n\r\texpor.\u{fc}\0-]{0,60}") {
            let _ = parse(text.as_bytes());
        }

        #[test]
        fn what_stands_in_single_quotes_stands_for_itself(value in "[^'\0]{0,60}") {
            let read = read(&format!("K='{value}'")).expect("values");
            prop_assert_eq!(&read[0].1, &value);
        }
    }
}
