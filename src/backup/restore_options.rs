//! How a set is restored: how much of it, what becomes of the rows that are there, and where a database may be made.

use super::error::Error;
pub use super::new_file::Creation;

/// How rows that are there and rows of the set come together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// What is there goes; what the set holds comes.
    #[default]
    Replace,
}

impl Mode {
    /// The mode of this name.
    ///
    /// # Errors
    /// `UnknownMode`.
    pub fn from_name(name: &str) -> super::error::Result<Mode> {
        match name {
            "replace" => Ok(Mode::Replace),
            _ => Err(Error::UnknownMode {
                mode: name.to_owned(),
            }),
        }
    }
}

/// How a set is restored.
#[derive(Clone, Debug, Default)]
pub struct RestoreOptions {
    /// Only the rows of these tables; everything else stays as it is.
    pub tables: Option<Vec<String>>,
    /// How rows come together.
    pub mode: Mode,
    /// Whether the database may be created if it is missing.
    pub create: Creation,
}

/// How much of the database a restore changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of it: it becomes the set.
    Whole,
    /// The rows of the plan's tables.
    Tables,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_mode_is_a_usage_error() {
        assert_eq!(Mode::from_name("replace").ok(), Some(Mode::Replace));
        let error = crate::error::Error::from(Mode::from_name("merge").expect_err("unknown"));
        assert_eq!(error.kind, crate::error::Kind::Usage);
    }
}
