//! Which variables are visible where.

/// The variables of one function, innermost last.
#[derive(Default)]
pub(super) struct Scope {
    variables: Vec<Variable>,
}

struct Variable {
    name: String,
    /// Whether it is the map of the procedure's parameters.
    arguments: bool,
}

impl Scope {
    /// A variable becomes visible.
    pub(super) fn add(&mut self, name: &str) {
        self.variables.push(Variable {
            name: name.to_owned(),
            arguments: false,
        });
    }

    /// The map of the procedure's parameters becomes visible under this name.
    pub(super) fn add_arguments(&mut self, name: &str) {
        self.variables.push(Variable {
            name: name.to_owned(),
            arguments: true,
        });
    }

    /// How many are visible, to go back to with [`Scope::rewind`].
    pub(super) fn mark(&self) -> usize {
        self.variables.len()
    }

    /// Forgets what became visible since the mark.
    pub(super) fn rewind(&mut self, mark: usize) {
        self.variables.truncate(mark);
    }

    /// Whether there is a variable of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.variables.iter().any(|one| one.name == name)
    }

    /// Whether this name means the procedure's parameters.
    pub(super) fn is_arguments(&self, name: &str) -> bool {
        let last = self.variables.iter().rev().find(|one| one.name == name);
        last.is_some_and(|one| one.arguments)
    }

    /// From here on the name may mean something else.
    pub(super) fn reassigned(&mut self, name: &str) {
        if let Some(one) = self.variables.iter_mut().rev().find(|one| one.name == name) {
            one.arguments = false;
        }
    }

    /// The names, for "did you mean".
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|one| one.name.as_str())
    }
}
