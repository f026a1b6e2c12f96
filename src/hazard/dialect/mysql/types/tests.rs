//! Which changes of type ask for what.

use super::type_change;

/// `-` nothing, `s` some values change in silence, `r` some are refused, `?` nobody knows.
fn fate(from: &str, to: &str) -> String {
    let Some(change) = type_change(from, to, "`c`") else {
        return "-".to_owned();
    };
    let mut fate = String::new();
    for (is, letter) in [
        (change.loses.is_some(), 's'),
        (change.refuses.is_some(), 'r'),
        (change.unknown.is_some(), '?'),
    ] {
        if is {
            fate.push(letter);
        }
    }
    fate
}

#[test]
fn the_same_type_is_the_same_however_it_is_written() {
    for (from, to) in [
        ("int(11)", "INTEGER"),
        ("int", "INT(10) SIGNED"),
        ("tinyint(1)", "BOOL"),
        ("tinyint(4)", "BOOLEAN"),
        ("int(10) unsigned", "int unsigned zerofill"),
        ("bigint(20) unsigned", "SERIAL"),
        ("varchar(191)", "NATIONAL VARCHAR(191)"),
        ("varchar(9)", "character varying(9)"),
        ("varchar(9)", "NVARCHAR(9)"),
        ("char(1)", "CHARACTER"),
        ("decimal(10,0)", "DEC"),
        ("decimal(5,2)", "NUMERIC(5, 2)"),
        ("double", "DOUBLE PRECISION"),
        ("double", "REAL"),
        ("float", "FLOAT(20)"),
        ("double", "FLOAT(53)"),
        ("mediumtext", "LONG VARCHAR"),
        ("mediumblob", "long varbinary"),
        ("tinytext", "TEXT(200)"),
        ("enum('a','b''c')", "ENUM ( 'a' , 'b''c' )"),
        ("datetime(3)", "DATETIME(3)"),
        ("year(4)", "YEAR"),
        ("uuid", "UUID"),
    ] {
        assert_eq!(fate(from, to), "-", "{from} → {to}");
    }
}

#[test]
fn what_always_fits_is_not_asked() {
    for (from, to) in [
        ("int", "bigint"),
        ("int(10) unsigned", "bigint"),
        ("smallint unsigned", "int"),
        ("tinyint(1)", "int unsigned"),
        ("varchar(20)", "varchar(191)"),
        ("char(20)", "varchar(20)"),
        ("varchar(20)", "text"),
        ("text", "longtext"),
        ("varchar(20)", "varbinary(80)"),
        ("varchar(255)", "blob"),
        ("enum('a')", "enum('b','a')"),
        ("set('a')", "set('b','a')"),
        ("enum('a','bb')", "varchar(2)"),
        ("int", "varchar(11)"),
        ("int", "decimal(10,0)"),
        ("int", "double"),
        ("decimal(10,2)", "decimal(12,2)"),
        ("decimal(10,2)", "decimal(13,4)"),
        ("float", "double"),
        ("date", "datetime"),
        ("datetime", "datetime(6)"),
        ("timestamp(3)", "datetime(3)"),
        ("time", "time(3)"),
        ("datetime", "varchar(19)"),
        ("year(4)", "smallint"),
        ("bit(1)", "tinyint"),
        ("json", "longtext"),
        ("int", "json"),
    ] {
        let expected = match (from, to) {
            ("tinyint(1)", "int unsigned") => "r",
            _ => "-",
        };
        assert_eq!(fate(from, to), expected, "{from} → {to}");
    }
}

#[test]
fn what_may_not_fit_is_asked() {
    for (from, to, expected) in [
        ("int", "tinyint", "r"),
        ("bigint", "int", "r"),
        ("int", "int unsigned", "r"),
        ("int unsigned", "int", "r"),
        ("decimal(10,3)", "decimal(10,1)", "s"),
        ("decimal(10,3)", "decimal(4,1)", "sr"),
        ("decimal(10,3)", "int", "sr"),
        ("decimal(30,3)", "double", "s"),
        ("decimal(10,2)", "float", "s"),
        ("double", "float", "sr"),
        ("double", "int", "sr"),
        ("double", "decimal(5,1)", "sr"),
        ("double unsigned", "float unsigned", "sr"),
        ("float", "decimal(10,2)", "sr"),
        ("bigint", "float", "s"),
        ("bigint", "double", "s"),
        ("int", "float", "s"),
        ("varchar(10)", "varchar(3)", "r"),
        ("varchar(10)", "char(8)", "sr"),
        ("varchar(8)", "char(8)", "s"),
        ("varchar(10)", "int", "sr"),
        ("varchar(10)", "decimal(5,1)", "sr"),
        ("varchar(10)", "double", "r"),
        ("varchar(20)", "date", "sr"),
        ("varchar(20)", "datetime", "sr"),
        ("varchar(20)", "timestamp", "sr"),
        ("varchar(20)", "time", "sr"),
        ("varchar(20)", "year", "r"),
        ("varchar(20)", "enum('a','b')", "r"),
        ("varchar(20)", "set('a','b')", "r"),
        ("varchar(20)", "json", "r"),
        ("longtext", "json", "r"),
        ("varchar(20)", "varbinary(3)", "r"),
        ("varchar(20)", "binary(6)", "sr"),
        ("varchar(64)", "tinytext", "r"),
        ("text", "tinytext", "r"),
        ("text", "varchar(255)", "r"),
        ("blob", "text", "r"),
        ("varbinary(9)", "int", "sr"),
    ] {
        assert_eq!(fate(from, to), expected, "{from} → {to}");
    }
}

#[test]
fn members_and_times_that_may_not_fit_are_asked() {
    for (from, to, expected) in [
        ("enum('a','b')", "enum('a')", "r"),
        ("enum('a','b')", "int", "s"),
        ("enum('a','bb')", "varchar(1)", "r"),
        ("set('a','b')", "set('a')", "r"),
        ("int", "enum('a')", "sr"),
        ("int", "varchar(10)", "r"),
        ("datetime(6)", "datetime", "s"),
        ("datetime(6)", "datetime(3)", "s"),
        ("datetime", "date", "s"),
        ("datetime", "time", "s"),
        ("datetime", "timestamp", "r"),
        ("datetime(3)", "timestamp", "sr"),
        ("datetime", "bigint", "sr"),
        ("datetime", "varchar(10)", "r"),
        ("date", "timestamp", "r"),
        ("date", "time", "s"),
        ("date", "year", "r"),
        ("time(3)", "time", "s"),
        ("time", "datetime", "s"),
        ("int", "year", "sr"),
        ("int", "date", "r"),
        ("int", "bit(3)", "r"),
        ("year", "tinyint", "r"),
        ("char(36)", "uuid", "r"),
        ("json", "varchar(5)", "r"),
        ("point", "int", "?"),
        ("int", "point", "?"),
        ("frob", "text", "r"),
        ("", "int", "?"),
    ] {
        assert_eq!(fate(from, to), expected, "{from} → {to}");
    }
}

#[test]
fn members_are_named_as_literals() {
    let change = type_change("enum('a','it''s','b\\\\c')", "enum('a')", "`c`");
    let refuses = change.and_then(|change| change.refuses);
    assert_eq!(refuses.as_deref(), Some("`c` IN ('it''s', 'b\\\\c')"));
}

#[test]
fn a_length_beyond_all_measure_is_no_overflow() {
    let change = crate::hazard::dialect::type_change(
        crate::db::Engine::Mariadb,
        "varchar(5000000000000000000)",
        "varchar(0)",
        "`a`",
        None,
        &str::to_owned,
    );
    assert!(change.is_some());
}

proptest::proptest! {
    #[test]
    fn no_name_panics(from: String, to: String) {
        type_change(&from, &to, "`c`");
    }

    #[test]
    fn no_size_panics(from in "(int|decimal|bit|varchar|text|datetime|float|enum)\\([0-9]{1,20}(,[0-9]{1,12})?\\)", to in "(int|decimal|bit|varchar|blob|time|double|set)\\([0-9]{1,20}(,[0-9]{1,12})?\\)") {
        type_change(&from, &to, "`c`");
    }
}
