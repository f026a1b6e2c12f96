//! Decides how serious each hazard is: asks the database where the data decides, and says so where nobody can be asked.

use std::collections::HashMap;

use super::draft::{Carried, Draft, OnFailure, Question, Weight};
use super::wording::{counted, key, sentence};
use crate::db::{self, Begin, Session};
use crate::error::Result;
use crate::event::Severity;
use crate::value::Value;

/// The database that is asked. The same question is asked once: many hazards of a set ask how many rows a table has.
pub(super) struct Witness<'s> {
    session: &'s mut Session,
    answered: HashMap<String, u64>,
}

impl<'s> Witness<'s> {
    pub(super) fn new(session: &'s mut Session) -> Self {
        Witness {
            session,
            answered: HashMap::new(),
        }
    }
}

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
    /// How many rows met it, where they were counted.
    pub(super) met: Option<u64>,
}

/// Weighs one hazard. `rehearsal` says whether one will run.
///
/// # Errors
/// When the connection itself fails; a question the database does not answer is a warning.
pub(super) async fn weigh(
    draft: &Draft,
    rehearsal: bool,
    session: Option<&mut Witness<'_>>,
) -> Result<Weighed> {
    let said = format!("{}{}", draft.message, draft.more);
    match (&draft.weight, session) {
        (Weight::Is(severity), _) => Ok(known(*severity, said, true)),
        (Weight::Ask(question) | Weight::Where(question), None) => Ok(Weighed {
            probe: Some(question.met.clone()),
            ..known(draft.offline, said, false)
        }),
        (Weight::Never, _) => Ok(silent(None)),
        (Weight::Rehearsal { .. } | Weight::Unknown(_), None) => {
            Ok(known(draft.offline, said, false))
        }
        (Weight::Rehearsal { reason, most, .. }, Some(session)) => {
            match no_row(session, most.as_deref()).await? {
                true => Ok(silent(most.clone())),
                false => Ok(left_to_rehearsal(&said, reason, rehearsal)),
            }
        }
        (Weight::Unknown(reason), Some(_)) => {
            let message = format!("{said}; this could not be asked: {reason}");
            Ok(known(Severity::Warn, message, false))
        }
        (Weight::Ask(question), Some(session)) => {
            if let Some(most) = question.most_rows
                && let Some(all) = &question.of
                && number(session, all).await.unwrap_or(u64::MAX) > most
            {
                let reason = "there are too many rows to compare each with each";
                return Ok(left_to_rehearsal(&said, reason, rehearsal));
            }
            match &question.instead {
                Some(instead) if casts_fail(session, &question.met).await? => {
                    ask(draft, instead, session).await
                }
                _ => ask(draft, question, session).await,
            }
        }
        (Weight::Where(question), Some(session)) => where_any(draft, question, session).await,
    }
}

/// How many rows go with it by each key; `None` where that is not answered.
///
/// # Errors
/// When the connection itself fails.
pub(super) async fn counts(
    carried: &[Carried],
    session: &mut Witness<'_>,
) -> Result<Vec<Option<u64>>> {
    let mut counts = Vec::new();
    for carried in carried {
        counts.push(match number(session, &carried.question.met).await {
            Ok(met) => Some(met),
            Err(error) if is_refusal(&error) => None,
            Err(error) => return Err(error.into()),
        });
    }
    Ok(counts)
}

fn known(severity: Severity, message: String, certain: bool) -> Weighed {
    Weighed {
        severity: Some(severity),
        logged: message.clone(),
        message,
        probe: None,
        certain,
        met: None,
    }
}

fn silent(probe: Option<String>) -> Weighed {
    Weighed {
        severity: None,
        message: String::new(),
        logged: String::new(),
        probe,
        certain: true,
        met: None,
    }
}

fn left_to_rehearsal(said: &str, reason: &str, rehearsal: bool) -> Weighed {
    let (severity, who) = match rehearsal {
        true => (Severity::Warn, "the rehearsal decides"),
        false => (
            Severity::Block,
            "only a rehearsal could tell, and none will run",
        ),
    };
    known(severity, format!("{said}; {reason}, so {who}"), false)
}

/// What is said is said where there is any row.
async fn where_any(
    draft: &Draft,
    question: &Question,
    session: &mut Witness<'_>,
) -> Result<Weighed> {
    let said = format!("{}{}", draft.message, draft.more);
    let probe = Some(question.met.clone());
    match number(session, &question.met).await {
        Ok(0) => Ok(silent(probe)),
        Ok(_) => Ok(Weighed {
            probe,
            ..known(question.severity, said, true)
        }),
        Err(error) => unasked(draft, question, error, session).await,
    }
}

async fn ask(draft: &Draft, question: &Question, session: &mut Witness<'_>) -> Result<Weighed> {
    let probe = Some(question.met.clone());
    let met = match number(session, &question.met).await {
        Ok(met) => met,
        Err(error) => return unasked(draft, question, error, session).await,
    };
    if met == 0 {
        return Ok(Weighed {
            met: Some(0),
            ..silent(probe)
        });
    }
    let of = match &question.of {
        Some(sql) => match number(session, sql).await {
            Ok(all) => format!(" of {}", counted(all)),
            Err(error) if is_refusal(&error) => String::new(),
            Err(error) => return Err(error.into()),
        },
        None => String::new(),
    };
    let said = sentence(met, &of, &question.subject, &question.verdict);
    let logged = format!("{said}{}", draft.more);
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
        met: Some(met),
    })
}

/// The database did not answer. Only a connection that is gone ends the lint: a right that is missing, a time limit, a
/// value that cannot be read are answers about this one hazard.
async fn unasked(
    draft: &Draft,
    question: &Question,
    error: db::Error,
    session: &mut Witness<'_>,
) -> Result<Weighed> {
    if !is_refusal(&error) {
        return Err(error.into());
    }
    let probe = Some(question.met.clone());
    if no_row(session, question.of.as_deref()).await? {
        return Ok(silent(probe));
    }
    // A value is refused, by the engine or a routine, as the statement itself would refuse it.
    let by_value = has_class(&error, &["22", "23"]);
    let said = format!("{}{}", draft.message, draft.more);
    let words = words_of(&error);
    match question.on_failure {
        OnFailure::Silent if by_value => Ok(silent(probe)),
        OnFailure::FailsOrSilent if !by_value => Ok(silent(probe)),
        OnFailure::Fails | OnFailure::FailsOrSilent if by_value => {
            let logged = format!("{said}: the conversion fails");
            Ok(Weighed {
                message: format!("{logged}: {words}"),
                logged,
                probe,
                ..known(question.severity, String::new(), true)
            })
        }
        _ => Ok(Weighed {
            probe,
            ..known(
                Severity::Warn,
                format!("{said}; this could not be asked: {words}"),
                false,
            )
        }),
    }
}

/// Whether the SQL fails for a cast in it: that of a value (SQLSTATE classes 22 and 23, or a routine's own words), or one
/// there is not (42).
async fn casts_fail(session: &mut Witness<'_>, sql: &str) -> Result<bool> {
    match number(session, sql).await {
        Ok(_) => Ok(false),
        Err(error) if is_refusal(&error) => Ok(has_class(&error, &["22", "23", "42"])),
        Err(error) => Err(error.into()),
    }
}

/// What a routine raises is of any class: it has met a value that it refuses.
fn has_class(error: &db::Error, classes: &[&str]) -> bool {
    match error {
        db::Error::Statement { source } => {
            classes.iter().any(|class| source.code.starts_with(class))
        }
        db::Error::Raised { .. } => true,
        _ => false,
    }
}

/// The engine's own words where it has some: an error that is denied says so only in its source. What a routine says may
/// hold what rows hold, and is left out.
fn words_of(error: &db::Error) -> String {
    match error {
        db::Error::Statement { source }
        | db::Error::Denied { source }
        | db::Error::NotGranted { source }
        | db::Error::ReadOnly { source } => source.message.clone(),
        other => other.to_string(),
    }
}

/// Whether the database refused this one question, and would answer another.
fn is_refusal(error: &db::Error) -> bool {
    matches!(
        error,
        db::Error::Statement { .. }
            | db::Error::Raised { .. }
            | db::Error::Denied { .. }
            | db::Error::NotGranted { .. }
            | db::Error::ReadOnly { .. }
            | db::Error::Locked { .. }
            | db::Error::LockWait { .. }
            | db::Error::NoTable { .. }
            | db::Error::TooManyRows { .. }
            | db::Error::Unsupported { .. }
    )
}

/// Asks one question in a transaction of its own that may only read; inside another one a savepoint keeps that usable.
async fn rows(session: &mut Session, sql: &str, most: usize) -> db::Result<Vec<Vec<Value>>> {
    session.begin(Begin::Read).await?;
    let asked = session.query(sql, &[], most).await;
    let ended = session.rollback().await;
    let rows = asked?.rows;
    ended?;
    Ok(rows)
}

/// Whether this SQL counts no row. What is not answered may be any number.
async fn no_row(session: &mut Witness<'_>, count: Option<&str>) -> Result<bool> {
    let Some(sql) = count else {
        return Ok(false);
    };
    match number(session, sql).await {
        Ok(rows) => Ok(rows == 0),
        Err(error) if is_refusal(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn number(witness: &mut Witness<'_>, sql: &str) -> db::Result<u64> {
    if let Some(known) = witness.answered.get(sql) {
        return Ok(*known);
    }
    let rows = rows(witness.session, sql, 1).await?;
    let value = rows.first().and_then(|row| row.first());
    let number = match value {
        Some(Value::Int(number)) => u64::try_from(*number).unwrap_or(0),
        Some(Value::Float(number)) if *number >= 1.0 => 1,
        Some(Value::Decimal(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    };
    witness.answered.insert(sql.to_owned(), number);
    Ok(number)
}

/// `; e.g. id 7, 19, 44`, or nothing if the keys cannot be had: the count stands without them.
async fn keys(session: &mut Witness<'_>, name: &str, sql: &str) -> Result<String> {
    let rows = match rows(session.session, sql, 3).await {
        Ok(rows) => rows,
        Err(error) if is_refusal(&error) => return Ok(String::new()),
        Err(error) => return Err(error.into()),
    };
    let shown: Vec<String> = rows.iter().map(|row| key(row)).collect();
    Ok(match shown.is_empty() {
        true => String::new(),
        false => format!("; e.g. {name} {}", shown.join(", ")),
    })
}
