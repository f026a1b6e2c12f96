//! Rows that are longer as a statement than the server takes one (`max_allowed_packet`): hexadecimal digits are twice
//! what they stand for. Their long values go ahead in pieces, into variables of the session.

use super::line::{Form, long_value};
use super::link::State;
use super::text;
use crate::db::Result;

/// The way out of a value that the server does not take: nothing is wrong with the row.
pub(super) const RAISE: &str = "raise its max_allowed_packet";

/// A row is long if its line is longer than this part of a statement, and so is a value in it.
const ROW_PART: usize = 4;
const VALUE_PART: usize = 4_096;
/// A piece's bytes are this part of a statement; its digits twice that.
const PIECE_PART: usize = 8;

/// Long values of the rows that are sent next.
#[derive(Default)]
pub(super) struct Large {
    /// What the server takes, in bytes.
    largest: usize,
    values: Vec<Vec<u8>>,
}

impl Large {
    pub(super) fn new(largest: usize) -> Large {
        Large {
            largest,
            values: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Takes a value of a line of `length` bytes if it is to go ahead, and returns what stands for it.
    ///
    /// # Errors
    /// No value of this type, or one that the server cannot hold in a variable, in words.
    pub(super) fn take(
        &mut self,
        length: usize,
        form: Form,
        json: &str,
    ) -> std::result::Result<Option<String>, String> {
        if length <= self.largest / ROW_PART || json.len() <= self.largest / VALUE_PART {
            return Ok(None);
        }
        let Some(bytes) = long_value(form, json)? else {
            return Ok(None);
        };
        if bytes.len() >= self.largest {
            return Err(format!(
                "a value of {} bytes is longer than the server takes: {RAISE}, now {}",
                bytes.len(),
                self.largest
            ));
        }
        let variable = variable(self.values.len());
        self.values.push(bytes);
        Ok(Some(match form {
            Form::Bytes => variable,
            _ => format!("CONVERT({variable} USING utf8mb4)"),
        }))
    }

    /// Sends them ahead.
    pub(super) async fn send(&self, state: &mut State) -> Result<()> {
        let most = (self.largest / PIECE_PART).max(1);
        for (index, value) in self.values.iter().enumerate() {
            let variable = variable(index);
            state.run(&format!("SET {variable} = x''")).await?;
            for piece in value.chunks(most) {
                let digits = hex::encode(piece);
                state
                    .run(&format!("SET {variable} = CONCAT({variable}, x'{digits}')"))
                    .await?;
            }
        }
        Ok(())
    }

    /// Forgets them, and has the server forget them too.
    pub(super) async fn forget(&mut self, state: &mut State) -> Result<()> {
        for index in 0..std::mem::take(&mut self.values).len() {
            let forget = format!("SET {} = NULL", variable(index));
            text::surely(&mut state.connection, &forget).await?;
        }
        Ok(())
    }
}

fn variable(index: usize) -> String {
    format!("@dbscript_long_{index}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_values_of_long_rows_go_ahead() {
        let mut large = Large::new(16 * 1024);
        let long = format!("\"{}\"", "é".repeat(100));
        let hex = format!("{{\"$hex\":\"{}\"}}", "00".repeat(100));
        assert_eq!(large.take(4_096, Form::Text, &long), Ok(None));
        assert_eq!(large.take(5_000, Form::Text, "\"a\""), Ok(None));
        assert_eq!(large.take(5_000, Form::Integer, "123456"), Ok(None));
        assert!(large.is_empty());
        assert_eq!(
            large.take(5_000, Form::Text, &long),
            Ok(Some("CONVERT(@dbscript_long_0 USING utf8mb4)".to_owned()))
        );
        assert_eq!(
            large.take(5_000, Form::Bytes, &hex),
            Ok(Some("@dbscript_long_1".to_owned()))
        );
        assert_eq!(large.values, ["é".repeat(100).into_bytes(), vec![0; 100]]);
        let huge = format!("\"{}\"", "x".repeat(16 * 1024));
        let refused = large.take(20_000, Form::Text, &huge).expect_err("too long");
        assert!(
            refused.contains("raise its max_allowed_packet, now 16384"),
            "{refused}"
        );
    }
}
