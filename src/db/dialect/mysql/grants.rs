//! What a user has been granted, from the server's own list: `information_schema` shows nobody what they have no right
//! to, so that only the rights tell whether an empty list means that there is nothing.

use sqlx::mysql::MySqlConnection;

use super::catalog::cell;
use super::{quote, text};
use crate::db::Result;

/// Every right at once, as both servers print it.
const ALL: &str = "all privileges";

/// The grants of a session's user and of the roles it works with.
pub(super) struct Grants(Vec<Grant>);

struct Grant {
    /// In lower case, without columns.
    rights: Vec<String>,
    on: On,
    /// The account or role.
    to: String,
}

#[derive(Debug, PartialEq, Eq)]
enum On {
    Everything,
    /// The databases whose names are like this pattern.
    Databases(String),
    Table {
        database: String,
        name: String,
    },
}

/// The grants of this session.
pub(super) async fn read(connection: &mut MySqlConnection) -> Result<Grants> {
    let rows = text::rows(connection, "SHOW GRANTS").await?;
    let grants = rows.iter().filter_map(|row| parse(&cell(row, 0)));
    Ok(Grants(grants.collect()))
}

impl Grants {
    /// Whether one of these rights is held on all of this database.
    pub(super) fn cover(&self, database: &str, rights: &[&str]) -> bool {
        let everywhere = self.0.iter().filter(|grant| grant.on == On::Everything);
        let mut counted = everywhere.chain(self.on_database(database));
        counted.any(|grant| grant.gives(rights))
    }

    /// Whether one of these rights is held on the whole server.
    pub(super) fn cover_server(&self, rights: &[&str]) -> bool {
        let mut everywhere = self.0.iter().filter(|grant| grant.on == On::Everything);
        everywhere.any(|grant| grant.gives(rights))
    }

    /// Whether one of these rights is held on this table for itself.
    pub(super) fn cover_table(&self, database: &str, table: &str, rights: &[&str]) -> bool {
        let is_on = |on: &On| match on {
            On::Table { database: of, name } => is_same(of, database) && is_same(name, table),
            _ => false,
        };
        let mut on_it = self.0.iter().filter(|grant| is_on(&grant.on));
        on_it.any(|grant| grant.gives(rights))
    }

    /// A database as a GRANT has to name it so that what is granted adds to what the user has: of several patterns that
    /// are like a name, the server counts the narrowest alone.
    pub(super) fn name_of(&self, database: &str) -> String {
        let held = self.on_database(database).next();
        match held.map(|grant| &grant.on) {
            Some(On::Databases(pattern)) => quote(pattern),
            _ => quote(&escaped(database)),
        }
    }

    /// Of each account and role, the grant that counts for this database.
    fn on_database<'a>(&'a self, database: &'a str) -> impl Iterator<Item = &'a Grant> {
        let fitting = |to: &'a str| {
            let its = self.0.iter().filter(move |grant| grant.to == to);
            its.filter_map(|grant| match &grant.on {
                On::Databases(pattern) if is_like(pattern, database) => {
                    Some((width(pattern), grant))
                }
                _ => None,
            })
            .min_by_key(|(width, _)| *width)
            .map(|(_, grant)| grant)
        };
        let mut owners: Vec<&str> = self.0.iter().map(|grant| grant.to.as_str()).collect();
        owners.dedup();
        owners.into_iter().filter_map(fitting)
    }
}

impl Grant {
    fn gives(&self, rights: &[&str]) -> bool {
        let is_meant = |held: &String| held == ALL || rights.contains(&held.as_str());
        self.rights.iter().any(is_meant)
    }
}

/// Reads a line such as ``GRANT SELECT, TRIGGER ON `app`.* TO `me`@`%` ``; `None` for roles, routines and proxies.
fn parse(line: &str) -> Option<Grant> {
    let (rights, rest) = line.strip_prefix("GRANT ")?.split_once(" ON ")?;
    let (database, rest) = name(rest)?;
    let (table, rest) = name(rest.strip_prefix('.')?)?;
    let to = rest.strip_prefix(" TO ")?;
    let on = match (database, table) {
        (None, None) => On::Everything,
        (Some(database), None) => On::Databases(database),
        (Some(database), Some(name)) => On::Table { database, name },
        (None, Some(_)) => return None,
    };
    Some(Grant {
        rights: words(rights),
        on,
        to: to.split([' ']).next().unwrap_or_default().to_owned(),
    })
}

/// The rights, in lower case; a right on some columns of a table is one on the table.
fn words(rights: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let outside = rights.chars().filter(|letter| {
        match letter {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                return false;
            }
            _ => {}
        }
        depth == 0
    });
    let outside: String = outside.collect();
    let each = outside.split(',');
    each.map(|right| right.trim().to_lowercase()).collect()
}

/// A quoted name at the start, or `None` for `*`, and what is behind it. Under ANSI_QUOTES the quotes are others.
fn name(text: &str) -> Option<(Option<String>, &str)> {
    if let Some(rest) = text.strip_prefix('*') {
        return Some((None, rest));
    }
    let quote = text.chars().next().filter(|first| "`\"".contains(*first))?;
    let mut name = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != quote {
            name.push(letter);
        } else if letters.next_if(|(_, next)| *next == quote).is_some() {
            name.push(quote);
        } else {
            return Some((Some(name), text.get(at + 1..)?));
        }
    }
    None
}

/// Names of databases and tables may differ in case here and there, depending on the server.
fn is_same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// A name as a pattern that only it is like.
fn escaped(name: &str) -> String {
    let name = name.replace('\\', "\\\\");
    name.replace('_', "\\_").replace('%', "\\%")
}

/// How far a pattern reaches, the narrowest first: the later its first wildcard the narrower
/// (<https://dev.mysql.com/doc/refman/8.0/en/grant.html>).
fn width(pattern: &str) -> usize {
    let mut letters = pattern.chars().enumerate();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '%' | '_' => return usize::MAX - at,
            _ => {}
        }
    }
    0
}

/// Whether a name is like a pattern, as LIKE has it.
fn is_like(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let name: Vec<char> = name.to_lowercase().chars().collect();
    fits(&pattern, &name)
}

fn fits(pattern: &[char], name: &[char]) -> bool {
    match (pattern, name) {
        ([], _) => name.is_empty(),
        (['%', pattern @ ..], _) => (0..=name.len()).any(|skip| fits(pattern, &name[skip..])),
        (['_', pattern @ ..], [_, name @ ..]) => fits(pattern, name),
        (['\\', wanted, pattern @ ..] | [wanted, pattern @ ..], [first, name @ ..]) => {
            wanted == first && fits(pattern, name)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(lines: &[&str]) -> Grants {
        Grants(lines.iter().filter_map(|line| parse(line)).collect())
    }

    #[test]
    fn a_right_counts_where_it_was_given() {
        let all = grants(&["GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION"]);
        assert!(all.cover("app", &["trigger"]));
        let some = grants(&[
            "GRANT USAGE ON *.* TO `me`@`%` IDENTIFIED BY PASSWORD '*1'",
            "GRANT SELECT (a, `trigger`), SHOW VIEW ON \"my\\_app\".* TO \"me\"@\"%\"",
            "GRANT TRIGGER ON `my_app`.`t``1` TO `me`@`%`",
            "GRANT EXECUTE ON PROCEDURE `my_app`.`p` TO `me`@`%`",
            "GRANT `reader` TO `me`@`%`",
        ]);
        assert!(some.cover("my_app", &["select"]));
        assert!(!some.cover("my_app", &["trigger", "execute"]));
        assert!(!some.cover("myxapp", &["select"]));
        assert!(some.cover_table("my_app", "t`1", &["trigger"]));
        assert!(!some.cover_table("my_app", "t", &["trigger"]));
        assert!(!some.cover_server(&["select"]));
    }

    #[test]
    fn of_several_patterns_the_narrowest_counts_alone() {
        let both = grants(&[
            "GRANT ALL PRIVILEGES ON `ap%`.* TO `me`@`%`",
            "GRANT SELECT ON `app`.* TO `me`@`%`",
        ]);
        assert!(!both.cover("app", &["trigger"]));
        assert!(both.cover("apt", &["trigger"]));
        assert_eq!(both.name_of("app"), "`app`");
        assert_eq!(both.name_of("apt"), "`ap%`");
        assert_eq!(both.name_of("my_app"), "`my\\_app`");
        let role = grants(&[
            "GRANT SELECT ON `app`.* TO `me`@`%`",
            "GRANT EVENT ON `app`.* TO `role`",
        ]);
        assert!(role.cover("app", &["event"]));
    }
}
