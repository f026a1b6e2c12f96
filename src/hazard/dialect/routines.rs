//! Routines that exist already: what they may do, told by their words, and where a statement calls them.

use std::collections::HashSet;

use super::{Lexer, TokenKind, unquoted};
use crate::db::Engine;
use crate::ident::TableName;

/// What a routine of the database may do when it is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::hazard) struct Deeds {
    /// What it may call: bare names in lower case, none of them the server's own.
    pub(in crate::hazard) calls: Vec<String>,
    /// Why it may write, in words, such as `DELETE`.
    pub(in crate::hazard) writes: Option<String>,
}

/// Keywords of statements that write, or run what cannot be seen.
const WRITES: [&str; 13] = [
    "delete", "update", "insert", "truncate", "drop", "alter", "merge", "copy", "replace",
    "rename", "load", "execute", "setval",
];

/// First words of statements that define or name things: a name with a bracket behind it is no call there.
const DEFINES: [&str; 7] = [
    "create", "alter", "drop", "rename", "grant", "revoke", "truncate",
];

/// Words before a table, whose columns may follow in brackets.
const BEFORE_TABLES: [&str; 5] = ["into", "table", "update", "references", "join"];

/// PostgreSQL's own functions that stand alone in a SELECT, besides those that begin like [`BEGINNINGS`]; without a
/// database nobody else tells them from those of the user.
const BUILT_IN: [&str; 42] = [
    "setval",
    "nextval",
    "currval",
    "lastval",
    "set_config",
    "current_setting",
    "now",
    "version",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "timeofday",
    "age",
    "setseed",
    "random",
    "lower",
    "upper",
    "length",
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "concat",
    "concat_ws",
    "format",
    "md5",
    "sha256",
    "encode",
    "decode",
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "exists",
    "generate_series",
    "unnest",
    "cardinality",
    "obj_description",
    "col_description",
    "format_type",
    "crypt",
];

/// How names of PostgreSQL's own functions, and of those of its usual extensions, begin.
const BEGINNINGS: [&str; 22] = [
    "pg_",
    "has_",
    "current_",
    "inet_",
    "json",
    "xml",
    "array_",
    "string_",
    "regexp_",
    "to_",
    "date_",
    "make_",
    "txid_",
    "ts_",
    "uuid_",
    "gen_random_",
    "gen_salt",
    "quote_",
    "row_",
    "st_",
    "postgis_",
    "lo_",
];

/// Whether a function is the server's own, as far as its name tells.
pub(in crate::hazard) fn is_built_in(name: &TableName) -> bool {
    let bare = name.name.to_lowercase();
    BUILT_IN.contains(&bare.as_str()) || BEGINNINGS.iter().any(|start| bare.starts_with(start))
}

/// What a routine may do, by the SQL that creates it.
pub(in crate::hazard) fn deeds(engine: Engine, sql: &str) -> Deeds {
    if sql.is_empty() {
        return Deeds {
            writes: Some("its text is not shown to this user".to_owned()),
            ..Deeds::default()
        };
    }
    let (head, body) = match engine {
        Engine::Postgres => parted(sql),
        _ => ("", sql),
    };
    let head: Vec<String> = words_in_order(engine, head).map(|(word, _)| word).collect();
    // The server lets these write nothing (https://www.postgresql.org/docs/15/xfunc-volatility.html); MySQL takes a
    // routine at its word, so there it tells nothing.
    if head
        .iter()
        .any(|word| word == "immutable" || word == "stable")
    {
        return Deeds::default();
    }
    let language = head.iter().position(|word| word == "language");
    let language = language.and_then(|at| head.get(at + 1));
    if let Some(language) = language.filter(|name| !["sql", "plpgsql"].contains(&name.as_str())) {
        return Deeds {
            writes: Some(format!("it is written in {language}")),
            ..Deeds::default()
        };
    }
    let mut called = Vec::new();
    let mut writes: Vec<String> = Vec::new();
    let mut before = String::new();
    for (word, calls) in words_in_order(engine, body) {
        // FOR UPDATE locks, and REPLACE(…) is a function.
        let verb = WRITES.contains(&word.as_str())
            && !(before == "for" && word == "update")
            && (!calls || ["execute", "setval"].contains(&word.as_str()));
        if verb && !writes.contains(&word.to_uppercase()) {
            writes.push(word.to_uppercase());
        }
        let own = engine == Engine::Postgres && is_built_in(&TableName::plain(word.clone()));
        if (calls || before == "call") && !own {
            called.push(word.clone());
        }
        before = word;
    }
    Deeds {
        calls: called,
        writes: (!writes.is_empty()).then(|| writes.join(", ")),
    }
}

/// The body of a routine of PostgreSQL's, if PL/pgSQL is what it is written in.
pub(super) fn plpgsql(sql: &str) -> Option<&str> {
    let (head, body) = parted(sql);
    let head: Vec<String> = words_in_order(Engine::Postgres, head)
        .map(|(word, _)| word)
        .collect();
    let is_it = |pair: &[String]| pair[0] == "language" && pair[1] == "plpgsql";
    head.windows(2).any(is_it).then_some(body)
}

/// Head and body of what PostgreSQL prints of a routine: the body is in a string, or stands behind the head.
fn parted(sql: &str) -> (&str, &str) {
    let ends = ["\nAS ", "\nBEGIN ATOMIC", "\nRETURN "];
    let at = ends.iter().filter_map(|end| sql.find(end)).min();
    let (head, body) = sql.split_at(at.unwrap_or(sql.len()));
    let text = body.strip_prefix("\nAS ").unwrap_or(body);
    // `$function$ … $function$`
    let inner = text.strip_prefix('$').and_then(|rest| {
        let (tag, rest) = rest.split_once('$')?;
        rest.trim_end().strip_suffix(&format!("${tag}$"))
    });
    (head, inner.unwrap_or(body))
}

/// Names and keywords in lower case, each with whether a bracket follows it.
fn words_in_order(engine: Engine, sql: &str) -> impl Iterator<Item = (String, bool)> {
    let mut tokens = Lexer::new(engine, sql)
        .filter(|token| !token.kind.is_blank())
        .peekable();
    std::iter::from_fn(move || {
        loop {
            let token = tokens.next()?;
            if !matches!(token.kind, TokenKind::Word | TokenKind::Name) {
                continue;
            }
            let calls = tokens
                .peek()
                .is_some_and(|next| &sql[next.start..next.end] == "(");
            return Some((unquoted(&sql[token.start..token.end]).to_lowercase(), calls));
        }
    })
}

/// Where a statement calls one of these functions (bare names in lower case), for engines whose expressions are not read.
pub(in crate::hazard) fn calls_among(
    engine: Engine,
    sql: &str,
    functions: &HashSet<String>,
) -> Vec<(TableName, usize)> {
    let mut found: Vec<(TableName, usize)> = Vec::new();
    let mut tokens = Lexer::new(engine, sql)
        .filter(|token| !token.kind.is_blank())
        .peekable();
    // The two tokens before: `schema`, `.`.
    let mut before = ["", ""];
    while let Some(token) = tokens.next() {
        let piece = &sql[token.start..token.end];
        let named = matches!(token.kind, TokenKind::Word | TokenKind::Name);
        if named
            && before == ["", ""]
            && DEFINES.iter().any(|word| piece.eq_ignore_ascii_case(word))
        {
            return Vec::new();
        }
        let bracket = tokens
            .peek()
            .is_some_and(|next| &sql[next.start..next.end] == "(");
        let last = before[1].to_lowercase();
        if named && bracket && !BEFORE_TABLES.contains(&last.as_str()) {
            let name = unquoted(piece);
            let schema = (last == ".").then(|| unquoted(before[0]));
            if functions.contains(&name.to_lowercase()) {
                found.push((TableName { schema, name }, token.start));
            }
        }
        before = [before[1], piece];
    }
    found.dedup_by(|one, other| one.0 == other.0);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_routine_may_do_stands_in_its_words() {
        let postgres = |rest: &str| {
            let sql = format!(
                "CREATE OR REPLACE FUNCTION public.f(a text DEFAULT 'drop'::text)\n RETURNS void\n LANGUAGE {rest}"
            );
            deeds(Engine::Postgres, &sql).writes
        };
        for (rest, writes) in [
            (
                "plpgsql\nAS $function$ BEGIN DELETE FROM t; UPDATE t SET a = 1; END $function$\n",
                Some("DELETE, UPDATE"),
            ),
            (
                "plpgsql\nAS $function$ BEGIN EXECUTE('x'); END $function$\n",
                Some("EXECUTE"),
            ),
            (
                "sql\nAS $function$ SELECT replace(lower(a), 'x', 'delete') FROM t FOR UPDATE $function$\n",
                None,
            ),
            (
                "sql\n IMMUTABLE STRICT\nAS $function$ SELECT 'DELETE' $function$\n",
                None,
            ),
            (
                "plpgsql\n STABLE\nAS $function$ BEGIN RETURN; END $function$\n",
                None,
            ),
            ("sql\nBEGIN ATOMIC\n DELETE FROM t;\nEND\n", Some("DELETE")),
            (
                "c\nAS '$libdir/x', $function$f$function$\n",
                Some("it is written in c"),
            ),
            (
                "plpython3u\nAS $function$ pass $function$\n",
                Some("it is written in plpython3u"),
            ),
        ] {
            assert_eq!(postgres(rest).as_deref(), writes, "{rest}");
        }
        let mysql = |sql: &str| deeds(Engine::Mariadb, sql).writes;
        assert_eq!(
            mysql("").as_deref(),
            Some("its text is not shown to this user")
        );
        assert_eq!(
            mysql("CREATE FUNCTION `f`() RETURNS int DETERMINISTIC RETURN REPLACE('a', 'b', 'c')"),
            None
        );
        assert_eq!(
            mysql("CREATE PROCEDURE `p`() NO SQL REPLACE INTO t VALUES (TRUNCATE(1.5, 0))")
                .as_deref(),
            Some("REPLACE")
        );
    }

    #[test]
    fn calls_are_found_by_their_brackets() {
        let functions = HashSet::from(["f".to_owned()]);
        let found = |sql: &str| -> Vec<String> {
            let calls = calls_among(Engine::Mysql, sql, &functions);
            calls
                .into_iter()
                .map(|(name, at)| format!("{name} {at}"))
                .collect()
        };
        assert_eq!(found("SELECT F(1)"), ["F 7"]);
        assert_eq!(found("SELECT a.`f` (1), f.x FROM f"), ["a.f 9"]);
        for sql in [
            "CREATE FUNCTION f() RETURNS INT RETURN 1",
            "INSERT INTO f (a) VALUES (1)",
            "SELECT 'f(1)' -- f(1)",
            "SELECT f",
        ] {
            assert!(found(sql).is_empty(), "{sql}");
        }
    }
}
