//! Enums: values that rows still have and the new type does not. PostgreSQL removes one by swapping types
//! (`ALTER COLUMN … TYPE new USING (column::text::new)`), MySQL by defining the column anew.

use super::Judge;
use super::types::Retyped;
use crate::db::Engine;
use crate::hazard::dialect;
use crate::hazard::draft::Draft;
use crate::hazard::world::{bare_type, quoted};

impl Judge<'_> {
    /// Whether it is a change to or between enums, which is judged by their values.
    pub(super) fn change_enum(&mut self, retyped: &Retyped<'_>) -> bool {
        match self.habits.fills_in {
            true => self.change_mysql_enum(retyped),
            false => self.swap_enum(retyped),
        }
    }

    fn swap_enum(&mut self, retyped: &Retyped<'_>) -> bool {
        let Retyped {
            table,
            column,
            new_type,
            using,
            ..
        } = retyped;
        let Some(values) = self.world.enum_values(new_type).map(<[String]>::to_vec) else {
            return false;
        };
        let schema = self.world.default_schema().map(str::to_owned);
        let bare = |name: &str| bare_type(name, schema.as_deref());
        if bare(&column.type_name) == bare(new_type) {
            return true;
        }
        let object = format!("{}.{}", table.name, column.name);
        let was_enum = self
            .world
            .enum_values(&column.type_name)
            .map(<[String]>::to_vec);
        let Some(using) = using else {
            let message = format!("`{object}` does not become {new_type} by itself");
            self.push(
                Draft::new("not-castable", self.at, object)
                    .refused(message)
                    .hint(format!(
                        "say how: USING ({}::text::{new_type})",
                        column.name
                    )),
            );
            return true;
        };
        let rule = if was_enum.is_some() {
            "remove-enum-value"
        } else {
            "not-castable"
        };
        let Some(text) = before_cast(using, &bare(new_type), schema.as_deref()) else {
            let weight = self.rehearsed(table, "its USING computes the new value");
            let verdict = format!(
                "have a value in `{}` that {new_type} does not have",
                column.name
            );
            let draft = Draft::new(rule, self.at, object);
            self.push(draft.fails(weight, &table.name, &verdict).hint(
                "settle these values first, or let the USING give each a value of the new type",
            ));
            self.ask_what_using_loses(retyped);
            return true;
        };
        let gone = was_enum.map(|old| {
            let left = old.into_iter().filter(|value| !values.contains(value));
            left.collect::<Vec<_>>()
        });
        self.ask_about_swap(retyped, rule, &text, &values, gone.as_deref());
        true
    }

    /// `text` is the new value before its last cast, `gone` what the old enum had and the new one does not have.
    fn ask_about_swap(
        &mut self,
        retyped: &Retyped<'_>,
        rule: &'static str,
        text: &str,
        values: &[String],
        gone: Option<&[String]>,
    ) {
        let Retyped {
            column,
            stored,
            new_type,
            ..
        } = retyped;
        let plain = is_column(text, &column.name);
        // What both enums have needs no question.
        if plain && gone.is_some_and(<[String]>::is_empty) {
            return;
        }
        let list = literals(self.engine, values);
        let array = new_type.trim_end().ends_with("[]") || column.type_name.ends_with("[]");
        let condition = match array {
            true => format!(
                "EXISTS (SELECT 1 FROM unnest(({text})::text[]) AS \"element\" WHERE \"element\" NOT IN ({list}))"
            ),
            false => format!("({text})::text NOT IN ({list})"),
        };
        let lacks = match gone {
            Some(gone) if plain => format!("no longer has ({})", gone.join(", ")),
            _ => "does not have".to_owned(),
        };
        let verdict = format!("have a value in `{}` that {new_type} {lacks}", column.name);
        self.ask_about(retyped, rule, &condition, &verdict);
        if !plain && !array {
            let condition = format!("({text})::text IS DISTINCT FROM {stored}::text");
            let verdict = format!(
                "have another value in `{}` after its USING than before",
                column.name
            );
            self.ask_about(retyped, "lossy-using", &condition, &verdict);
        }
    }

    /// `enum('a','b')` and `set('a','b')`, by the values that are no longer there.
    fn change_mysql_enum(&mut self, retyped: &Retyped<'_>) -> bool {
        let Retyped {
            column,
            stored,
            new_type,
            ..
        } = retyped;
        let (Some(old), Some(new)) = (listed(&column.type_name), listed(new_type)) else {
            return false;
        };
        if old.0 != new.0 {
            return false;
        }
        let has = |value: &String| new.1.iter().any(|kept| kept.eq_ignore_ascii_case(value));
        let gone: Vec<String> = old.1.iter().filter(|value| !has(value)).cloned().collect();
        if gone.is_empty() {
            return true;
        }
        let condition = match old.0 {
            "enum" => format!("{stored} IN ({})", literals(self.engine, &gone)),
            _ => {
                let found: Vec<String> = gone
                    .iter()
                    .map(|value| {
                        format!(
                            "FIND_IN_SET({}, {stored}) > 0",
                            literals(self.engine, std::slice::from_ref(value))
                        )
                    })
                    .collect();
                found.join(" OR ")
            }
        };
        let verdict = format!(
            "have a value in `{}` that the new type no longer has ({})",
            column.name,
            gone.join(", ")
        );
        self.ask_about(retyped, "remove-enum-value", &condition, &verdict);
        true
    }
}

/// Kind and values of MySQL's `enum(…)` or `set(…)`.
fn listed(type_name: &str) -> Option<(&'static str, Vec<String>)> {
    let lower = type_name.trim_start().to_ascii_lowercase();
    let kind = ["enum", "set"].into_iter().find(|kind| {
        lower
            .strip_prefix(kind)
            .is_some_and(|rest| rest.trim_start().starts_with('('))
    })?;
    Some((kind, quoted(type_name)))
}

fn literals(engine: Engine, values: &[String]) -> String {
    let quoted: Vec<String> = values
        .iter()
        .map(|value| dialect::literal(engine, value))
        .collect();
    quoted.join(", ")
}

/// The expression of a USING without its last cast, which is one to the new type.
fn before_cast(using: &str, new_type: &str, schema: Option<&str>) -> Option<String> {
    let text = unwrapped(using.trim());
    let (before, last) = text.rsplit_once("::")?;
    (bare_type(last, schema) == new_type).then(|| before.trim().to_owned())
}

/// Takes brackets off that are around all of it.
fn unwrapped(text: &str) -> &str {
    let Some(inner) = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
    else {
        return text;
    };
    let mut depth = 0_i32;
    for letter in inner.chars() {
        depth += match letter {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth < 0 {
            return text;
        }
    }
    unwrapped(inner.trim())
}

/// Whether it is the column, cast to text or not.
fn is_column(text: &str, column: &str) -> bool {
    let name = text.trim_end_matches("[]").trim_end_matches("::text");
    let name = unwrapped(name.trim()).trim_end_matches("::text");
    unwrapped(name)
        .trim_matches('"')
        .eq_ignore_ascii_case(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_is_read_as_tools_write_it() {
        for using in [
            "(\"role\"::text::\"Role_new\")",
            "role::text::\"Role_new\"",
            "((role)::text)::\"Role_new\"",
        ] {
            let text = before_cast(using, "Role_new", Some("public")).expect(using);
            assert!(is_column(&text, "role"), "{using}: {text}");
        }
        let mapped = before_cast("(CASE role::text WHEN 'a' THEN 'b' END)::\"R\"", "R", None);
        assert!(!is_column(&mapped.expect("it ends in the cast"), "role"));
        assert_eq!(before_cast("f(role)", "R", None), None);
    }

    #[test]
    fn mysql_lists_are_read() {
        assert_eq!(
            listed("ENUM('a', 'it''s')"),
            Some(("enum", vec!["a".to_owned(), "it's".to_owned()]))
        );
        assert_eq!(listed("set('x')").map(|(kind, _)| kind), Some("set"));
        assert_eq!(listed("settings"), None);
    }

    #[test]
    fn a_backslash_in_a_member_is_doubled_where_it_escapes() {
        let members = ["it's".to_owned(), "a\\b".to_owned()];
        assert_eq!(literals(Engine::Mariadb, &members), "'it''s', 'a\\\\b'");
        assert_eq!(literals(Engine::Postgres, &members), "'it''s', 'a\\b'");
    }
}
