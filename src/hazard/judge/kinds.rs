//! Objects that are neither tables nor views: types, functions, sequences, extensions.

use super::Judge;
use super::copies::live_name;
use crate::event::Severity;
use crate::hazard::action::ObjectKind;
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, What};
use crate::hazard::world::{Column, Table};
use crate::ident::TableName;

/// Types that extensions of another name bring.
const EXTENSION_TYPES: [(&str, &[&str]); 2] = [
    ("postgis", &["geometry", "geography", "box2d", "box3d"]),
    ("vector", &["vector", "halfvec", "sparsevec"]),
];

/// The catalog's word for a kind.
pub(super) fn object_kind(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Function => "function",
        ObjectKind::Procedure => "procedure",
        ObjectKind::Type | ObjectKind::Domain => "type",
        ObjectKind::Sequence => "sequence",
        ObjectKind::MaterializedView => "materialized view",
        ObjectKind::View => "view",
        ObjectKind::Extension => "extension",
        ObjectKind::Event => "event",
        ObjectKind::Policy => "policy",
        ObjectKind::Rule => "rule",
        ObjectKind::ForeignTable => "foreign table",
        ObjectKind::Schema => "schema",
    }
}

impl Judge<'_> {
    pub(super) fn create_object(&mut self, kind: ObjectKind, name: &TableName, values: &[String]) {
        if kind == ObjectKind::Type && !values.is_empty() {
            self.world.add_enum(name, values.to_vec());
        }
        if kind == ObjectKind::Sequence {
            self.begin_anew(name, values.first());
        }
        self.world.add_object(object_kind(kind), name, &[]);
    }

    pub(super) fn rename_object(&mut self, kind: ObjectKind, name: &TableName, to: &str) {
        match kind {
            ObjectKind::Type if self.is_value(name) => self.rename_value(name),
            ObjectKind::Type | ObjectKind::Domain => self.world.rename_type(name, to),
            _ => {
                let kind = object_kind(kind);
                let is = |known: &str| known.eq_ignore_ascii_case(&name.name);
                for object in &mut self.world.objects {
                    if object.kind == kind && is(&object.name) {
                        to.clone_into(&mut object.name);
                    }
                }
            }
        }
    }

    /// Whether this is a value of an enum, with its type before it.
    fn is_value(&self, name: &TableName) -> bool {
        let values = name.schema.as_deref();
        let values = values.and_then(|enumeration| self.world.enum_values(enumeration));
        values.is_some_and(|values| values.contains(&name.name))
    }

    /// RENAME VALUE: what was written in one way is written in another, and stays what it was.
    fn rename_value(&mut self, name: &TableName) {
        let enumeration = TableName::plain(name.schema.clone().unwrap_or_default());
        for (table, column) in self.world.columns_of_type(&enumeration) {
            if let (Some(_), Some(live)) = (&table.live, column.live) {
                self.let_go_silently(&table, live, What::Form);
            }
        }
    }

    /// DROP TYPE, FUNCTION, SEQUENCE, EXTENSION …
    pub(super) fn drop_kind(
        &mut self,
        kind: ObjectKind,
        name: &TableName,
        table: Option<&TableName>,
        cascade: bool,
    ) {
        match kind {
            ObjectKind::View => return self.drop_view(&["view"], name, cascade),
            ObjectKind::MaterializedView => {
                return self.drop_view(&["materialized view"], name, cascade);
            }
            ObjectKind::Schema => return self.drop_schema(&name.name, cascade),
            ObjectKind::Sequence => return self.drop_sequence(name, cascade),
            _ => {}
        }
        let word = object_kind(kind);
        let created = self.created_in_set(word, name);
        if !created && self.stays_away(kind, name) {
            let (rule, message) = said(kind, name, table);
            let object = table.map_or(name.to_string(), ToString::to_string);
            let mut draft = Draft::new(rule, self.at, object).is(Severity::Warn, message);
            draft.aliases = vec![name.to_string()];
            self.push(draft);
        }
        if cascade && !created {
            for (table, column) in self.columns_taken(kind, name) {
                self.lose_column(&table, &column, &format!("the {word} `{name}`"));
            }
        }
        self.world.remove_objects(&[word], &name.name);
    }

    /// Whether the set itself made it.
    fn created_in_set(&self, kind: &str, name: &TableName) -> bool {
        let known = self.world.objects_named(&[kind], &name.name);
        known.iter().any(|object| object.created)
    }

    /// Whether it is there now and nothing later in the set brings it back.
    fn stays_away(&self, kind: ObjectKind, name: &TableName) -> bool {
        let word = object_kind(kind);
        let listed = !self.world.objects_named(&[word], &name.name).is_empty();
        // The catalog lists neither extensions nor tables of other servers.
        let unlisted = matches!(kind, ObjectKind::Extension | ObjectKind::ForeignTable);
        (listed || unlisted || self.world.offline) && !self.comes_back(word, &name.name)
    }

    /// The columns that go with a type or an extension.
    fn columns_taken(&self, kind: ObjectKind, name: &TableName) -> Vec<(Table, Column)> {
        match kind {
            ObjectKind::Type | ObjectKind::Domain => self.world.columns_of_type(name),
            ObjectKind::Extension => {
                let brought = EXTENSION_TYPES
                    .iter()
                    .find(|(known, _)| *known == name.name);
                let types: Vec<&str> = match brought {
                    Some((_, types)) => types.to_vec(),
                    None => vec![name.name.as_str()],
                };
                let types = types.into_iter().map(TableName::plain);
                types
                    .flat_map(|type_name| self.world.columns_of_type(&type_name))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// A column that goes because something else does: a drop-column like any other.
    fn lose_column(&mut self, table: &Table, column: &Column, with: &str) {
        if let Some(draft) = self.lost_column(table, &column.name) {
            let hint = format!("change the column's type first; dropping {with} takes it");
            self.push(draft.adding(&format!("; it goes with {with}")).hint(hint));
        }
        self.forget_column(&table.name, &column.name);
    }

    /// ADD ATTRIBUTE keeps every value of the type, and writes it with one part more.
    pub(super) fn add_attribute(&mut self, type_name: &TableName) {
        for (table, column) in self.world.columns_of_type(type_name) {
            if let (Some(_), Some(live)) = (&table.live, column.live) {
                self.let_go_silently(&table, live, What::Form);
            }
        }
    }

    /// DROP ATTRIBUTE takes a part of every value of the type.
    pub(super) fn drop_attribute(&mut self, type_name: &TableName, attribute: &str) {
        let columns = self.world.columns_of_type(type_name);
        for (table, column) in columns {
            let (Some(_), Some(live)) = (&table.live, &column.live) else {
                continue;
            };
            let object = format!("{}.{}", table.name, column.name);
            let verdict = format!(
                "have a value in `{}.{attribute}`, which would be lost",
                column.name
            );
            let part = format!("({}).{}", self.quote(live), self.quote(attribute));
            let condition = dialect::has_value(self.engine, &part);
            let question = self.rows_question(&table, Some(&condition), &verdict);
            let weight = self.weigh(&table, question);
            let mut draft = Draft::new("drop-column", self.at, &object)
                .weighs(
                    weight,
                    format!("values of `{object}` would lose `{attribute}`"),
                )
                .lets_go(&live_name(&table), Some(live), What::Values);
            draft.aliases = vec![format!("{object}.{attribute}"), table.name.to_string()];
            self.push(draft);
        }
        if self.world.offline {
            let message =
                format!("values of columns of the type `{type_name}` would lose `{attribute}`");
            let weight =
                crate::hazard::draft::Weight::Unknown("the columns are not known".to_owned());
            let object = format!("{type_name}.{attribute}");
            self.push(Draft::new("drop-column", self.at, object).weighs(weight, message));
        }
    }
}

/// The rule of a dropped object, and what it says.
fn said(kind: ObjectKind, name: &TableName, table: Option<&TableName>) -> (&'static str, String) {
    let on = table.map_or(String::new(), |table| format!(" of `{table}`"));
    let word = object_kind(kind);
    match kind {
        ObjectKind::Function | ObjectKind::Procedure => (
            "drop-function",
            format!("whatever still calls the {word} `{name}` fails from now on"),
        ),
        ObjectKind::Event | ObjectKind::Rule => (
            "drop-trigger",
            format!("what the {word} `{name}`{on} did is no longer done"),
        ),
        ObjectKind::Policy => (
            "weaken-access",
            format!("the policy `{name}`{on} no longer decides who sees which rows"),
        ),
        ObjectKind::ForeignTable => (
            "drop-view",
            format!("whatever still reads the foreign table `{name}` fails from now on"),
        ),
        _ => (
            "drop-type",
            format!("whatever still uses the {word} `{name}` fails from now on"),
        ),
    }
}
