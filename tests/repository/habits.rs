//! Habits that the compiler does not enforce.

use std::fs;

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::assert_none;
use crate::source::{files_below, relative, root, sources};

/// A match over one of these names every case: a new one does not compile until each place has decided on it.
const DECIDED_ONE_BY_ONE: [&str; 2] = ["Problem", "Provider"];

/// The one reason there is to leave a test out of a plain `cargo test`; `cargo xtask test` runs these.
const NEEDS_THE_BED: &str = "needs the test bed";

#[test]
fn problems_are_matched_exhaustively() {
    let mut findings = Vec::new();
    for source in sources() {
        let mut matches = Matches::default();
        matches.visit_file(&source.syntax());
        let found = matches
            .wildcards
            .into_iter()
            .map(|(line, of)| format!("{}:{line} `_ =>` beside `{of}::…`", source.path));
        findings.extend(found);
    }
    assert_none("name the cases instead of `_`:", &findings);
}

#[test]
fn nothing_is_unwrapped() {
    let mut findings = Vec::new();
    for source in sources() {
        findings.extend(
            source
                .lines_of_method("unwrap")
                .iter()
                .map(|line| format!("{}:{line}", source.path)),
        );
    }
    assert_none(
        "`unwrap` outside tests; return an error, or `expect` what always holds:",
        &findings,
    );
}

#[test]
fn what_is_ignored_needs_the_test_bed() {
    let mut findings = Vec::new();
    // Taken apart, so that this line is none of them.
    let (mark, right) = (concat!("#[", "ignore"), format!(" = \"{NEEDS_THE_BED}\"]"));
    for path in files_below(root())
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
    {
        let text = fs::read_to_string(&path).expect("a readable file");
        for (number, line) in text.lines().enumerate() {
            let wrong = line
                .trim_start()
                .strip_prefix(mark)
                .is_some_and(|rest| rest != right);
            if wrong {
                findings.push(format!("{}:{} {}", relative(&path), number + 1, line.trim()));
            }
        }
    }
    assert_none(
        &format!("an ignored test for another reason than `{NEEDS_THE_BED}`; mend it or remove it:"),
        &findings,
    );
}

#[derive(Default)]
struct Matches {
    wildcards: Vec<(usize, &'static str)>,
}

impl<'ast> Visit<'ast> for Matches {
    fn visit_expr_match(&mut self, expression: &'ast syn::ExprMatch) {
        let patterns = || expression.arms.iter().map(|arm| &arm.pat);
        let of = DECIDED_ONE_BY_ONE
            .into_iter()
            .find(|name| patterns().any(|pattern| is_case_of(pattern, name)));
        if let Some(of) = of {
            let wild = patterns().filter(|pattern| matches!(pattern, syn::Pat::Wild(_)));
            self.wildcards
                .extend(wild.map(|pattern| (pattern.span().start().line, of)));
        }
        visit::visit_expr_match(self, expression);
    }
}

/// Whether a pattern begins with a case of that enum: `Problem::Absent { .. }`.
fn is_case_of(pattern: &syn::Pat, name: &str) -> bool {
    let text: String = pattern.to_token_stream().to_string().split_whitespace().collect();
    text.starts_with(&format!("{name}::")) || text.contains(&format!("::{name}::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_matches_over_those_enums_need_every_case() {
        let text = "fn f() {
            match p { Problem::Absent { .. } | Problem::Late => 1, _ => 2 }
            match q { Other::Case => 1, _ => match r { engine::Problem::Late => 3, _ => 4 } }
        }";
        let mut matches = Matches::default();
        matches.visit_file(&syn::parse_file(text).expect("Rust"));
        assert_eq!(matches.wildcards, [(2, "Problem"), (3, "Problem")]);
    }
}
