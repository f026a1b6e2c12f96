//! SQLite's own mathematical functions (<https://www.sqlite.org/lang_mathfunc.html>): the shell and most builds have them,
//! the one that is built in here has not, and a schema that uses them is none the worse for it. They give what the C
//! library gives, as SQLite's do; its three inverse hyperbolic ones are left out, as Rust's differ in their last digit.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Result};

type OfOne = fn(f64) -> f64;
type OfTwo = fn(f64, f64) -> f64;

/// One number in, one out.
const OF_ONE: [(&str, OfOne); 18] = [
    ("acos", f64::acos),
    ("asin", f64::asin),
    ("atan", f64::atan),
    ("cos", f64::cos),
    ("cosh", f64::cosh),
    ("degrees", |x| x * (180.0 / std::f64::consts::PI)),
    ("exp", f64::exp),
    ("ln", above_zero::<0>),
    ("log", above_zero::<10>),
    ("log10", above_zero::<10>),
    ("log2", above_zero::<2>),
    ("radians", |x| x * (std::f64::consts::PI / 180.0)),
    ("sin", f64::sin),
    ("sinh", f64::sinh),
    ("sqrt", f64::sqrt),
    ("tan", f64::tan),
    ("tanh", f64::tanh),
    ("pi", |_| std::f64::consts::PI),
];

/// Two numbers in, one out.
const OF_TWO: [(&str, OfTwo); 5] = [
    ("atan2", f64::atan2),
    ("log", |base, x| match base > 0.0 {
        true => above_zero::<0>(x) / base.ln(),
        false => f64::NAN,
    }),
    ("mod", |x, y| x % y),
    ("pow", f64::powf),
    ("power", f64::powf),
];

/// Whole numbers stay whole.
const ROUNDING: [(&str, OfOne); 4] = [
    ("ceil", f64::ceil),
    ("ceiling", f64::ceil),
    ("floor", f64::floor),
    ("trunc", f64::trunc),
];

/// A logarithm to this base (0: the natural one), which is NULL for what has none.
fn above_zero<const BASE: u8>(x: f64) -> f64 {
    match (x > 0.0, BASE) {
        (false, _) => f64::NAN,
        (true, 10) => x.log10(),
        (true, 2) => x.log2(),
        (true, _) => x.ln(),
    }
}

/// Makes them known to a connection.
///
/// # Errors
/// Memory that is not there.
pub(super) fn add(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    for (name, of) in OF_ONE {
        let arguments = i32::from(name != "pi");
        connection.create_scalar_function(name, arguments, flags, move |context| {
            let x = if arguments == 0 {
                Some(0.0)
            } else {
                number(context, 0)
            };
            Ok(x.map(of).filter(|x| !x.is_nan()))
        })?;
    }
    for (name, of) in OF_TWO {
        connection.create_scalar_function(name, 2, flags, move |context| {
            let both = number(context, 0).zip(number(context, 1));
            Ok(both.map(|(x, y)| of(x, y)).filter(|x| !x.is_nan()))
        })?;
    }
    for (name, of) in ROUNDING {
        connection.create_scalar_function(name, 1, flags, move |context| {
            let whole = match context.get_raw(0) {
                ValueRef::Integer(whole) => Value::Integer(whole),
                _ => number(context, 0).map_or(Value::Null, |x| Value::Real(of(x))),
            };
            Ok(ToSqlOutput::Owned(whole))
        })?;
    }
    Ok(())
}

/// An argument that is a number, or a text that is written like one.
fn number(context: &Context<'_>, index: usize) -> Option<f64> {
    match context.get_raw(index) {
        // As SQLite itself makes a REAL of it.
        #[allow(clippy::cast_precision_loss)]
        ValueRef::Integer(whole) => Some(whole as f64),
        ValueRef::Real(real) => Some(real),
        ValueRef::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the shell of SQLite 3.50 answers.
    #[test]
    fn they_give_what_sqlite_gives() {
        let connection = Connection::open_in_memory().expect("it opens");
        add(&connection).expect("they are added");
        for (asked, answer) in [
            (
                "ceil(1.2), ceil(-1.2), ceil(7), ceil('1.5'), ceil(NULL), ceil('x')",
                "2.0|-1.0|7|2.0",
            ),
            ("floor(1.8), trunc(-1.8), ceiling(0.1)", "1.0|-1.0|1.0"),
            (
                "sqrt(16), sqrt(-1), pow(2, 10), power(2, 0.5)",
                "4.0|1024.0|1.4142135623731",
            ),
            (
                "ln(1), ln(0), log(100), log(2, 8), log10(1000), log2(8), log(-2, 8)",
                "0.0|2.0|3.0|3.0|3.0",
            ),
            ("mod(7, 4), mod(7.5, 2), mod(7, 0)", "3.0|1.5"),
            (
                "pi(), degrees(pi()), radians(180)",
                "3.14159265358979|180.0|3.14159265358979",
            ),
            (
                "sin(0), cos(0), tan(0), exp(0), atan2(0, 1), acos(2)",
                "0.0|1.0|0.0|1.0|0.0",
            ),
        ] {
            let sql = format!("SELECT concat_ws('|', {asked})");
            let found: String = connection
                .query_row(&sql, [], |row| row.get(0))
                .expect(&sql);
            assert_eq!(found, answer, "{sql}");
        }
        connection
            .execute_batch("CREATE TABLE t (a, b AS (floor(a)) STORED); CREATE INDEX i ON t (ceil(a)); INSERT INTO t VALUES (1.5)")
            .expect("they may stand in a schema");
    }
}
