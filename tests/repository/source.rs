//! The sources, as tokens: what stands in comments, strings and tests is not there.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// One Rust file of `src/` or of a crate's `src/`.
pub struct Source {
    /// Relative to the repository, with `/`.
    pub path: String,
    pub text: String,
    /// Without items under `#[cfg(test)]`.
    pub tokens: TokenStream,
}

/// A path such as `crate::engine::Problem` somewhere in a file, use trees taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    pub path: String,
    pub line: usize,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the product: `src/` and each crate's `src/`, without files that are tests.
pub fn sources() -> Vec<Source> {
    let mut folders = vec![root().join("src")];
    let crates = fs::read_dir(root().join("crates")).expect("there are crates");
    folders.extend(crates.map(|entry| entry.expect("a readable folder").path().join("src")));
    let mut files: Vec<PathBuf> = folders.iter().flat_map(|folder| files_below(folder)).collect();
    files.sort();
    files.retain(|path| path.extension().is_some_and(|end| end == "rs"));
    let sources: Vec<Source> = files.iter().map(|path| Source::read(path)).collect();
    let tests: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    let is_test = |source: &Source| tests.iter().any(|module| source.is_below(module));
    sources.into_iter().filter(|source| !is_test(source)).collect()
}

/// Every file below a folder, without what cargo and git keep there.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            let name = path.file_name().unwrap_or_default();
            if path.is_dir() && !path.is_symlink() && name != "target" && name != ".git" && name != "out" {
                waiting.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found
}

pub fn relative(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a readable file");
        Self::parse(relative(path), text)
    }

    pub fn parse(path: String, text: String) -> Self {
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        Self {
            path,
            text,
            tokens: without_tests(tokens),
        }
    }

    pub fn syntax(&self) -> syn::File {
        syn::parse2(self.tokens.clone()).unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }

    pub fn is_below(&self, folder: &str) -> bool {
        self.path == format!("{folder}.rs") || self.path.starts_with(&format!("{folder}/"))
    }

    /// The files and folders, without `.rs`, that `#[cfg(test)] mod …;` brings in.
    fn test_modules(&self) -> Vec<String> {
        let folder = self
            .path
            .trim_end_matches(".rs")
            .trim_end_matches("/mod")
            .trim_end_matches("/lib");
        let folder = folder.trim_end_matches("/main");
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        let marked = lines
            .windows(2)
            .filter(|pair| pair[0] == "#[cfg(test)]")
            .map(|pair| pair[1]);
        let modules = marked.filter_map(|line| line.split_once("mod ")?.1.strip_suffix(';'));
        modules.map(|name| format!("{folder}/{name}")).collect()
    }

    /// Every path of two or more segments, `self` and `super` resolved by where the file is.
    pub fn names(&self) -> Vec<Named> {
        let mut found = Vec::new();
        collect(self.tokens.clone(), &[], &mut found);
        let module = self.module();
        for named in &mut found {
            named.path = resolved(&named.path, &module);
        }
        found
    }

    /// Lines of every plain identifier of this name.
    pub fn lines_of(&self, identifier: &str) -> Vec<usize> {
        let mut found = Vec::new();
        visit(self.tokens.clone(), &mut |token| {
            if matches!(token, TokenTree::Ident(ident) if ident == identifier) {
                found.push(token.span().start().line);
            }
        });
        found
    }

    /// Lines of every call of this method.
    pub fn lines_of_method(&self, name: &str) -> Vec<usize> {
        let mut found = Vec::new();
        let mut after_dot = false;
        visit(self.tokens.clone(), &mut |token| {
            if after_dot && matches!(token, TokenTree::Ident(ident) if ident == name) {
                found.push(token.span().start().line);
            }
            after_dot = matches!(token, TokenTree::Punct(punct) if punct.as_char() == '.');
        });
        found
    }

    fn module(&self) -> Vec<String> {
        let inside = self
            .path
            .split_once("src/")
            .map_or(self.path.as_str(), |(_, inside)| inside);
        let inside = inside.trim_end_matches(".rs").trim_end_matches("/mod");
        let root = matches!(inside, "lib" | "main");
        std::iter::once("crate")
            .chain(inside.split('/').filter(|_| !root))
            .map(str::to_owned)
            .collect()
    }
}

fn visit(tokens: TokenStream, see: &mut impl FnMut(&TokenTree)) {
    for token in tokens {
        see(&token);
        if let TokenTree::Group(group) = token {
            visit(group.stream(), see);
        }
    }
}

/// Leaves out every item that `#[cfg(test)]` or `#[test]` stands before, at any depth.
fn without_tests(tokens: TokenStream) -> TokenStream {
    let mut kept = Vec::new();
    let mut skipping = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_hash = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
        if is_hash && tokens.peek().is_some_and(marks_a_test) {
            skipping = true;
        }
        if skipping {
            let ends = match &token {
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                TokenTree::Punct(punct) => punct.as_char() == ';',
                TokenTree::Ident(_) | TokenTree::Literal(_) => false,
            };
            skipping = !ends;
            continue;
        }
        kept.push(match token {
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(group.delimiter(), without_tests(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other,
        });
    }
    kept.into_iter().collect()
}

fn marks_a_test(attribute: &TokenTree) -> bool {
    let TokenTree::Group(group) = attribute else {
        return false;
    };
    let text: String = group.stream().to_string().split_whitespace().collect();
    text == "test" || text.starts_with("cfg(test") || text.starts_with("cfg(all(test")
}

/// Walks a token stream and writes down each `a::b::c`, also each leaf of `a::{b, c::d}`.
fn collect(tokens: TokenStream, prefix: &[String], found: &mut Vec<Named>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => collect(group.stream(), prefix, found),
            TokenTree::Ident(first) => {
                let line = first.span().start().line;
                let mut path = prefix.to_vec();
                path.push(first.to_string());
                while takes_colons(&mut tokens) {
                    match tokens.peek() {
                        Some(TokenTree::Ident(next)) => path.push(next.to_string()),
                        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                            collect(group.stream(), &path, found);
                        }
                        _ => break,
                    }
                    tokens.next();
                }
                if path.len() > 1 {
                    found.push(Named {
                        path: path.join("::"),
                        line,
                    });
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn takes_colons(tokens: &mut std::iter::Peekable<proc_macro2::token_stream::IntoIter>) -> bool {
    let joint = |token: &TokenTree, spacing| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':' && punct.spacing() == spacing);
    if tokens.peek().is_some_and(|token| joint(token, Spacing::Joint)) {
        tokens.next();
        tokens.next();
        return true;
    }
    false
}

fn resolved(path: &str, module: &[String]) -> String {
    let mut segments: Vec<&str> = path.split("::").collect();
    let mut base: Vec<&str> = module.iter().map(String::as_str).collect();
    let mut relative = false;
    while let Some(&first) = segments.first() {
        match first {
            "self" => {}
            "super" => drop(base.pop()),
            _ => break,
        }
        relative = true;
        segments.remove(0);
    }
    if relative {
        [base, segments].concat().join("::")
    } else {
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(path: &str, text: &str) -> Vec<String> {
        let source = Source::parse(path.to_owned(), text.to_owned());
        source
            .names()
            .into_iter()
            .map(|named| format!("{} {}", named.path, named.line))
            .collect()
    }

    #[test]
    fn use_trees_macros_and_relative_paths_are_seen() {
        let text = "use a::{b, c::{d, self}};\nuse super::super::x::y;\nfn f() { log!(self::z::w, \"q::r\"); // s::t\n}";
        let seen = names_in("src/one/two.rs", text);
        let expected = [
            "a::b 1",
            "a::c::d 1",
            "a::c::self 1",
            "a::c 1",
            "a 1",
            "crate::x::y 2",
            "crate::one::two::z::w 3",
        ];
        for name in expected.iter().filter(|name| name.contains("::")) {
            assert!(seen.iter().any(|seen| seen == name), "{name} not in {seen:?}");
        }
        assert!(
            !seen
                .iter()
                .any(|seen| seen.contains("q::") || seen.contains("s::")),
            "{seen:?}"
        );
    }

    #[test]
    fn a_module_for_tests_is_known_by_its_mark() {
        let text = "mod a;\n#[cfg(test)]\nmod b;\n#[cfg(test)]\npub(crate) mod c;\n#[cfg(test)]\nmod d {}\n";
        for (path, expected) in [
            ("src/x/mod.rs", ["src/x/b", "src/x/c"]),
            ("src/x.rs", ["src/x/b", "src/x/c"]),
        ] {
            assert_eq!(
                Source::parse(path.to_owned(), text.to_owned()).test_modules(),
                expected
            );
        }
        assert_eq!(
            Source::parse("src/lib.rs".to_owned(), text.to_owned()).test_modules(),
            ["src/b", "src/c"]
        );
    }

    #[test]
    fn tests_are_not_there_and_what_follows_them_is() {
        let text = "#[cfg(test)]\nmod tests { use a::b; }\n#[cfg(test)]\nuse c::d;\nimpl X { #[test] fn t() { e::f() } fn g() { h::i() } }";
        assert_eq!(names_in("src/lib.rs", text), ["h::i 5"]);
    }
}
