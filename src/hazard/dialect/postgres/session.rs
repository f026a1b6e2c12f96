//! What a session is set to: search_path, transactions.

use squawk_syntax::ast::{self, AstNode};

use super::reader::{Reader, push, segments};
use crate::hazard::action::{Action, Step, Weakening};

impl Reader<'_> {
    /// SET.
    pub(super) fn set(&self, set: &ast::Set, steps: &mut Vec<Step>) {
        let action = match set.set_target() {
            Some(ast::SetTarget::SetConfig(config)) => {
                let Some(parameter) = config.config_parameter_ref() else {
                    return;
                };
                let values: Vec<String> = match config.config_assignment() {
                    Some(ast::ConfigAssignment::ToConfigValue(to))
                        if to.default_token().is_some() =>
                    {
                        let is_path = segments(parameter.syntax()) == ["search_path"];
                        if let (true, Some(_)) = (is_path, &self.reading.path) {
                            return push(steps, set.syntax(), self.usual_path());
                        }
                        // As good as the default: the user's own schema, then the default one.
                        vec!["$user".to_owned()]
                    }
                    Some(ast::ConfigAssignment::ToConfigValue(to)) => to
                        .config_values()
                        .filter_map(|value| config_value(&value))
                        .collect(),
                    _ => Vec::new(),
                };
                self.setting(&segments(parameter.syntax()).join("."), &values)
            }
            Some(ast::SetTarget::SetSchemaValue(schema)) => schema
                .literal()
                .and_then(|literal| literal.string_value())
                .and_then(|name| self.setting("search_path", &[name])),
            _ => None,
        };
        if let Some(action) = action {
            push(steps, set.syntax(), action);
        }
    }

    /// RESET.
    pub(super) fn reset(&self, reset: &ast::Reset, steps: &mut Vec<Step>) {
        let resets = match reset.reset_target() {
            Some(ast::ResetTarget::All(_)) => true,
            Some(ast::ResetTarget::ConfigParameterRef(parameter)) => {
                segments(parameter.syntax()) == ["search_path"]
            }
            _ => false,
        };
        if resets {
            push(steps, reset.syntax(), self.usual_path());
        }
    }

    /// What setting a parameter to these values does, where it matters here.
    pub(super) fn setting(&self, parameter: &str, values: &[String]) -> Option<Action> {
        match parameter {
            "search_path" => self.search_path(values),
            "session_replication_role" => {
                let replica = values
                    .iter()
                    .any(|value| value.eq_ignore_ascii_case("replica"));
                replica.then(|| {
                    Action::WeakenAccess(Weakening {
                        table: None,
                        what: "triggers and foreign keys are switched off for this session"
                            .to_owned(),
                    })
                })
            }
            _ => None,
        }
    }

    /// Unqualified names lead where they did before the file.
    pub(super) fn usual_path(&self) -> Action {
        match &self.reading.path {
            Some(path) => Action::SearchPath {
                path: path.usual().to_vec(),
                first: path.first_of(path.usual()).cloned(),
            },
            None => Action::DefaultSchema(self.reading.default_schema.clone()),
        }
    }

    /// Where unqualified names lead from now on. An empty path leads nowhere: every name is qualified then.
    fn search_path(&self, values: &[String]) -> Option<Action> {
        if let Some(known) = &self.reading.path {
            let quoted = values.iter().flat_map(|value| value.split(','));
            let quoted = quoted.map(|name| format!("\"{}\"", name.trim().trim_matches('"')));
            let path = known.listed(&quoted.collect::<Vec<_>>().join(","));
            let first = known.first_of(&path).cloned();
            return Some(Action::SearchPath { path, first });
        }
        let names: Vec<&str> = values
            .iter()
            .flat_map(|value| value.split(','))
            .map(|name| name.trim().trim_matches('"'))
            .filter(|name| !["", "$user", "pg_catalog", "pg_temp"].contains(name))
            .collect();
        match names.as_slice() {
            [] if values
                .iter()
                .all(|value| value.trim().trim_matches('"').is_empty()) =>
            {
                None
            }
            [] => Some(Action::DefaultSchema(self.reading.default_schema.clone())),
            [one] => Some(Action::DefaultSchema(Some((*one).to_owned()))),
            [first, ..] if Some(*first) == self.reading.default_schema.as_deref() => {
                Some(Action::DefaultSchema(Some((*first).to_owned())))
            }
            _ => Some(Action::DefaultSchema(None)),
        }
    }
}

fn config_value(value: &ast::ConfigValue) -> Option<String> {
    match value {
        ast::ConfigValue::ConfigValueName(name) => Some(ast::normalize_name_node(name.syntax())),
        ast::ConfigValue::Literal(literal) => Some(
            literal
                .string_value()
                .unwrap_or_else(|| literal.syntax().text().to_string()),
        ),
        ast::ConfigValue::PrefixExpr(_) => None,
    }
}
