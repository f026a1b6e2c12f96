//! `ALTER COLUMN … TYPE … USING` on PostgreSQL: whatever the types, a value that is given away is told of.

use super::{Case, database, hold, judged, said};
use crate::harness::Fresh;
use crate::harness::databases::Database;

const SCHEMA: &str = "
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE TYPE status AS ENUM ('new', 'paid');
CREATE TYPE address AS (street text, city text, zip text);
CREATE DOMAIN email AS citext CHECK (VALUE LIKE '%@%');
CREATE DOMAIN positive_money AS numeric CHECK (VALUE > 0);
CREATE DOMAIN short AS varchar(20);
CREATE TABLE m (
    id int PRIMARY KEY, c citext, a text[], v varchar(9)[], k status, p point, iv interval, tr tstzrange, i inet, d email,
    n int, b boolean, u uuid, dt date, num numeric(10,2), tz timestamptz, ts timestamp, bt bytea, t time, f float8, j jsonb,
    js json, mo money, h hstore, pm positive_money, s text, home address,
    doc text, twice text, host text);
INSERT INTO m SELECT g, 'Name ' || g, ARRAY['a' || g, 'b'], ARRAY['x', 'y'], 'paid', point(g, 1), make_interval(days => g),
    tstzrange('2026-01-01', '2026-02-01'), '10.0.0.1', 'user' || g || '@x.org', g, g % 2 = 0, gen_random_uuid(),
    '2026-01-02', g + 0.5, '2026-01-02 03:04:05+00', '2026-01-02 03:04:05', '\\x00ff', '03:04', g + 0.25, '{\"a\": 1}',
    '{\"a\": 1}', 3.5, 'a=>1', g + 0.75, 'word ' || g, ROW('S', 'Köln', NULL)::address FROM generate_series(1, 20) g;
UPDATE m SET doc = '{\"b\":' || id || ',  \"a\":[1,2]}', twice = '{\"a\":1,\"a\":2}', host = '10.0.0.' || id;
CREATE TABLE void (LIKE m);
";

async fn server() -> Option<Fresh> {
    Fresh::new(Database::Postgres).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_using_that_gives_values_away_never_passes() {
    let Some(fresh) = server().await else { return };
    const LOST: &[&str] = &["lossy-using block"];
    let columns = [
        "c", "a", "v", "k", "p", "iv", "tr", "i", "d", "n", "b", "u", "dt", "num", "tz", "ts",
        "bt", "t", "f", "j", "js", "mo", "h", "pm", "s", "home",
    ];
    let fresh = database(&fresh, SCHEMA).await;
    let mut faults = Vec::new();
    for column in columns {
        for using in ["'gone'", "NULL", &format!("left({column}::text, 0)")] {
            let kind = if column == "s" { "varchar(90)" } else { "text" };
            let sql = format!("ALTER TABLE m ALTER COLUMN {column} TYPE {kind} USING {using}");
            let got = said(&judged(&fresh, &sql).await);
            if got != LOST {
                faults.push(format!("{sql}: {got:?}"));
            }
            let sql = sql.replace("TABLE m ", "TABLE void ");
            let got = said(&judged(&fresh, &sql).await);
            if !got.is_empty() {
                faults.push(format!("{sql}: {got:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_using_is_judged_by_what_it_gives() {
    let Some(fresh) = server().await else { return };
    const LOST: &[&str] = &["lossy-using block"];
    let cases: &[Case] = &[
        (
            "ALTER TABLE m ALTER c TYPE varchar(5) USING left(c, 5)",
            LOST,
        ),
        (
            "ALTER TABLE m ALTER d TYPE varchar(4) USING left(d, 4)",
            LOST,
        ),
        ("ALTER TABLE m ALTER c TYPE text USING lower(c)", LOST),
        ("ALTER TABLE m ALTER a TYPE text USING a[1]", LOST),
        ("ALTER TABLE m ALTER k TYPE text USING 'a'", LOST),
        ("ALTER TABLE m ALTER k TYPE text USING upper(k::text)", LOST),
        (
            "ALTER TABLE m ALTER tz TYPE timestamp USING now() AT TIME ZONE 'UTC'",
            LOST,
        ),
        ("ALTER TABLE m ALTER n TYPE int USING 5", LOST),
        ("ALTER TABLE m ALTER n TYPE point USING point(n, n)", LOST),
        (
            "CREATE TYPE fresh AS ENUM ('x'); ALTER TABLE m ALTER c TYPE fresh USING 'x'::fresh",
            LOST,
        ),
        (
            "ALTER TABLE m ALTER k TYPE text USING CASE k WHEN 'new' THEN 'new' ELSE 'paid' END",
            &[],
        ),
        ("ALTER TABLE m ALTER c TYPE text USING trim(c)", &[]),
        ("ALTER TABLE m ALTER a TYPE text USING a::text", &[]),
        (
            "ALTER TABLE m ALTER b TYPE int USING CASE WHEN b THEN 1 ELSE 0 END",
            &[],
        ),
        ("ALTER TABLE m ALTER s TYPE text[] USING ARRAY[s]", &[]),
        ("ALTER TABLE m ALTER s TYPE jsonb USING to_jsonb(s)", &[]),
        (
            "ALTER TABLE m ALTER ts TYPE timestamptz USING ts AT TIME ZONE 'UTC'",
            &[],
        ),
        ("ALTER TABLE m ALTER iv TYPE text USING iv::text", &[]),
        ("ALTER TABLE m ALTER p TYPE text USING p::text", &[]),
        (
            "ALTER TABLE m RENAME b TO flag; ALTER TABLE m ALTER flag TYPE int USING flag::int",
            &["rename-column warn"],
        ),
        (
            "ALTER TABLE m RENAME n TO x; ALTER TABLE m ALTER x TYPE text USING left(x::text, 1)",
            &["rename-column warn", "lossy-using block"],
        ),
        (
            "ALTER TABLE m ALTER s TYPE int USING trim(s)::int",
            &["not-castable block"],
        ),
    ];
    hold(&fresh, SCHEMA, cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_way_of_writing_a_document_or_an_address_is_no_loss() {
    let Some(fresh) = server().await else { return };
    const LOST: &[&str] = &["lossy-using block"];
    let cases: &[Case] = &[
        ("ALTER TABLE m ALTER doc TYPE jsonb USING doc::jsonb", &[]),
        ("ALTER TABLE m ALTER doc TYPE json USING doc::json", &[]),
        (
            "ALTER TABLE m ALTER twice TYPE jsonb USING twice::jsonb",
            LOST,
        ),
        (
            "ALTER TABLE m ALTER s TYPE jsonb USING s::jsonb",
            &["not-castable block"],
        ),
        ("ALTER TABLE m ALTER host TYPE inet USING host::inet", &[]),
        (
            "ALTER TABLE m ALTER host TYPE inet USING set_masklen(host::inet, 24)",
            LOST,
        ),
        (
            "ALTER TABLE m ALTER s TYPE inet USING s::inet",
            &["not-castable block"],
        ),
    ];
    hold(&fresh, SCHEMA, cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_changes_of_type_are_judged_by_what_a_domain_is_made_of() {
    let Some(fresh) = server().await else { return };
    hold(
        &fresh,
        SCHEMA,
        &[
            ("ALTER TABLE m ALTER pm TYPE int", &["narrow-type block"]),
            ("ALTER TABLE m ALTER pm TYPE numeric", &[]),
            ("ALTER TABLE m ALTER num TYPE positive_money", &[]),
            ("ALTER TABLE m ALTER n TYPE positive_money", &[]),
            (
                "ALTER TABLE m ALTER s TYPE email USING s::email",
                &["not-castable block"],
            ),
            ("ALTER TABLE m ALTER c TYPE text", &[]),
            (
                "ALTER TABLE m ALTER c TYPE varchar(5)",
                &["not-castable block"],
            ),
            ("ALTER TABLE m ALTER d TYPE text", &[]),
            ("ALTER TABLE m ALTER k TYPE text", &[]),
            ("ALTER TABLE m ALTER a TYPE text", &[]),
            ("ALTER TABLE m ALTER p TYPE text", &[]),
            ("ALTER TABLE m ALTER s TYPE short", &[]),
        ],
    )
    .await;
    let fresh = database(&fresh, SCHEMA).await;
    let sql = "UPDATE m SET num = -1 WHERE id = 3; ALTER TABLE m ALTER num TYPE positive_money";
    let expected = ["update-rows block", "not-castable warn"];
    assert_eq!(said(&judged(&fresh, sql).await), expected);
}
