//! Types and other objects that are not tables.

use super::World;
use super::table::{Column, Object, Table};
use crate::ident::TableName;

impl World {
    /// The objects of one of these kinds and this name; a function's name goes without its arguments.
    pub(in crate::hazard) fn objects_named(&self, kinds: &[&str], name: &str) -> Vec<&Object> {
        let plain = |known: &str| known.split('(').next().unwrap_or_default().to_owned();
        let wanted = plain(name);
        self.objects
            .iter()
            .filter(|object| kinds.contains(&object.kind.as_str()))
            .filter(|object| plain(&object.name).eq_ignore_ascii_case(&wanted))
            .collect()
    }

    /// Adds an object the set creates.
    pub(in crate::hazard) fn add_object(&mut self, kind: &str, name: &TableName, words: &[String]) {
        self.objects.push(Object {
            kind: kind.to_owned(),
            name: name.name.clone(),
            table: None,
            created: true,
            words: words.to_vec(),
            schema: name.schema.clone(),
            deeds: None,
        });
    }

    /// Takes the objects of these kinds and this name away.
    pub(in crate::hazard) fn remove_objects(&mut self, kinds: &[&str], name: &str) {
        let plain = |known: &str| known.split('(').next().unwrap_or_default().to_owned();
        let gone = plain(name);
        self.objects.retain(|object| {
            !(kinds.contains(&object.kind.as_str())
                && plain(&object.name).eq_ignore_ascii_case(&gone))
        });
    }

    /// The values of an enum, if it is one that is known.
    pub(in crate::hazard) fn enum_values(&self, type_name: &str) -> Option<&[String]> {
        let name = bare_type(type_name, self.default_schema());
        self.enums.get(&name).map(Vec::as_slice)
    }

    /// The type a domain is made of, through domains of domains; any other type is itself.
    pub(in crate::hazard) fn made_of<'a>(&'a self, type_name: &'a str) -> &'a str {
        /// More turns than anybody nests.
        const MOST: usize = 16;
        let mut found = type_name;
        for _ in 0..MOST {
            let array = found.trim_end().ends_with(']');
            let name = bare_type(found, self.default_schema());
            match self.domains.get(&name).filter(|_| !array) {
                Some(made_of) => found = made_of,
                None => break,
            }
        }
        found
    }

    /// Adds an enum the set creates.
    pub(in crate::hazard) fn add_enum(&mut self, name: &TableName, values: Vec<String>) {
        let name = bare_type(&name.to_string(), self.default_schema());
        self.enums.insert(name, values);
    }

    /// A type gets another name: columns of it follow.
    pub(in crate::hazard) fn rename_type(&mut self, name: &TableName, to: &str) {
        let schema = self.default_schema().map(str::to_owned);
        let before = bare_type(&name.to_string(), schema.as_deref());
        if let Some(values) = self.enums.remove(&before) {
            self.enums.insert(to.to_owned(), values);
        }
        for table in self.tables.values_mut() {
            for column in table.columns.iter_mut().flatten().chain(&mut table.added) {
                if bare_type(&column.type_name, schema.as_deref()) == before {
                    to.clone_into(&mut column.type_name);
                }
            }
        }
        for object in &mut self.objects {
            if object.kind == "type" && object.name == name.name {
                to.clone_into(&mut object.name);
            }
        }
    }

    /// The columns of a type (or of arrays of it), with their tables.
    pub(in crate::hazard) fn columns_of_type(&self, name: &TableName) -> Vec<(Table, Column)> {
        let wanted = bare_type(&name.to_string(), self.default_schema());
        self.columns_where(|column| bare_type(&column.type_name, self.default_schema()) == wanted)
    }

    /// The columns a sequence numbers: those whose default draws from it, and identities, whose sequence has the name
    /// the server gives it.
    pub(in crate::hazard) fn columns_numbered_by(&self, name: &TableName) -> Vec<(Table, Column)> {
        let wanted = bare_type(&name.to_string(), self.default_schema());
        let mut found = self.columns_where(|column| {
            let Some(default) = &column.default else {
                return false;
            };
            drawn_from(default).is_some_and(|sequence| {
                bare_type(&sequence, self.default_schema()).eq_ignore_ascii_case(&wanted)
            })
        });
        if found.is_empty() && self.names.schemas() {
            found = self.columns_where(|column| column.default.is_none());
            found.retain(|(table, column)| {
                let own = TableName {
                    schema: table.name.schema.clone(),
                    name: format!("{}_{}_seq", table.name.name, column.name),
                };
                let numbers = column.identity || column.type_name.to_lowercase().contains("serial");
                numbers && self.same(&own, name)
            });
        }
        found
    }

    fn columns_where(&self, is: impl Fn(&Column) -> bool) -> Vec<(Table, Column)> {
        let mut found = Vec::new();
        for table in self.tables() {
            if table.partition_of.is_some() {
                continue;
            }
            let columns = table.columns.iter().flatten().chain(&table.added);
            let columns = columns.filter(|column| is(column));
            found.extend(columns.map(|column| (table.clone(), column.clone())));
        }
        found
    }
}

/// A type's name without quotes, length, array brackets and default schema.
pub(in crate::hazard) fn bare_type(name: &str, default_schema: Option<&str>) -> String {
    let name = name.trim().trim_end_matches("[]");
    let name = name.split('(').next().unwrap_or_default().trim();
    let name = name.replace('"', "");
    let schema = default_schema.unwrap_or("public");
    let own = name
        .strip_prefix(schema)
        .and_then(|rest| rest.strip_prefix('.'));
    own.unwrap_or(&name).to_owned()
}

/// The type of `CREATE DOMAIN app.mail AS character varying(80) COLLATE … DEFAULT … NOT NULL CONSTRAINT …`, as the
/// catalog writes it.
pub(super) fn domain_type(sql: &str) -> Option<String> {
    let (_, rest) = sql.strip_prefix("CREATE DOMAIN ")?.split_once(" AS ")?;
    let ends = [
        " COLLATE ",
        " DEFAULT ",
        " NOT NULL",
        " CONSTRAINT ",
        " CHECK ",
        ";",
    ];
    let end = ends.iter().filter_map(|word| rest.find(word)).min();
    Some(rest[..end.unwrap_or(rest.len())].trim().to_owned())
}

/// The values of `CREATE TYPE … AS ENUM ('a', 'b')`.
pub(super) fn enum_values(sql: &str) -> Option<Vec<String>> {
    let (_, list) = sql.split_once(" AS ENUM (")?;
    Some(quoted(list))
}

/// The values of a quoted list such as `'a', 'it''s'`.
pub(in crate::hazard) fn quoted(list: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut letters = list.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\'' {
            continue;
        }
        let mut value = String::new();
        while let Some(letter) = letters.next() {
            if letter != '\'' {
                value.push(letter);
            } else if letters.peek() == Some(&'\'') {
                letters.next();
                value.push('\'');
            } else {
                break;
            }
        }
        values.push(value);
    }
    values
}

/// The sequence of `nextval('public.users_id_seq'::regclass)` and of MariaDB's ``nextval(`s`)``.
fn drawn_from(default: &str) -> Option<String> {
    let lower = default.to_ascii_lowercase();
    let at = lower.find("nextval(")? + "nextval(".len();
    let inner = default[at..].split(')').next()?;
    let inner = inner.split("::").next()?.trim().trim_matches('\'');
    Some(inner.replace('`', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_however_they_are_spelt() {
        for name in ["public.\"Role\"", "\"Role\"", "\"Role\"[]", "Role(3)"] {
            assert_eq!(bare_type(name, Some("public")), "Role");
        }
        assert_eq!(bare_type("app.mood", Some("public")), "app.mood");
    }

    #[test]
    fn values_and_sequences_are_taken_from_sql() {
        assert_eq!(
            enum_values("CREATE TYPE public.m AS ENUM ('a', 'it''s, no')"),
            Some(vec!["a".to_owned(), "it's, no".to_owned()])
        );
        assert_eq!(
            drawn_from("nextval('public.users_id_seq'::regclass)").as_deref(),
            Some("public.users_id_seq")
        );
        assert_eq!(drawn_from("nextval(`s`)").as_deref(), Some("s"));
        assert_eq!(drawn_from("now()"), None);
    }
}
