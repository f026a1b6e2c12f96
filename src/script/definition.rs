//! `PARAMS` in a header: the definitions of parameters, read from literals.

use rhai::Expr;

use super::nearest::did_you_mean;
use super::parameter::{Parameter, ParameterType};
use super::procedure::Reader;
use crate::error::Result;
use crate::value::Value;

impl Reader<'_> {
    /// `PARAMS` in the order of the header.
    pub(super) fn parameters(&self, expression: &Expr) -> Result<Vec<Parameter>> {
        let entries = self.entries(expression, "`PARAMS`")?;
        entries
            .iter()
            .map(|(name, definition)| self.parameter(name, definition))
            .collect()
    }

    /// The entries of a map literal in their order.
    fn entries<'e>(
        &self,
        expression: &'e Expr,
        what: &str,
    ) -> Result<Vec<(&'e rhai::Ident, &'e Expr)>> {
        match expression {
            Expr::Map(map, _) => {
                let mut entries: Vec<_> = map.0.iter().map(|(name, value)| (name, value)).collect();
                entries.sort_by_key(|(name, _)| (name.pos.line(), name.pos.position()));
                Ok(entries)
            }
            other => Err(self.wrong(
                other.start_position(),
                format!("{what} must be a map `#{{ … }}`"),
            )),
        }
    }

    fn parameter(&self, name: &rhai::Ident, definition: &Expr) -> Result<Parameter> {
        const KEYS: [&str; 8] = [
            "type",
            "value",
            "help",
            "min",
            "max",
            "choices",
            "env",
            "positional",
        ];
        let what = format!("parameter `{}`", name.as_str());
        let entries = self.entries(definition, &what)?;
        let entry = |key: &str| {
            let found = entries.iter().find(|(name, _)| name.as_str() == key);
            found.map(|(_, value)| *value)
        };
        for (key, _) in &entries {
            if !KEYS.contains(&key.as_str()) {
                let mut error = self.wrong(
                    key.pos,
                    format!("{what} has an unknown key `{}`", key.as_str()),
                );
                error.hint = did_you_mean(key.as_str(), KEYS)
                    .or_else(|| Some(format!("the keys are {}", KEYS.join(", "))));
                return Err(error);
            }
        }
        let mut parameter = Parameter {
            name: name.as_str().replace('_', "-"),
            key: name.as_str().to_owned(),
            kind: self.kind(entry("type"), definition)?,
            default: None,
            help: entry("help").map_or(Ok(String::new()), |e| self.string(e, "`help`"))?,
            minimum: entry("min").map(|e| self.number(e, "`min`")).transpose()?,
            maximum: entry("max").map(|e| self.number(e, "`max`")).transpose()?,
            choices: entry("choices").map_or(Ok(Vec::new()), |e| self.strings(e, "`choices`"))?,
            env: entry("env").map(|e| self.string(e, "`env`")).transpose()?,
            positional: false,
        };
        if let Some(expression) = entry("positional") {
            parameter.positional = self.literal(expression)? == Value::Bool(true);
        }
        if (parameter.kind == ParameterType::Choice) == parameter.choices.is_empty() {
            return Err(self.wrong(
                name.pos,
                format!("{what}: `choices` and the type `choice` belong together"),
            ));
        }
        if let Some(expression) = entry("value") {
            parameter.default = Some(self.default(&parameter, expression)?);
        }
        Ok(parameter)
    }

    fn kind(&self, expression: Option<&Expr>, definition: &Expr) -> Result<ParameterType> {
        let Some(expression) = expression else {
            return Err(self.wrong(definition.start_position(), "a parameter needs a `type`"));
        };
        let name = self.string(expression, "`type`")?;
        let found = ParameterType::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, kind)| *kind).ok_or_else(|| {
            let names = ParameterType::ALL.map(|(name, _)| name);
            let mut error = self.wrong(
                expression.start_position(),
                format!("there is no type `{name}`"),
            );
            error.hint = did_you_mean(&name, names)
                .or_else(|| Some(format!("the types are {}", names.join(", "))));
            error
        })
    }

    fn number(&self, expression: &Expr, what: &str) -> Result<f64> {
        match self.literal(expression)? {
            Value::Int(number) => Ok(number as f64),
            Value::Float(number) => Ok(number),
            _ => Err(self.wrong(
                expression.start_position(),
                format!("{what} must be a number"),
            )),
        }
    }

    /// The default: `()`, or a value the parameter itself would accept.
    fn default(&self, parameter: &Parameter, expression: &Expr) -> Result<Value> {
        let value = self.literal(expression)?;
        let wrong = |rule: &str| {
            self.wrong(
                expression.start_position(),
                format!("the default of `{}` {rule}", parameter.key),
            )
        };
        match (&value, parameter.kind) {
            (Value::Null, _) | (Value::Bool(_), ParameterType::Bool) => Ok(value),
            (Value::List(items), ParameterType::List) => {
                let all_text = items.iter().all(|item| matches!(item, Value::Text(_)));
                all_text
                    .then_some(value)
                    .ok_or_else(|| wrong("must be an array of strings"))
            }
            (Value::Int(number), ParameterType::Int) => parameter
                .parse(&number.to_string())
                .map_err(|rule| wrong(&rule)),
            (Value::Int(_) | Value::Float(_), ParameterType::Float) => {
                let number = self.number(expression, "the default")?;
                parameter.in_range(number).map_err(|rule| wrong(&rule))?;
                Ok(Value::Float(number))
            }
            (
                Value::Text(text),
                ParameterType::String
                | ParameterType::Choice
                | ParameterType::File
                | ParameterType::Dir,
            ) => parameter.parse(text).map_err(|rule| wrong(&rule)),
            (other, kind) => Err(wrong(&format!(
                "is {}, not {}",
                super::uncaught::article(kind.name()),
                super::uncaught::article(other.kind())
            ))),
        }
    }
}
