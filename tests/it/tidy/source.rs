//! One Rust file as the rules see it. Comments and strings are gone, since the file is read as tokens.

use std::ops::RangeInclusive;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Macros that stand for work to be done.
const POSTPONING: [&str; 3] = ["dbg", "todo", "unimplemented"];

/// A Rust file of the tree.
pub(super) struct Source {
    /// Its path from the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// The items and attributes at its top level.
    pub(super) tokens: Vec<TokenTree>,
    /// Where the file stands in its crate, such as `["query", "bind"]`.
    pub(super) module: Vec<String>,
    pub(super) imports: Vec<Import>,
    pub(super) functions: Vec<Function>,
    /// Macros and attributes by which work is put off: line and what stands there.
    pub(super) postponed: Vec<(usize, String)>,
    /// The lines of its `#[cfg(test)]` modules; all lines of a file that holds tests only.
    pub(super) test_lines: Vec<RangeInclusive<usize>>,
}

/// A path that starts at the root of the crate, outside tests.
pub(super) struct Import {
    pub(super) line: usize,
    /// What follows `crate::`, with every group of a `use` taken apart.
    pub(super) path: String,
}

/// A function with a body.
pub(super) struct Function {
    /// Where it stands in its crate, with its own name last.
    pub(super) path: Vec<String>,
    pub(super) lines: usize,
    pub(super) is_test: bool,
}

impl Function {
    pub(super) fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

impl Source {
    pub(super) fn read(path: String, text: String) -> Source {
        let tokens: TokenStream = text.parse().unwrap_or_else(|problem| panic!("{path} does not parse: {problem}"));
        let module = module_of(&path);
        let only_tests = path.starts_with("tests/") || path.ends_with("/tests.rs");
        let mut source = Source {
            path,
            tokens: tokens.into_iter().collect(),
            module: module.clone(),
            imports: Vec::new(),
            functions: Vec::new(),
            postponed: Vec::new(),
            test_lines: if only_tests { vec![1..=text.lines().count()] } else { Vec::new() },
            text,
        };
        let tokens = source.tokens.clone();
        source.scan(&tokens, &module, only_tests);
        source
    }

    /// Whether the file is the front page of a room or of the crate.
    pub(super) fn is_front_page(&self) -> bool {
        self.path.ends_with("/mod.rs") || self.path.ends_with("src/lib.rs")
    }

    pub(super) fn is_test_line(&self, line: usize) -> bool {
        self.test_lines.iter().any(|it| it.contains(&line))
    }

    fn scan(&mut self, tokens: &[TokenTree], module: &[String], in_test: bool) {
        let mut attributes: Vec<String> = Vec::new();
        let mut rest = tokens;
        while let [first, after @ ..] = rest {
            rest = after;
            match (first, after) {
                (TokenTree::Punct(it), [TokenTree::Group(group), ..]) if it.as_char() == '#' => {
                    attributes.push(group.stream().to_string().replace(' ', ""));
                    if attributes.last().is_some_and(|it| it.starts_with("ignore")) {
                        self.postponed.push((line(first), "#[ignore]".to_owned()));
                    }
                    rest = &after[1..];
                }
                (TokenTree::Ident(it), [TokenTree::Ident(name), TokenTree::Group(body), ..]) if it == "mod" => {
                    let tests = attributes.iter().any(|it| it == "cfg(test)");
                    if tests {
                        self.test_lines.push(body.span_open().start().line..=body.span_close().end().line);
                    }
                    let inner: Vec<TokenTree> = body.stream().into_iter().collect();
                    self.scan(&inner, &joined(module, &name.to_string()), in_test || tests);
                    attributes.clear();
                    rest = &after[2..];
                }
                (TokenTree::Ident(it), [TokenTree::Ident(name), ..]) if it == "fn" => {
                    if let Some(end) = end_of_body(after) {
                        self.functions.push(Function {
                            path: joined(module, &name.to_string()),
                            lines: end + 1 - line(first),
                            is_test: attributes.iter().any(|it| it == "test"),
                        });
                    }
                    attributes.clear();
                }
                (TokenTree::Ident(it), [bang, ..]) if is(bang, '!') && POSTPONING.iter().any(|name| it == name) => {
                    self.postponed.push((line(first), format!("{it}!")));
                }
                (TokenTree::Ident(it), [a, b, path @ ..]) if is(a, ':') && is(b, ':') && !in_test => {
                    // The crate knows itself by its name too, for what the derive writes.
                    if it == "crate" || it == "diptych" {
                        self.import(line(first), path);
                    } else if it == "super" {
                        self.upward(module.len(), line(first), path);
                    }
                }
                (TokenTree::Group(group), _) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    self.scan(&inner, module, in_test);
                    if group.delimiter() == Delimiter::Brace {
                        attributes.clear();
                    }
                }
                (TokenTree::Punct(it), _) if it.as_char() == ';' => attributes.clear(),
                _ => {}
            }
        }
    }

    fn import(&mut self, line: usize, path: &[TokenTree]) {
        let mut paths = Vec::new();
        expand(path, "", &mut paths);
        self.imports.extend(paths.into_iter().map(|path| Import { line, path }));
    }

    /// A path of `super`s is an import when it climbs to the root of the crate.
    fn upward(&mut self, depth: usize, line: usize, mut path: &[TokenTree]) {
        let mut depth = depth.saturating_sub(1);
        while let [TokenTree::Ident(it), a, b, rest @ ..] = path
            && it == "super"
            && is(a, ':')
            && is(b, ':')
        {
            depth = depth.saturating_sub(1);
            path = rest;
        }
        if depth == 0 {
            self.import(line, path);
        }
    }
}

fn is(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(it) if it.as_char() == punct)
}

fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

fn joined(module: &[String], name: &str) -> Vec<String> {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

/// `src/query/bind.rs` is `query::bind`; so is `tests/it/query/bind.rs` in the test binary.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.rsplit_once("src/").map(|it| it.1).or_else(|| path.strip_prefix("tests/it/")).unwrap_or(path);
    let inside = inside.trim_end_matches(".rs").trim_end_matches("/mod");
    let crate_root = ["lib", "main", "mod"].contains(&inside);
    if crate_root { Vec::new() } else { inside.split('/').map(str::to_owned).collect() }
}

/// The last line of a function, or none where it only is declared.
fn end_of_body(tokens: &[TokenTree]) -> Option<usize> {
    for token in tokens {
        match token {
            TokenTree::Group(it) if it.delimiter() == Delimiter::Brace => return Some(it.span_close().end().line),
            TokenTree::Punct(it) if it.as_char() == ';' => return None,
            _ => {}
        }
    }
    None
}

/// Takes the groups of a path apart: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(tokens: &[TokenTree], before: &str, found: &mut Vec<String>) {
    match tokens {
        [TokenTree::Ident(it), a, b, rest @ ..] if is(a, ':') && is(b, ':') => {
            expand(rest, &format!("{before}{it}::"), found);
        }
        [TokenTree::Ident(it), ..] => found.push(format!("{before}{it}")),
        [TokenTree::Group(it), ..] if it.delimiter() == Delimiter::Brace => {
            let inner: Vec<TokenTree> = it.stream().into_iter().collect();
            inner.split(|it| is(it, ',')).filter(|it| !it.is_empty()).for_each(|it| expand(it, before, found));
        }
        _ => found.push(before.trim_end_matches("::").to_owned()),
    }
}

#[test]
fn paths_are_taken_apart() {
    let text = "
        use crate::{value::Kind, store::{self, tree::Slots}};
        // use crate::comment::Nothing;
        fn body() { let _ = \"crate::string\"; crate::id::make::<u8>(); super::super::txn::begin(); super::near(); }
        #[cfg(test)] mod tests { use crate::lab::Everything; }
    ";
    let source = Source::read("src/object/graph.rs".to_owned(), text.to_owned());
    let paths: Vec<&str> = source.imports.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, ["value::Kind", "store::self", "store::tree::Slots", "id::make", "txn::begin"]);
    assert_eq!(source.imports[0].line, 2);
    assert_eq!(source.functions[0].lines, 1);
    assert!(source.is_test_line(5) && !source.is_test_line(4));
}
