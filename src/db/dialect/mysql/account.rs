//! The user that a session works as: its rights as far as they can be told, and the statements that give it more.

use sqlx::mysql::MySqlConnection;

use super::link::State;
use super::{beside, quote, schema, text};
use crate::db::{Engine, Result};

/// The user as a statement names it: `'app'@'%'`.
pub(super) async fn me(connection: &mut MySqlConnection) -> Result<String> {
    let me = text::value(connection, "SELECT CURRENT_USER()").await?;
    let me = me.unwrap_or_default();
    let (name, host) = me.rsplit_once('@').unwrap_or((&me, "%"));
    Ok(format!("{}@{}", quoted(name), quoted(host)))
}

fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

/// Whether two accounts are the same, however they are quoted.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let bare = |account: &str| account.replace(['`', '"', '\''], "");
    bare(one) == bare(other)
}

/// As [`grant_beside`], for the user of this connection.
pub(super) async fn grant(connection: &mut MySqlConnection, database: &str) -> String {
    // Whoever asks has an error already, which matters more.
    let me = me(connection).await.unwrap_or_else(|_| "…".to_owned());
    grant_beside(database, &me)
}

/// The statement that lets a user make the databases of ours beside this one.
fn grant_beside(database: &str, me: &str) -> String {
    let name = beside::beginning(database);
    let pattern = name.replace('\\', "\\\\").replace('_', "\\_");
    let pattern = quote(&format!("{}%", pattern.replace('%', "\\%")));
    format!("GRANT ALL ON {pattern}.* TO {me}")
}

/// The statement that lets a user read what others' routines do.
pub(super) fn grant_routines(engine: Engine, me: &str) -> String {
    match engine {
        Engine::Mariadb => format!("GRANT SELECT ON mysql.proc TO {me}"),
        _ => format!("GRANT SHOW_ROUTINE ON *.* TO {me}"),
    }
}

/// The statement that lets a user make objects that run with the rights of another.
pub(super) fn grant_definers(engine: Engine, me: &str) -> String {
    match engine {
        Engine::Mariadb => format!("GRANT SET USER ON *.* TO {me}"),
        _ => format!("GRANT SET_ANY_DEFINER ON *.* TO {me} (before 8.2: SET_USER_ID)"),
    }
}

/// Whether the user may make objects that run with the rights of another; `None` where that cannot be told.
pub(super) async fn may_name_others(state: &mut State) -> Result<Option<bool>> {
    let me = me(&mut state.connection).await?;
    let has = |rights: &str| {
        format!(
            "SELECT COUNT(*) FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = {} AND PRIVILEGE_TYPE IN ({rights})",
            text::literal(&me)
        )
    };
    // What MariaDB's SUPER stands for differs from version to version.
    let (sure, unsure) = match state.engine {
        Engine::Mariadb => ("'SET USER'", "'SUPER'"),
        _ => ("'SET_ANY_DEFINER', 'SET_USER_ID', 'SUPER'", "''"),
    };
    if schema::number(state, &has(sure)).await? > 0 {
        return Ok(Some(true));
    }
    let is_unsure = schema::number(state, &has(unsure)).await? > 0;
    // A server too old for roles does not know the function.
    let role = text::value(&mut state.connection, "SELECT CURRENT_ROLE()").await;
    let role = role.ok().flatten().filter(|role| role != "NONE");
    Ok((!is_unsure && role.is_none()).then_some(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_names_the_databases_beside_this_one_and_no_others() {
        assert_eq!(
            grant_beside("my_shop", "'lim'@'localhost'"),
            "GRANT ALL ON `my\\_shop\\_dbscript\\_%`.* TO 'lim'@'localhost'"
        );
        assert!(is_same("`app`@`%`", "'app'@'%'"));
        assert!(!is_same("`app`@`%`", "'app'@'localhost'"));
    }
}
