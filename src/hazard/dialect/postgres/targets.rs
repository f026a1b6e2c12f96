//! `SELECT … INTO variable` and `RETURNING … INTO variable` of PL/pgSQL, which the parser does not know: the targets are
//! blanked out before it reads the body, byte for byte, so that places stay what they are.

use crate::db::Engine;
use crate::hazard::dialect::{Lexer, Token, TokenKind};

/// A body without the variables its statements put rows into.
pub(super) fn blanked(body: &str) -> String {
    let tokens: Vec<Token> = Lexer::new(Engine::Postgres, body)
        .filter(|token| !token.kind.is_blank())
        .collect();
    let piece = |index: usize| {
        tokens
            .get(index)
            .map_or("", |token| &body[token.start..token.end])
    };
    let mut bytes = body.as_bytes().to_vec();
    let mut leads = true;
    let mut takes = false;
    let mut depth = 0usize;
    let mut at = 0;
    while at < tokens.len() {
        let here = piece(at);
        if leads && tokens[at].kind == TokenKind::Word {
            takes = is_any(here, &STATEMENTS);
        }
        leads = here == ";" || is_any(here, &BEGINNINGS);
        match here {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            ";" => depth = 0,
            _ if takes && depth == 0 && here.eq_ignore_ascii_case("into") => {
                let before = at.checked_sub(1).map_or("", piece);
                if !is_any(before, &["insert", "merge"]) {
                    let end = targets_end(&piece, at).min(tokens.len());
                    for token in &tokens[at..end] {
                        bytes[token.start..token.end].fill(b' ');
                    }
                    at = end;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    // Whole tokens were blanked, so it is still UTF-8.
    String::from_utf8(bytes).unwrap_or_else(|_| body.to_owned())
}

/// Statements that put rows into variables; EXECUTE and FETCH do so too, but those the parser knows.
const STATEMENTS: [&str; 7] = [
    "select", "with", "insert", "update", "delete", "merge", "values",
];

/// What a statement may follow, besides a `;`.
const BEGINNINGS: [&str; 5] = ["begin", "then", "else", "loop", "query"];

fn is_any(piece: &str, words: &[&str]) -> bool {
    words.iter().any(|word| piece.eq_ignore_ascii_case(word))
}

/// The token behind the targets of an INTO: `INTO STRICT a.b, c[1]`.
fn targets_end<'a>(piece: &impl Fn(usize) -> &'a str, into: usize) -> usize {
    let mut at = into + 1;
    if piece(at).eq_ignore_ascii_case("strict") {
        at += 1;
    }
    loop {
        at += 1;
        loop {
            match piece(at) {
                "." => at += 2,
                "[" => {
                    while !matches!(piece(at), "]" | ";" | "") {
                        at += 1;
                    }
                    at += usize::from(piece(at) == "]");
                }
                _ => break,
            }
        }
        match piece(at) {
            "," => at += 1,
            _ => return at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_targets_are_blanked() {
        for (body, expected) in [
            (
                "BEGIN SELECT a INTO x FROM t; END",
                "BEGIN SELECT a        FROM t; END",
            ),
            (
                "BEGIN SELECT INTO STRICT x.y, z[1] a, b FROM t; END",
                "BEGIN SELECT                       a, b FROM t; END",
            ),
            (
                "BEGIN INSERT INTO t VALUES (1) RETURNING id INTO é; END",
                "BEGIN INSERT INTO t VALUES (1) RETURNING id        ; END",
            ),
            (
                "BEGIN EXECUTE 's' INTO x; FETCH c INTO y; END",
                "BEGIN EXECUTE 's' INTO x; FETCH c INTO y; END",
            ),
            (
                "BEGIN x := 'SELECT a INTO b'; END",
                "BEGIN x := 'SELECT a INTO b'; END",
            ),
            ("SELECT a INTO", "SELECT a     "),
        ] {
            assert_eq!(blanked(body), expected);
        }
    }
}
