//! SQLite values in table files.
use crate::value::Value;
/// A value from its JSON text.
pub fn value(_: &str) -> Result<Value, String> {
    Ok(Value::Null)
}
