//! Under which conditions a time that is set is that of the change.

use super::set_by;
use crate::db::Engine;

/// Bodies, and what they set the column to: the time of the change, another one, or nothing.
const BODIES: [(&str, Option<bool>); 24] = [
    ("IF NEW.n = 1 THEN NEW.seen := now(); END IF;", Some(false)),
    (
        "IF OLD.* IS DISTINCT FROM NEW.* THEN NEW.seen := now(); END IF;",
        Some(true),
    ),
    (
        "IF row(NEW.*) IS DISTINCT FROM row(OLD.*) THEN NEW.seen := now(); END IF;",
        Some(true),
    ),
    (
        "IF to_jsonb(NEW) - 'seen' <> to_jsonb(OLD) - 'seen' THEN NEW.seen := now(); END IF;",
        Some(true),
    ),
    (
        "IF NEW.seen IS NOT DISTINCT FROM OLD.seen THEN NEW.seen := now(); END IF;",
        Some(true),
    ),
    (
        "IF NEW.n IS DISTINCT FROM OLD.n THEN NEW.seen := now(); END IF;",
        Some(false),
    ),
    (
        "IF NEW IS DISTINCT FROM NEW THEN NEW.seen := now(); END IF;",
        Some(false),
    ),
    (
        "IF TG_OP = 'UPDATE' THEN NEW.seen := now(); END IF;",
        Some(true),
    ),
    (
        "IF TG_OP = 'UPDATE' AND NEW IS DISTINCT FROM OLD THEN NEW.seen := now(); END IF;",
        Some(true),
    ),
    (
        "IF TG_OP = 'UPDATE' AND NEW.n = 1 THEN NEW.seen := now(); END IF;",
        Some(false),
    ),
    (
        "IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' THEN NEW.seen := now(); END IF;",
        Some(true),
    ),
    ("IF TG_OP = 'INSERT' THEN NEW.seen := now(); END IF;", None),
    (
        "IF TG_OP = 'INSERT' THEN NEW.n = 1; ELSE NEW.seen := now(); END IF;",
        Some(true),
    ),
    (
        "IF TG_OP = 'INSERT' THEN NEW.n = 1; ELSIF NEW.n = 1 THEN NEW.seen := now(); END IF;",
        Some(false),
    ),
    (
        "IF NEW.n = 1 THEN x = 1; ELSE NEW.seen := now(); END IF;",
        Some(false),
    ),
    (
        "IF NEW.n = 1 THEN IF NEW IS DISTINCT FROM OLD THEN NEW.seen := now(); END IF; END IF;",
        Some(false),
    ),
    (
        "IF NEW.n = 1 THEN x = 1; END IF; NEW.seen := now();",
        Some(true),
    ),
    (
        "IF NEW.n = 1 THEN RETURN NEW; END IF; NEW.seen := now();",
        Some(false),
    ),
    (
        "IF NEW IS NOT DISTINCT FROM OLD THEN RETURN NEW; END IF; NEW.seen := now();",
        Some(true),
    ),
    (
        "CASE NEW.n WHEN 1 THEN NEW.seen := now(); ELSE x = 1; END CASE;",
        Some(false),
    ),
    (
        "x = CASE WHEN NEW.n = 1 THEN 2 ELSE 3 END; NEW.seen := now();",
        Some(true),
    ),
    (
        "IF CASE WHEN x THEN y END THEN NEW.seen := now(); END IF;",
        Some(false),
    ),
    (
        "FOR i IN 1..NEW.n LOOP NEW.seen := now(); END LOOP;",
        Some(false),
    ),
    (
        "BEGIN x = 1; EXCEPTION WHEN others THEN NEW.seen := now(); END;",
        Some(false),
    ),
];

/// What a trigger's WHEN says, and whether the time of the change is set then.
const WHENS: [(&str, Option<bool>); 4] = [
    ("WHEN ((new.n = 1)) ", Some(false)),
    ("WHEN ((old.* IS DISTINCT FROM new.*)) ", Some(true)),
    (
        "WHEN ((NOT (old.seen IS DISTINCT FROM new.seen))) ",
        Some(true),
    ),
    (
        "WHEN (((old.n)::text IS DISTINCT FROM (new.n)::text)) ",
        Some(false),
    ),
];

fn seen_by(when: &str, body: &str) -> Option<bool> {
    let trigger = format!(
        "CREATE TRIGGER tu BEFORE INSERT OR UPDATE ON public.t FOR EACH ROW {when}EXECUTE FUNCTION f()"
    );
    let function = format!(
        "CREATE FUNCTION public.f()\n RETURNS trigger\n LANGUAGE plpgsql\nAS $function$ BEGIN {body} RETURN NEW; END $function$\n"
    );
    let objects = [
        ("trigger", "tu", trigger.as_str()),
        ("function", "f()", function.as_str()),
    ];
    let found = set_by(Engine::Postgres, &objects);
    let seen = found.into_iter().find(|(column, _)| column == "seen");
    seen.map(|(_, of_time)| of_time)
}

/// A time of business is set under a condition of its own; the time of a change is not.
#[test]
fn a_time_that_is_set_under_another_condition_than_a_change_is_told() {
    let bodies = BODIES
        .iter()
        .filter(|(body, expected)| seen_by("", body) != *expected);
    let set = "NEW.seen := now();";
    let whens = WHENS
        .iter()
        .filter(|(when, expected)| seen_by(when, set) != *expected);
    let wrong: Vec<_> = bodies.chain(whens).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn of_mysql_and_sqlite_too_a_time_that_is_set_under_another_condition_is_told() {
    let mysql = "CREATE TRIGGER tu BEFORE UPDATE ON t FOR EACH ROW ";
    let sqlite = "UPDATE t SET seen = datetime('now') WHERE id = NEW.id; END";
    let mut wrong = Vec::new();
    for (engine, sql, expected) in [
        (
            Engine::Mysql,
            format!("{mysql}IF NEW.n = 1 THEN SET NEW.seen = NOW(); END IF"),
            false,
        ),
        (
            Engine::Mysql,
            format!("{mysql}IF (NEW.n = 1) THEN SET NEW.seen = NOW(); END IF"),
            false,
        ),
        (
            Engine::Mysql,
            format!("{mysql}IF NOT (NEW.seen <=> OLD.seen) THEN SET NEW.seen = NOW(); END IF"),
            true,
        ),
        (
            Engine::Mysql,
            format!("{mysql}BEGIN SET NEW.n = IF(NEW.n, 1, 2); SET NEW.seen = NOW(); END"),
            true,
        ),
        (
            Engine::Mysql,
            format!(
                "{mysql}BEGIN WHILE NEW.n > 1 DO SET NEW.n = 1, NEW.seen = NOW(); END WHILE; END"
            ),
            false,
        ),
        (
            Engine::Mysql,
            format!("{mysql}a: BEGIN IF NEW.n = 1 THEN LEAVE a; END IF; SET NEW.seen = NOW(); END"),
            false,
        ),
        (
            Engine::Sqlite,
            format!("CREATE TRIGGER tu AFTER UPDATE ON t WHEN NEW.n = 1 BEGIN {sqlite}"),
            false,
        ),
        (
            Engine::Sqlite,
            format!(
                "CREATE TRIGGER tu AFTER UPDATE ON t FOR EACH ROW WHEN NEW.seen <= OLD.seen BEGIN {sqlite}"
            ),
            true,
        ),
        (
            Engine::Sqlite,
            format!("CREATE TRIGGER tu AFTER UPDATE ON t WHEN NEW.seen IS OLD.seen BEGIN {sqlite}"),
            true,
        ),
        (
            Engine::Sqlite,
            format!(
                "CREATE TRIGGER tu AFTER UPDATE ON t BEGIN SELECT RAISE(IGNORE) WHERE NEW.n = 1; {sqlite}"
            ),
            false,
        ),
    ] {
        let found = set_by(engine, &[("trigger", "tu", &sql)]);
        if !found.contains(&("seen".to_owned(), expected)) {
            wrong.push(sql);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
