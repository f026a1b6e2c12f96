//! The date-time of scripts: a point in time in UTC with operators and properties.

use chrono::{DateTime, Datelike, SecondsFormat, TimeDelta, Timelike, Utc};
use rhai::{Engine, EvalAltResult};

use super::fault::Thrown;
use crate::error::{Error, Kind};

type Moment = DateTime<Utc>;
type Answer<T> = Result<T, Box<EvalAltResult>>;

/// As scripts print it: ISO 8601 with milliseconds.
pub fn to_text(moment: &Moment) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Registers the type: comparison, `time - time` (seconds), `time ± seconds`, and its parts.
pub fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Moment>("time")
        .register_fn("to_string", |moment: &mut Moment| to_text(moment))
        .register_fn("to_debug", |moment: &mut Moment| to_text(moment))
        .register_fn("==", |left: Moment, right: Moment| left == right)
        .register_fn("!=", |left: Moment, right: Moment| left != right)
        .register_fn("<", |left: Moment, right: Moment| left < right)
        .register_fn("<=", |left: Moment, right: Moment| left <= right)
        .register_fn(">", |left: Moment, right: Moment| left > right)
        .register_fn(">=", |left: Moment, right: Moment| left >= right)
        .register_fn("-", |left: Moment, right: Moment| {
            seconds_between(left, right)
        })
        .register_fn("-", |moment: Moment, seconds: i64| {
            shift(moment, -(seconds as f64))
        })
        .register_fn("-", |moment: Moment, seconds: f64| shift(moment, -seconds))
        .register_fn("+", |moment: Moment, seconds: i64| {
            shift(moment, seconds as f64)
        })
        .register_fn("+", shift)
        .register_get("year", |moment: &mut Moment| i64::from(moment.year()))
        .register_get("month", |moment: &mut Moment| i64::from(moment.month()))
        .register_get("day", |moment: &mut Moment| i64::from(moment.day()))
        .register_get("hour", |moment: &mut Moment| i64::from(moment.hour()))
        .register_get("minute", |moment: &mut Moment| i64::from(moment.minute()))
        .register_get("second", |moment: &mut Moment| i64::from(moment.second()))
        .register_get("epoch_ms", |moment: &mut Moment| moment.timestamp_millis());
}

fn seconds_between(left: Moment, right: Moment) -> f64 {
    let span = left - right;
    span.num_seconds() as f64 + f64::from(span.subsec_nanos()) / 1e9
}

fn shift(moment: Moment, seconds: f64) -> Answer<Moment> {
    // Beyond this a span does not fit; NaN is not below it either.
    let span = (seconds.abs() < 9e15).then(|| TimeDelta::microseconds((seconds * 1e6) as i64));
    span.and_then(|span| moment.checked_add_signed(span))
        .ok_or_else(|| {
            Thrown::from(Error::new(
                Kind::Script,
                "the time lies beyond the calendar",
            ))
            .raise(rhai::Position::NONE)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rhai::{Dynamic, Scope};

    fn eval(text: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let mut engine = Engine::new();
        register(&mut engine);
        let mut scope = Scope::new();
        scope.push("t", DateTime::<Utc>::UNIX_EPOCH);
        engine.eval_with_scope(&mut scope, text)
    }

    #[test]
    fn times_compare_and_move() {
        for text in [
            "t + 60 > t",
            "(t + 1.5) - t == 1.5",
            "t - 3600 < t && t == t && t != t + 1",
            "t.year == 1970 && t.month == 1 && t.hour == 0 && (t + 2).epoch_ms == 2000",
            "`${t}` == \"1970-01-01T00:00:00.000Z\"",
        ] {
            assert!(eval(text).expect(text).as_bool().expect("a bool"), "{text}");
        }
        assert!(eval("t + 9000000000000000000").is_err());
        assert!(eval("t + 0.0/0.0").is_err());
    }
}
