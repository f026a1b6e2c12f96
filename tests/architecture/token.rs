//! Rust source as a flat list of tokens with their lines.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One token.
#[derive(Debug)]
pub struct Token {
    /// As it is written.
    pub text: String,
    /// Its line, from 1.
    pub line: usize,
    /// What it is.
    pub kind: Kind,
    /// For an opening delimiter, where it closes.
    pub closes: usize,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Word,
    Sign,
    Literal,
    Open,
    Close,
}

/// The tokens of a file.
pub fn tokens(text: &str) -> Result<Vec<Token>, proc_macro2::LexError> {
    let stream: TokenStream = text.parse()?;
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    Ok(tokens)
}

/// Groups become an opening and a closing token; `::` and `=>` are one sign.
fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    let mut joint = false;
    for tree in stream {
        let line = tree.span().start().line;
        let mut token = |kind, text: String| {
            tokens.push(Token {
                text,
                line,
                kind,
                closes: 0,
            });
        };
        let mut continues = false;
        match tree {
            TokenTree::Ident(word) => token(Kind::Word, word.to_string()),
            TokenTree::Literal(literal) => token(Kind::Literal, literal.to_string()),
            TokenTree::Punct(sign) => {
                continues = sign.spacing() == proc_macro2::Spacing::Joint;
                match tokens.last_mut() {
                    Some(last) if joint && completes(&last.text, sign.as_char()) => {
                        last.text.push(sign.as_char());
                        continues = false;
                    }
                    _ => tokens.push(Token {
                        text: sign.as_char().to_string(),
                        line,
                        kind: Kind::Sign,
                        closes: 0,
                    }),
                }
            }
            TokenTree::Group(group) => flatten_group(&group, tokens),
        }
        joint = continues;
    }
}

fn completes(first: &str, second: char) -> bool {
    matches!((first, second), (":", ':') | ("=", '>' | '='))
}

fn flatten_group(group: &proc_macro2::Group, tokens: &mut Vec<Token>) {
    let (open, close) = match group.delimiter() {
        Delimiter::Brace => ("{", "}"),
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => return flatten(group.stream(), tokens),
    };
    let start = tokens.len();
    let mut push = |text: &str, line, kind| {
        tokens.push(Token {
            text: text.to_owned(),
            line,
            kind,
            closes: 0,
        });
    };
    push(open, group.span_open().start().line, Kind::Open);
    flatten(group.stream(), tokens);
    let end = tokens.len();
    tokens.push(Token {
        text: close.to_owned(),
        line: group.span_close().start().line,
        kind: Kind::Close,
        closes: 0,
    });
    tokens[start].closes = end;
}
