//! Character sets: characters the new one does not have become question marks, or the statement fails.

use super::Judge;
use super::copies::live_name;
use super::history::with_history;
use crate::hazard::draft::{Draft, What};
use crate::hazard::world::Table;
use crate::ident::TableName;

/// What holds every character.
const WHOLE: [&str; 5] = ["utf8mb4", "utf16", "utf16le", "utf32", "binary"];

impl Judge<'_> {
    pub(super) fn change_charset(&mut self, name: &TableName, column: Option<&str>, charset: &str) {
        let Some(table) = self.target("narrow-charset", name, "values of") else {
            return;
        };
        match column {
            Some(column) => self.narrow_charset(&table, column, charset),
            None => {
                let textual = |type_name: &str| {
                    let lower = type_name.to_ascii_lowercase();
                    ["char", "text", "enum", "set"]
                        .iter()
                        .any(|word| lower.contains(word))
                };
                let columns: Vec<String> = table
                    .columns
                    .iter()
                    .flatten()
                    .filter(|column| textual(&column.type_name))
                    .map(|column| column.name.clone())
                    .collect();
                for column in columns {
                    self.narrow_charset(&table, &column, charset);
                }
            }
        }
    }

    pub(super) fn narrow_charset(&mut self, table: &Table, column: &str, charset: &str) {
        let charset = charset.trim_matches(['\'', '"', '`']).to_ascii_lowercase();
        let plain = charset
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if WHOLE.contains(&charset.as_str()) || !plain || table.live.is_none() {
            return;
        }
        let Some(live) = table.live_column(column) else {
            return;
        };
        let quoted = self.quote(&live);
        let there = format!("CONVERT(CONVERT({quoted} USING {charset}) USING utf8mb4)");
        let condition = format!("BINARY {there} <> BINARY CONVERT({quoted} USING utf8mb4)");
        let verdict = format!("have characters in `{column}` that {charset} does not have");
        let table = &with_history(table);
        let question = self.rows_question(table, Some(&condition), &verdict);
        let weight = self.weigh(table, question);
        let mut draft = Draft::new(
            "narrow-charset",
            self.at,
            format!("{}.{column}", table.name),
        )
        .alters(weight, &table.name, &verdict)
        .hint("utf8mb4 has all of them")
        .lets_go(&live_name(table), Some(&live), What::Values);
        draft.aliases = vec![table.name.to_string()];
        self.push(draft);
    }
}
