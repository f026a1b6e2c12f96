//! Which questions there is time for.

use super::*;

fn unmet(table: &str, before: Option<u64>) -> Unmet {
    Unmet {
        file: "1_a.sql".to_owned(),
        statement: 0,
        tables: vec![table.to_owned()],
        asked: format!("SELECT count(*) FROM {table}"),
        instead: None,
        told: format!("rows of `{table}` would be lost"),
        only_then: None,
        before,
    }
}

#[test]
fn a_slow_count_of_what_may_go_takes_no_time_from_what_refuses() {
    let (allowed, refusing) = (unmet("allowed", Some(7)), unmet("refusing", None));
    let took = QUICK * 3 / 4;
    let (asked, left) = quick(vec![(&allowed, took), (&refusing, took)]);
    assert_eq!(asked, [&refusing]);
    assert_eq!(left, [(&allowed, took)]);
    let half = QUICK / 2;
    let (asked, left) = quick(vec![(&allowed, half), (&refusing, half)]);
    assert_eq!(asked, [&refusing, &allowed]);
    assert!(left.is_empty());
}
