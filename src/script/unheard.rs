//! Errors of a stream that a loop does not hear.
//!
//! Rhai's `for` with an empty body asks for the next item without looking at the last one: an error in it would be taken
//! for a row, and a stop in the middle for the end. A stream that is asked again after an error knows that nobody heard
//! it, and ends the script with it.

use rhai::{Dynamic, EvalAltResult, Position};

use super::limits::Limits;

/// An error that a stream gave and nobody looked at.
#[derive(Clone)]
pub struct Unheard {
    thrown: Dynamic,
    position: Position,
    is_stop: bool,
}

/// The last error a stream gave, in case it is asked again.
#[derive(Clone, Default)]
pub struct Given(Option<Unheard>);

impl Given {
    /// The next item, unless the one before was an error: then that ends the script.
    pub fn next<T>(
        &mut self,
        limits: &Limits,
        next: impl FnOnce() -> Option<Result<T, Box<EvalAltResult>>>,
    ) -> Option<Result<T, Box<EvalAltResult>>> {
        if let Some(unheard) = self.0.take() {
            let again = unheard.clone().raise(Position::NONE);
            limits.end_with(unheard);
            return Some(Err(again));
        }
        let item = next();
        if let Some(Err(error)) = &item {
            self.0 = Unheard::of(error);
        }
        item
    }
}

impl Unheard {
    fn of(error: &EvalAltResult) -> Option<Unheard> {
        let (thrown, position, is_stop) = match error {
            EvalAltResult::ErrorRuntime(thrown, position) => (thrown, position, false),
            EvalAltResult::ErrorTerminated(token, position) => (token, position, true),
            _ => return None,
        };
        Some(Unheard {
            thrown: thrown.clone(),
            position: *position,
            is_stop,
        })
    }

    fn raise(self, fallback: Position) -> Box<EvalAltResult> {
        let position = if self.position.is_none() {
            fallback
        } else {
            self.position
        };
        Box::new(if self.is_stop {
            EvalAltResult::ErrorTerminated(self.thrown, position)
        } else {
            EvalAltResult::ErrorRuntime(self.thrown, position)
        })
    }

    /// The error that ended the script, with this one in place of the termination at the bottom of its call chain.
    pub fn replace(self, mut ended: Box<EvalAltResult>) -> Box<EvalAltResult> {
        match ended.as_mut() {
            EvalAltResult::ErrorInFunctionCall(_, _, inner, _)
            | EvalAltResult::ErrorInModule(_, inner, _) => {
                let bottom = std::mem::replace(
                    inner,
                    EvalAltResult::Return(Dynamic::UNIT, Position::NONE).into(),
                );
                *inner = self.replace(bottom);
                ended
            }
            EvalAltResult::ErrorTerminated(_, position) => {
                let position = *position;
                self.raise(position)
            }
            _ => ended,
        }
    }
}
