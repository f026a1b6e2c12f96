//! Decides how serious each hazard is: asks the database where the data decides, and says so where nobody can be asked.

use super::draft::{Draft, Question, Weight};
use crate::db::{self, Session};
use crate::error::Result;
use crate::event::Severity;
use crate::value::Value;

/// A hazard that was weighed.
#[derive(Clone, Debug)]
pub(super) struct Weighed {
    /// `None`: no row meets it.
    pub(super) severity: Option<Severity>,
    pub(super) message: String,
    /// The same without keys of rows.
    pub(super) logged: String,
    pub(super) probe: Option<String>,
    /// Whether it is this serious by its rule, not for want of an answer.
    pub(super) certain: bool,
}

/// Weighs one hazard. `rehearsal` says whether one will run.
///
/// # Errors
/// When the connection itself fails; a question the database refuses is a warning.
pub(super) async fn weigh(
    draft: &Draft,
    rehearsal: bool,
    session: Option<&mut Session>,
) -> Result<Weighed> {
    let said = format!("{}{}", draft.message, draft.more);
    let known = |severity, message: String, certain| Weighed {
        severity: Some(severity),
        logged: message.clone(),
        message,
        probe: None,
        certain,
    };
    match (&draft.weight, session) {
        (Weight::Is(severity), _) => Ok(known(*severity, said, true)),
        (Weight::Ask(question), None) => Ok(Weighed {
            probe: Some(question.met.clone()),
            ..known(draft.offline, said, false)
        }),
        (Weight::Rehearsal(_) | Weight::Unknown(_), None) => Ok(known(draft.offline, said, false)),
        (Weight::Rehearsal(reason), Some(_)) => {
            let (severity, who) = match rehearsal {
                true => (Severity::Warn, "the rehearsal decides"),
                false => (
                    Severity::Block,
                    "only a rehearsal could tell, and none will run",
                ),
            };
            Ok(known(
                severity,
                format!("{said}; {reason}, so {who}"),
                false,
            ))
        }
        (Weight::Unknown(reason), Some(_)) => {
            let message = format!("{said}; this could not be asked: {reason}");
            Ok(known(Severity::Warn, message, false))
        }
        (Weight::Ask(question), Some(session)) => ask(draft, question, session).await,
    }
}

async fn ask(draft: &Draft, question: &Question, session: &mut Session) -> Result<Weighed> {
    let probe = Some(question.met.clone());
    let met = match number(session, &question.met).await {
        Ok(met) => met,
        Err(db::Error::Statement { source }) => {
            let message = format!(
                "{}{}; this could not be asked: {}",
                draft.message, draft.more, source.message
            );
            return Ok(Weighed {
                severity: Some(Severity::Warn),
                logged: message.clone(),
                message,
                probe,
                certain: false,
            });
        }
        Err(error) => return Err(error.into()),
    };
    if met == 0 {
        return Ok(Weighed {
            severity: None,
            message: String::new(),
            logged: String::new(),
            probe,
            certain: true,
        });
    }
    let of = match &question.of {
        Some(sql) => format!(" of {}", grouped(number(session, sql).await?)),
        None => String::new(),
    };
    let logged = format!(
        "{}{of} {} {}{}",
        grouped(met),
        question.subject,
        question.verdict,
        draft.more
    );
    let sample = match &question.sample {
        Some((name, sql)) => keys(session, name, sql).await?,
        None => String::new(),
    };
    Ok(Weighed {
        severity: Some(question.severity),
        message: format!("{logged}{sample}"),
        logged,
        probe,
        certain: true,
    })
}

async fn number(session: &mut Session, sql: &str) -> db::Result<u64> {
    let rows = session.query(sql, &[], 1).await?;
    let value = rows.rows.first().and_then(|row| row.first());
    Ok(match value {
        Some(Value::Int(number)) => u64::try_from(*number).unwrap_or(0),
        Some(Value::Float(number)) if *number >= 1.0 => 1,
        Some(Value::Decimal(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    })
}

/// `; e.g. id 7, 19, 44`, or nothing if the keys cannot be had: the count stands without them.
async fn keys(session: &mut Session, name: &str, sql: &str) -> Result<String> {
    let rows = match session.query(sql, &[], 3).await {
        Ok(rows) => rows.rows,
        Err(db::Error::Statement { .. }) => return Ok(String::new()),
        Err(error) => return Err(error.into()),
    };
    let shown: Vec<String> = rows.iter().map(|row| key(row)).collect();
    Ok(match shown.is_empty() {
        true => String::new(),
        false => format!("; e.g. {name} {}", shown.join(", ")),
    })
}

fn key(row: &[Value]) -> String {
    let values: Vec<String> = row.iter().map(shown).collect();
    match values.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    }
}

/// A key's value, short and on one line.
fn shown(value: &Value) -> String {
    /// Enough to recognise a UUID.
    const MOST: usize = 40;
    let text = match value {
        Value::Null => "NULL".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Time(time) => time.to_rfc3339(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("x'{}'", hex::encode(&bytes[..bytes.len().min(MOST / 2)])),
        Value::List(_) | Value::Map(_) => value.kind().to_owned(),
    };
    let line: String = text
        .chars()
        .take(MOST)
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    if text.chars().count() > MOST {
        return format!("{line}…");
    }
    line
}

/// A number with commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_keys_are_shown_as_people_write_them() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(10_233), "10,233");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(key(&[Value::Int(7)]), "7");
        assert_eq!(
            key(&[Value::Int(7), Value::Text("a\nb".to_owned())]),
            "(7, a b)"
        );
        assert_eq!(
            shown(&Value::Text("é".repeat(50))),
            format!("{}…", "é".repeat(40))
        );
    }
}
