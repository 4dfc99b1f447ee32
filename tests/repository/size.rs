//! A function fits on a screen, a file says one thing.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::assert_none;
use crate::source::sources;

const FUNCTION_LINES: usize = 60;
const FILE_LINES: usize = 400;

/// Files that are long on purpose, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

#[test]
fn functions_fit_on_a_screen() {
    let mut findings = Vec::new();
    for source in sources() {
        let mut functions = Functions::default();
        functions.visit_file(&source.syntax());
        let long = functions
            .found
            .into_iter()
            .filter(|(_, _, lines)| *lines > FUNCTION_LINES);
        findings
            .extend(long.map(|(name, line, lines)| format!("{}:{line} {name}: {lines} lines", source.path)));
    }
    assert_none(
        &format!("functions of more than {FUNCTION_LINES} lines; give their parts names:"),
        &findings,
    );
}

#[test]
fn files_say_one_thing() {
    let mut findings = Vec::new();
    for source in sources() {
        let lines = source
            .text
            .lines()
            .take_while(|line| line.trim() != "#[cfg(test)]")
            .count();
        let excused = LONG_FILES.iter().any(|(path, _)| *path == source.path);
        if lines > FILE_LINES && !excused {
            findings.push(format!("{}: {lines} lines before its tests", source.path));
        }
        if lines <= FILE_LINES && excused {
            findings.push(format!("{}: no longer long, take it off LONG_FILES", source.path));
        }
    }
    assert_none(
        &format!("files of more than {FILE_LINES} lines; one thing a file:"),
        &findings,
    );
}

#[derive(Default)]
struct Functions {
    found: Vec<(String, usize, usize)>,
}

impl Functions {
    fn note(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (first, last) = (
            signature.span().start().line,
            block.brace_token.span.close().end().line,
        );
        self.found
            .push((signature.ident.to_string(), first, last + 1 - first));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.note(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.note(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.note(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}
