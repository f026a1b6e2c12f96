//! MODIFY and CHANGE of MySQL and MariaDB: a column defined anew loses what the definition does not repeat
//! (<https://dev.mysql.com/doc/refman/8.0/en/alter-table.html#alter-table-redefine-column>).

use super::Judge;
use super::copies::live_name;
use crate::event::Severity;
use crate::hazard::action::{Definition, Key};
use crate::hazard::draft::{Draft, Weight, What};
use crate::hazard::world::{Column, Table};

impl Judge<'_> {
    pub(super) fn redefine(&mut self, table: &Table, column: &str, definition: &Definition) {
        if table.live.is_none() {
            return;
        }
        self.judge_attributes(table, column, definition);
        self.judge_zero(table, column, definition);
        let new = &definition.column;
        self.change_type(table, column, &new.type_name, None);
        if new.not_null || new.primary {
            self.set_not_null(table, column, Some(&new.type_name));
        }
        if let Some(charset) = charset_of(definition) {
            self.narrow_charset(table, column, &charset);
        }
        if (new.unique || new.primary) && !new.identity {
            let key = Key {
                primary: new.primary,
                columns: vec![column.to_owned()],
                nulls_equal: false,
            };
            self.demand_key(table, &key, None);
        }
        for check in &new.checks {
            self.demand_check(table, check, None);
        }
    }

    /// A column that begins to count gives its next number to the row that has 0, unless the mode says that 0 is a number
    /// (<https://dev.mysql.com/doc/refman/8.0/en/sql-mode.html#sqlmode_no_auto_value_on_zero>).
    fn judge_zero(&mut self, table: &Table, column: &str, definition: &Definition) {
        let counts = definition.column.identity && self.connection.keeps_zero != Some(true);
        let known = table
            .column(column)
            .filter(|known| !known.identity && counts);
        let Some((known, live)) = known.and_then(|known| Some((known, known.live.clone()?))) else {
            return;
        };
        let object = format!("{}.{}", table.name, known.name);
        let verdict =
            format!("have 0 in `{object}`, which becomes the next number of AUTO_INCREMENT");
        let mut condition = format!("{} = 0", self.quote(&live));
        if self.connection.keeps_zero.is_none() {
            condition.push_str(" AND @@SESSION.sql_mode NOT LIKE '%NO_AUTO_VALUE_ON_ZERO%'");
        }
        let weight = self.weigh(table, self.rows_question(table, Some(&condition), &verdict));
        self.push(
            Draft::new("update-rows", self.at, &object)
                .weighs(weight, format!("rows of `{}` {verdict}", table.name))
                .hint("`SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')` in the file before it keeps the 0")
                .lets_go(&live_name(table), Some(&live), What::Values),
        );
    }

    fn judge_attributes(&mut self, table: &Table, column: &str, definition: &Definition) {
        let object = format!("{}.{column}", table.name);
        let hint = "repeat the whole definition: `SHOW CREATE TABLE` prints it";
        let known = table
            .column(column)
            .filter(|known| !known.type_name.is_empty());
        let mut draft = Draft::new("modify-drops-attributes", self.at, &object).hint(hint);
        draft.aliases = vec![table.name.to_string()];
        match known {
            Some(known) if known.live.is_some() => {
                let lost = lost(table, known, definition);
                if !lost.is_empty() {
                    let message = format!(
                        "`{object}` loses {}, which the new definition does not repeat",
                        lost.join(", ")
                    );
                    self.push(draft.is(Severity::Block, message));
                }
            }
            Some(_) => {}
            None if table.columns.is_none() => {
                let message = format!(
                    "whatever `{object}` has that the new definition does not repeat is lost: NOT NULL, DEFAULT, COMMENT, AUTO_INCREMENT, charset"
                );
                let weight = Weight::Unknown("its definition is not known".to_owned());
                self.push(draft.weighs(weight, message));
            }
            None => {}
        }
    }
}

/// What the column has and the definition does not say.
fn lost(table: &Table, known: &Column, definition: &Definition) -> Vec<&'static str> {
    let new = &definition.column;
    let in_key = table
        .primary_key()
        .iter()
        .any(|key| key.eq_ignore_ascii_case(&known.name));
    let attributes = &known.attributes;
    let textual = ["char", "text", "enum", "set"]
        .iter()
        .any(|word| new.type_name.to_ascii_lowercase().contains(word));
    let recoded = attributes.collation.is_some()
        && definition.charset.is_none()
        && definition.collation.is_none()
        && textual;
    [
        (
            !known.nullable && !new.not_null && !new.primary && !in_key && new.generated.is_none(),
            "NOT NULL",
        ),
        (
            known.default.is_some() && !known.generated && new.default.is_none() && !new.identity,
            "its DEFAULT",
        ),
        (known.identity && !new.identity, "AUTO_INCREMENT"),
        (attributes.comment && !definition.comment, "its COMMENT"),
        (recoded, "its character set and collation"),
        (
            attributes.on_update && !definition.on_update,
            "ON UPDATE CURRENT_TIMESTAMP",
        ),
        (attributes.invisible && !definition.invisible, "INVISIBLE"),
    ]
    .into_iter()
    .filter(|(goes, _)| *goes)
    .map(|(_, what)| what)
    .collect()
}

/// The character set a definition asks for, by itself or by its collation.
fn charset_of(definition: &Definition) -> Option<String> {
    let by_collation = definition
        .collation
        .as_ref()
        .and_then(|collation| collation.split('_').next())
        .filter(|charset| !charset.starts_with("uca"));
    let charset = definition.charset.clone();
    charset.or_else(|| by_collation.map(str::to_owned))
}
