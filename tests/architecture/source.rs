//! A source file as tokens with their lines, and what the rules ask of it: its paths, functions and test code.
//!
//! Tokens and not text, so that a word in a comment or a string is never taken for code.

use super::token::{Kind, Token, tokens};

/// One file of source.
pub struct Source {
    /// Its path below `src/` (or `tests/`), with `/`.
    pub path: String,
    /// How many lines it has.
    pub lines: usize,
    /// Whether it opens with a `//!` paragraph.
    pub opens_with_doc: bool,
    tokens: Vec<Token>,
    modules: Vec<Module>,
    tests: Vec<Range>,
}

/// A module written inside the file.
struct Module {
    name: String,
    range: Range,
}

#[derive(Clone, Copy)]
struct Range {
    start: usize,
    end: usize,
}

impl Range {
    fn holds(&self, index: usize) -> bool {
        self.start < index && index < self.end
    }
}

/// A path as it stands in the code, such as `crate::db::Session` or, imported as a whole, `super::*`.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    /// Its words; those of the own crate begin with `crate`, whatever was written.
    pub segments: Vec<String>,
    pub line: usize,
    /// Whether it stands in a `use`.
    pub imported: bool,
    /// Whether it stands in test code.
    pub in_test: bool,
}

/// A function with a body.
pub struct Function {
    pub name: String,
    pub line: usize,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
}

impl Source {
    /// Reads a file; one that is no Rust is the compiler's business.
    pub fn parse(path: &str, text: &str) -> Result<Source, String> {
        let mut source = Source {
            path: path.to_owned(),
            lines: text.lines().count(),
            opens_with_doc: text.starts_with("//!"),
            tokens: tokens(text).map_err(|error| format!("{path}: {error}"))?,
            modules: Vec::new(),
            tests: Vec::new(),
        };
        source.find_modules();
        source.find_tests();
        Ok(source)
    }

    /// The first word of its path: the room it belongs to.
    pub fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Whether it has a submodule of this name.
    pub fn declares(&self, name: &str) -> bool {
        (0..self.tokens.len()).any(|index| self.is(index, "mod") && self.is(index + 1, name))
    }

    fn is(&self, index: usize, text: &str) -> bool {
        self.tokens
            .get(index)
            .is_some_and(|token| token.text == text && token.kind != Kind::Literal)
    }

    fn word(&self, index: usize) -> Option<&str> {
        self.tokens
            .get(index)
            .filter(|token| token.kind == Kind::Word)
            .map(|token| token.text.as_str())
    }

    fn in_test(&self, index: usize) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name == "tests.rs"
            || self.path.contains("/tests/")
            || self.tests.iter().any(|range| range.holds(index))
    }

    fn find_modules(&mut self) {
        for index in 0..self.tokens.len() {
            if self.is(index, "mod") && self.is(index + 2, "{") {
                let name = self.tokens[index + 1].text.clone();
                let range = self.group(index + 2);
                self.modules.push(Module { name, range });
            }
        }
    }

    /// `#[cfg(test)]`, `#[test]` and `#[tokio::test]` mark what follows up to the end of its braces.
    fn find_tests(&mut self) {
        for index in 0..self.tokens.len() {
            if !(self.is(index, "#") && self.is(index + 1, "[")) {
                continue;
            }
            let attribute = self.group(index + 1);
            let words: Vec<&str> = (attribute.start + 1..attribute.end)
                .filter_map(|index| self.word(index))
                .collect();
            if !matches!(
                words[..],
                ["test"] | ["cfg", "test"] | ["tokio", "test", ..]
            ) {
                continue;
            }
            let body = (attribute.end..self.tokens.len())
                .find(|&index| self.is(index, "{") || self.is(index, ";"));
            if let Some(body) = body.filter(|&body| self.is(body, "{")) {
                self.tests.push(Range {
                    start: index,
                    end: self.tokens[body].closes,
                });
            }
        }
    }

    fn group(&self, open: usize) -> Range {
        Range {
            start: open,
            end: self.tokens[open].closes,
        }
    }

    /// Every path of two words or more, and every imported one.
    pub fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        let mut imported_until = 0;
        for index in 0..self.tokens.len() {
            if self.is(index, "use") {
                imported_until = (index..self.tokens.len())
                    .find(|&end| self.is(end, ";"))
                    .unwrap_or(index);
            }
            let imported = index < imported_until;
            let begins = imported && self.is(index.wrapping_sub(1), "use")
                || !imported && !self.is(index.wrapping_sub(1), "::");
            if begins && self.word(index).is_some() {
                self.walk(index, &mut Vec::new(), imported, &mut paths);
            }
        }
        paths.retain(|path| path.imported || path.segments.len() > 1);
        paths
    }

    /// Follows a path, and all the branches of a `{…}`, to their ends. Returns where it stopped.
    fn walk(
        &self,
        mut index: usize,
        segments: &mut Vec<String>,
        imported: bool,
        paths: &mut Vec<Path>,
    ) -> usize {
        let depth = segments.len();
        let line = self.tokens[index].line;
        loop {
            if self.is(index, "{") && imported {
                let group = self.group(index);
                let mut branch = index + 1;
                while branch < group.end {
                    branch = self.walk(branch, segments, imported, paths) + 1;
                }
                segments.truncate(depth);
                return group.end + 1;
            }
            if self.word(index).is_none() && !self.is(index, "*") {
                break;
            }
            segments.push(self.tokens[index].text.clone());
            index += 1;
            if !self.is(index, "::") {
                break;
            }
            index += 1;
        }
        paths.push(Path {
            segments: self.resolve(segments, index - 1),
            line,
            imported,
            in_test: self.in_test(index - 1),
        });
        segments.truncate(depth);
        let end = |index: &usize| {
            !imported || self.is(*index, ",") || self.is(*index, ";") || self.is(*index, "}")
        };
        (index..self.tokens.len())
            .find(end)
            .unwrap_or(self.tokens.len())
    }

    /// `super` and `self` as paths from the crate's root.
    fn resolve(&self, segments: &[String], index: usize) -> Vec<String> {
        let first = segments.first().map_or("", String::as_str);
        if first == "dbscript" {
            let rest = segments[1..].iter().cloned();
            return std::iter::once("crate".to_owned()).chain(rest).collect();
        }
        if first != "super" && first != "self" {
            return segments.to_vec();
        }
        let mut module = vec!["crate".to_owned()];
        let file = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        module.extend(file.split('/').map(str::to_owned));
        if matches!(
            module.last().map(String::as_str),
            Some("mod" | "lib" | "main")
        ) {
            module.pop();
        }
        let inline = self
            .modules
            .iter()
            .filter(|module| module.range.holds(index));
        module.extend(inline.map(|module| module.name.clone()));
        for segment in segments {
            match segment.as_str() {
                "super" if module.len() > 1 => {
                    module.pop();
                }
                "super" | "self" => {}
                other => module.push(other.to_owned()),
            }
        }
        module
    }

    /// Every function with a body.
    pub fn functions(&self) -> Vec<Function> {
        let mut functions = Vec::new();
        for index in 0..self.tokens.len() {
            let Some(name) = self.word(index + 1).filter(|_| self.is(index, "fn")) else {
                continue;
            };
            let body = self.body(index + 2);
            if let Some(close) = body {
                functions.push(Function {
                    name: name.to_owned(),
                    line: self.tokens[index].line,
                    lines: self.tokens[close].line - self.tokens[index].line + 1,
                });
            }
        }
        functions
    }

    /// Where the body that follows a function's name closes; parentheses and brackets before it are skipped whole.
    fn body(&self, mut index: usize) -> Option<usize> {
        while let Some(token) = self.tokens.get(index) {
            match token.text.as_str() {
                "{" => return Some(token.closes),
                ";" => return None,
                _ if token.kind == Kind::Open => index = token.closes + 1,
                _ => index += 1,
            }
        }
        None
    }

    /// Where a macro of one of these names is called.
    pub fn macros<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = (&'a str, usize)> {
        self.words(names)
            .filter(|&(_, index)| self.is(index + 1, "!") && !self.is(index + 2, "="))
            .map(|(name, index)| (name, self.tokens[index].line))
    }

    /// Where a method of this name is called without arguments outside test code.
    pub fn bare_calls<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> {
        (1..self.tokens.len())
            .filter(move |&index| {
                self.is(index, name)
                    && self.is(index - 1, ".")
                    && self.is(index + 1, "(")
                    && self.is(index + 2, ")")
                    && !self.in_test(index)
            })
            .map(|index| self.tokens[index].line)
    }

    /// Where an attribute begins with one of these words.
    pub fn attributes<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = (&'a str, usize)> {
        self.words(names)
            .filter(|&(_, index)| {
                index >= 2
                    && self.is(index - 1, "[")
                    && (self.is(index - 2, "#") || self.is(index - 2, "!"))
            })
            .map(|(name, index)| (name, self.tokens[index].line))
    }

    /// Where a string of these is a pattern (`"sqlite" =>`) outside test code.
    pub fn matched_strings<'a>(&'a self, texts: &'a [&str]) -> impl Iterator<Item = usize> {
        (0..self.tokens.len())
            .filter(move |&index| {
                let token = &self.tokens[index];
                token.kind == Kind::Literal
                    && texts.contains(&token.text.trim_matches('"'))
                    && (self.is(index + 1, "=>")
                        || self.is(index + 1, "|")
                        || self.is(index.wrapping_sub(1), "=="))
                    && !self.in_test(index)
            })
            .map(|index| self.tokens[index].line)
    }

    fn words<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = (&'a str, usize)> {
        (0..self.tokens.len()).filter_map(|index| {
            let word = self.word(index)?;
            names.contains(&word).then_some((word, index))
        })
    }
}
