//! Changes of type: what is silent, what loses, what is refused.

use super::*;

/// `loses`, `refuses`, `impossible`, `unknown` of a change of type.
fn told(from: &str, to: &str, using: Option<&str>) -> (bool, bool, bool, bool) {
    match type_change(from, to, "\"a\"", using, &str::to_owned) {
        None => (false, false, false, false),
        Some(change) => (
            change.loses.is_some(),
            change.refuses.is_some(),
            change.impossible.is_some(),
            change.unknown.is_some(),
        ),
    }
}

const NOTHING: (bool, bool, bool, bool) = (false, false, false, false);
const LOSES: (bool, bool, bool, bool) = (true, false, false, false);
const REFUSES: (bool, bool, bool, bool) = (false, true, false, false);
const BOTH: (bool, bool, bool, bool) = (true, true, false, false);
const IMPOSSIBLE: (bool, bool, bool, bool) = (false, false, true, false);
const UNKNOWN: (bool, bool, bool, bool) = (false, false, false, true);
/// Not known, so that it is compared there and back.
const TRIED: (bool, bool, bool, bool) = (true, false, false, true);

#[test]
fn widening_is_silent() {
    for (from, to) in [
        ("character varying(10)", "text"),
        ("varchar(10)", "varchar(20)"),
        ("varchar(10)", "VARCHAR"),
        ("char(3)", "varchar(3)"),
        ("integer", "bigint"),
        ("int4", "numeric"),
        ("smallint", "numeric(5,0)"),
        ("integer", "double precision"),
        ("numeric(10,2)", "numeric(12,2)"),
        ("numeric(10,2)", "numeric"),
        ("real", "double precision"),
        ("date", "timestamp"),
        ("timestamp(0)", "timestamp(3)"),
        ("integer", "text"),
        ("uuid", "varchar(36)"),
        ("jsonb", "text"),
        ("integer[]", "bigint[]"),
        ("\"Role\"", "text"),
        ("jsonb", "json"),
    ] {
        assert_eq!(told(from, to, None), NOTHING, "{from} -> {to}");
    }
}

#[test]
fn narrowing_is_told_apart_from_refusing() {
    for (from, to, using, expected) in [
        ("text", "varchar(10)", None, BOTH),
        ("text", "varchar(10)", Some("a::varchar(10)"), LOSES),
        (
            "text",
            "varchar(10)",
            Some("CAST(\"a\" AS VARCHAR(10))"),
            LOSES,
        ),
        ("bigint", "integer", None, REFUSES),
        ("bigint", "numeric(5,2)", None, REFUSES),
        ("numeric", "numeric(10,2)", None, BOTH),
        ("numeric(10,4)", "numeric(10,2)", None, LOSES),
        ("numeric(10,2)", "integer", None, LOSES),
        ("double precision", "integer", None, BOTH),
        ("double precision", "real", None, BOTH),
        ("bigint", "double precision", None, LOSES),
        ("timestamp", "date", None, LOSES),
        ("timestamptz", "timestamptz(0)", None, LOSES),
        ("timestamp", "timestamptz", None, UNKNOWN),
        (
            "timestamp",
            "timestamptz",
            Some("a AT TIME ZONE 'UTC'"),
            NOTHING,
        ),
        ("text", "integer", None, IMPOSSIBLE),
        ("text", "integer", Some("a::integer"), BOTH),
        ("text", "boolean", Some("a::boolean"), REFUSES),
        ("text", "uuid", Some("(a)::uuid"), REFUSES),
        ("text", "date", Some("a::date"), TRIED),
        ("boolean", "integer", None, IMPOSSIBLE),
        ("boolean", "integer", Some("a::integer"), NOTHING),
        ("integer", "boolean", Some("a::boolean"), LOSES),
        ("json", "jsonb", None, BOTH),
        (
            "\"Role\"",
            "\"Role_new\"",
            Some("(\"a\"::text::\"Role_new\")"),
            TRIED,
        ),
        ("integer", "integer", Some("a / 2"), LOSES),
        ("text", "text", Some("lower(a)"), LOSES),
    ] {
        assert_eq!(told(from, to, using), expected, "{from} -> {to} {using:?}");
    }
}

#[test]
fn only_some_changes_of_type_write_the_table_anew() {
    for (from, to, expected) in [
        ("varchar(10)", "varchar(20)", false),
        ("varchar(10)", "text", false),
        ("text", "varchar", false),
        ("varchar(20)", "varchar(10)", true),
        ("text", "varchar(10)", true),
        ("char(3)", "text", true),
        ("integer", "bigint", true),
        ("numeric(10,2)", "numeric(12,2)", false),
        ("numeric(10,2)", "numeric(12,3)", true),
        ("timestamp(3)", "timestamp", false),
        ("timestamp", "timestamptz", true),
    ] {
        assert_eq!(rewrites(from, to, None), expected, "{from} -> {to}");
    }
    assert!(!rewrites("varchar(5)", "text", Some("a::text")));
    assert!(rewrites("varchar(5)", "text", Some("lower(a)")));
}

/// A client of the user's own may have another TimeZone than a run of dbscript has.
#[test]
fn the_zone_in_which_values_without_one_are_read_is_told() {
    let change = type_change("timestamp", "timestamptz", "\"a\"", None, &str::to_owned);
    let unknown = change.and_then(|change| change.unknown);
    assert!(unknown.is_some_and(|why| why.contains("UTC in every run of dbscript")));
}
