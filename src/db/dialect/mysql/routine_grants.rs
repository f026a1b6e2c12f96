//! Rights that were given on one routine alone: the server forgets them when the routine is dropped, as a restore does
//! with one that is there in another form (<https://mariadb.com/kb/en/drop-procedure/>,
//! <https://dev.mysql.com/doc/refman/8.4/en/drop-procedure.html>).

use super::catalog::cell;
use super::link::State;
use super::{account, definer, objects, quote, text};
use crate::db::{Error, Result};

/// Every routine, with each of the statements that give rights on it alone; NULL where there is none. Those on tables and
/// views stay with the name (<https://dev.mysql.com/doc/refman/8.4/en/grant.html>).
pub(in crate::db) const RIGHTS: &str = "SELECT CONCAT(r.ROUTINE_TYPE, ' ', r.ROUTINE_NAME), CONCAT('GRANT ', \
        COALESCE(NULLIF(TRIM(BOTH ',' FROM REPLACE(CONCAT(',', UPPER(p.Proc_priv), ','), ',GRANT,', ',')), ''), 'USAGE'), ' ON ', \
        r.ROUTINE_TYPE, ' `', REPLACE(p.Db, '`', '``'), '`.`', REPLACE(p.Routine_name, '`', '``'), '` TO `', REPLACE(p.User, '`', '``'), '`', \
        IF(p.Host = '', '', CONCAT('@`', REPLACE(p.Host, '`', '``'), '`')), IF(FIND_IN_SET('Grant', p.Proc_priv), ' WITH GRANT OPTION', '')) \
    FROM information_schema.ROUTINES r LEFT JOIN mysql.procs_priv p ON p.Db = DATABASE() \
        AND CONVERT(p.Routine_type USING utf8mb4) = CONVERT(r.ROUTINE_TYPE USING utf8mb4) \
        AND LOWER(CONVERT(p.Routine_name USING utf8mb4)) = LOWER(CONVERT(r.ROUTINE_NAME USING utf8mb4)) \
    WHERE r.ROUTINE_SCHEMA = DATABASE() ORDER BY 1, 2";

/// Kinds that such rights can be given on.
const KINDS: [&str; 4] = ["function", "procedure", "package", "package body"];

/// A routine by its kind and its name, in small letters: the server makes no difference.
type Routine = (String, String);

/// What making these statements' routines in a restore would take away, with the statements that give it again.
pub(super) async fn foretell(state: &mut State, statements: &[String]) -> Result<Option<String>> {
    let replaced = replaced(state, statements).await?;
    if replaced.is_empty() {
        return Ok(None);
    }
    let Some(mut given) = given(state).await? else {
        return Ok(Some(format!(
            "rights that were given on {} alone go with it when it is replaced; this user may not see whether there are \
             any: as one who may read mysql.procs_priv, look there first, and give them again afterwards",
            named(&replaced)
        )));
    };
    let me = account::me(&mut state.connection).await?;
    given.retain(|given| replaced.contains(&given.on) && !account::is_same(&given.to, &me));
    let is_theirs = |routine: &Routine| given.iter().any(|given| given.on == *routine);
    let theirs: Vec<Routine> = replaced.into_iter().filter(is_theirs).collect();
    let again: Vec<&str> = given.iter().map(|given| given.statement.as_str()).collect();
    Ok((!again.is_empty()).then(|| {
        format!(
            "rights that were given on {} alone go with it when it is replaced; give them again afterwards: {}",
            named(&theirs),
            again.join("; ")
        )
    }))
}

fn named(routines: &[Routine]) -> String {
    let names = routines
        .iter()
        .map(|(kind, name)| format!("the {kind} `{name}`"));
    names.collect::<Vec<String>>().join(", ")
}

/// The routines that are there in another form. What is as it is to be stays.
async fn replaced(state: &mut State, statements: &[String]) -> Result<Vec<Routine>> {
    let routine = |statement: &String| {
        let (kind, name) = definer::what(statement)?;
        let is_one = KINDS.contains(&kind.as_str());
        is_one.then(|| (kind, name.to_lowercase(), definer::without(statement)))
    };
    let coming: Vec<_> = statements.iter().filter_map(routine).collect();
    if coming.is_empty() {
        return Ok(Vec::new());
    }
    let there = objects::read(state).await?;
    let is_replaced = |(kind, name, sql): &(String, String, String)| {
        let mut alike = there
            .iter()
            .filter(|made| made.kind == kind && made.name.to_lowercase() == *name);
        alike.any(|made| made.sql != *sql)
    };
    let replaced = coming.into_iter().filter(is_replaced);
    Ok(replaced.map(|(kind, name, _)| (kind, name)).collect())
}

struct Given {
    on: Routine,
    /// The account or role.
    to: String,
    statement: String,
}

/// What was given on routines of this database; `None` where the user may not see it.
async fn given(state: &mut State) -> Result<Option<Vec<Given>>> {
    const RIGHTS: &str = "SELECT LOWER(Routine_type), Routine_name, User, Host, Proc_priv FROM mysql.procs_priv \
         WHERE Db = DATABASE() ORDER BY 1, 2, 3, 4";
    let database = text::value(&mut state.connection, "SELECT DATABASE()").await?;
    let database = quote(&database.unwrap_or_default());
    let rows = match text::rows(&mut state.connection, RIGHTS).await {
        Err(Error::Denied { .. } | Error::NotGranted { .. }) => return Ok(None),
        rows => rows?,
    };
    let given = rows.iter().map(|row| {
        let [kind, name, user, host, rights] = [0, 1, 2, 3, 4].map(|index| cell(row, index));
        // A role has no host on MariaDB.
        let to = match host.is_empty() {
            true => quote(&user),
            false => format!("{}@{}", quote(&user), quote(&host)),
        };
        let place = format!("{} {database}.{}", kind.to_uppercase(), quote(&name));
        Given {
            statement: statement(&rights, &place, &to),
            on: (kind, name.to_lowercase()),
            to,
        }
    });
    Ok(Some(given.collect()))
}

/// The statement that gives these rights, listed as the server keeps them.
fn statement(rights: &str, place: &str, to: &str) -> String {
    let mut words: Vec<String> = rights.split(',').map(str::to_uppercase).collect();
    let all = words.len();
    words.retain(|right| right != "GRANT");
    let passed_on = match words.len() == all {
        true => "",
        false => " WITH GRANT OPTION",
    };
    if words.is_empty() {
        words.push("USAGE".to_owned());
    }
    format!("GRANT {} ON {place} TO {to}{passed_on}", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_given_again_as_they_were() {
        for (rights, wanted) in [
            ("Execute", "GRANT EXECUTE ON FUNCTION `a`.`f` TO `u`@`%`"),
            (
                "Execute,Alter Routine,Grant",
                "GRANT EXECUTE, ALTER ROUTINE ON FUNCTION `a`.`f` TO `u`@`%` WITH GRANT OPTION",
            ),
        ] {
            assert_eq!(statement(rights, "FUNCTION `a`.`f`", "`u`@`%`"), wanted);
        }
    }
}
