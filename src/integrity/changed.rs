//! In which columns rows have other values, where every row is still there by its primary key. One pass over each side
//! sums, for each column, what each row holds in it: a column whose sums are the same is as it was.

use xxhash_rust::xxh3::xxh3_128;

use super::baseline::read_lines;
use super::difference::Sides;
use super::keyed::Key;
use super::reading::Members;
use crate::db::Reader;
use crate::error::Result;

/// For the key and each column, the sum modulo 2^128 of the hashes of what rows hold.
struct Sums {
    key: u128,
    columns: Vec<u128>,
    /// A line that is no object of the columns asked for.
    unread: bool,
}

/// The columns that have other values, by the names they have before; none where rows went or came, which is a change in
/// every column.
///
/// # Errors
/// When either side cannot be read.
pub(super) async fn columns(
    reader: &mut dyn Reader,
    sides: &Sides<'_>,
    key: &Key,
) -> Result<Vec<String>> {
    let names: Vec<&str> = sides.then.iter().map(|column| &*column.name).collect();
    let own: Vec<&str> = key.then.iter().map(String::as_str).collect();
    let mut before = Sums::of(&names);
    sides.rows.for_each_line(&sides.before.name, &mut |line| {
        before.add(line, &own, &names);
        Ok(())
    })?;
    let names_now: Vec<&str> = sides.now.iter().map(|column| &*column.name).collect();
    let own: Vec<&str> = key.now.iter().map(|column| &*column.name).collect();
    let mut now = Sums::of(&names);
    read_lines(reader, sides.table, sides.now, &mut |line| {
        now.add(line, &own, &names_now);
        Ok(())
    })
    .await?;
    if before.key != now.key || before.unread || now.unread {
        return Ok(Vec::new());
    }
    let pairs = before.columns.iter().zip(&now.columns);
    let differs = pairs.map(|(before, now)| before != now);
    let named = names.iter().zip(differs);
    Ok(named
        .filter(|(_, differs)| *differs)
        .map(|(name, _)| (*name).to_owned())
        .collect())
}

impl Sums {
    fn of(names: &[&str]) -> Sums {
        Sums {
            key: 0,
            columns: vec![0; names.len()],
            unread: false,
        }
    }

    /// Adds a row. With each value goes its key, so that values that change places are seen.
    fn add(&mut self, line: &[u8], key: &[&str], names: &[&str]) {
        let Ok(Members(Some(members))) = serde_json::from_slice::<Members<'_>>(line) else {
            self.unread = true;
            return;
        };
        let mut held = Vec::new();
        for name in key {
            held.extend(members.get(*name).map_or("", |value| value.get()).bytes());
            held.push(0);
        }
        self.key = self.key.wrapping_add(xxh3_128(&held));
        let start = held.len();
        for (name, sum) in names.iter().zip(&mut self.columns) {
            held.truncate(start);
            held.extend(members.get(*name).map_or("", |value| value.get()).bytes());
            *sum = sum.wrapping_add(xxh3_128(&held));
        }
    }
}
