//! In which columns rows have other values. Where rows have a primary key, one pass over each side sums, for each column,
//! what each row that stays holds in it: a column whose sums are the same is as it was. Where they have none, rows are
//! counted by the columns that may not change.

use std::collections::{BTreeMap, HashMap};

use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_128;

use super::baseline::read_lines;
use super::comparison::{Comparison, Released};
use super::difference::{self, Difference, HASHES_AT_A_TIME, Sides};
use super::keyed::Key;
use super::reading::Members;
use crate::db::{Column, Reader};
use crate::error::Result;
use crate::ident::TableName;

/// What is known of rows that have other values.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// The columns that have other values, by the names they have before; none where nobody knows.
    pub(super) columns: Vec<String>,
    /// Rows that are gone by their key, while as many others came.
    pub(super) replaced: u64,
    /// Some column's values may change.
    pub(super) partly_free: bool,
    /// Nothing but such values differs.
    pub(super) as_allowed: bool,
}

/// The sum modulo 2^128 of the hashes of what rows hold, for each column.
struct Sums(Vec<u128>);

/// A row, with what tells it from the others.
struct Line<'a> {
    key: Vec<u8>,
    members: BTreeMap<String, &'a RawValue>,
}

/// The names by which a side's rows are read.
struct Named<'a> {
    key: Vec<&'a str>,
    columns: Vec<&'a str>,
}

impl Changed {
    /// Where nobody can tell which values they are: they may be those that may change.
    pub(super) fn unknown(then: &[Column], table: &TableName, rules: &Comparison) -> Changed {
        let mut names = then.iter().map(|column| Some(column.name.as_str()));
        let partly_free = names.any(|name| rules.frees(Released::Values, table, name));
        Changed {
            partly_free,
            as_allowed: partly_free,
            ..Changed::default()
        }
    }

    /// Whether rows that are gone are told as that: a key alone that is another one is told as a value that is.
    pub(super) fn is_of_rows(&self) -> bool {
        self.replaced > 0 && (self.partly_free || !self.columns.is_empty())
    }
}

/// What is known of the rows that have other values.
///
/// # Errors
/// When either side cannot be read.
pub(super) async fn columns(
    reader: &mut dyn Reader,
    sides: &Sides<'_>,
    key: Option<&Key>,
    difference: Difference,
    rules: &Comparison,
) -> Result<Changed> {
    let table = &sides.before.name;
    let is_free = |name: &String| rules.frees(Released::Values, table, Some(name));
    let partly_free = sides.then.iter().any(|column| is_free(&column.name));
    // A key that may change tells no row from the others.
    let key = key.filter(|key| !key.then.iter().any(is_free));
    let frees = |what| rules.frees(what, table, None);
    let all_free = [Released::Values, Released::Rows, Released::Table].into_iter();
    let all_free = all_free.into_iter().any(frees) || rules.others_write;
    let changed = match key {
        Some(key) => by_key(reader, sides, key).await?,
        None if partly_free && !all_free => besides(reader, sides, difference, is_free).await?,
        None => Changed::default(),
    };
    Ok(Changed {
        partly_free,
        ..changed
    })
}

/// What differs in rows that are told from one another by a key.
async fn by_key(reader: &mut dyn Reader, sides: &Sides<'_>, key: &Key) -> Result<Changed> {
    let then = Named {
        key: key.then.iter().map(String::as_str).collect(),
        columns: sides.then.iter().map(|column| &*column.name).collect(),
    };
    let own = Named {
        key: key.now.iter().map(|column| &*column.name).collect(),
        columns: sides.now.iter().map(|column| &*column.name).collect(),
    };
    let (mut before, mut now) = (Sums::of(&then), Sums::of(&own));
    let (mut gone, mut came, mut unread) = (0, 0, false);
    let parts = u128::from(sides.before.rows.div_ceil(HASHES_AT_A_TIME).max(1));
    for part in 0..parts {
        // The keys of before, and whether each is there now.
        let mut held: HashMap<u128, bool> = HashMap::new();
        let mut all = Sums::of(&then);
        unread |= each_before(sides, &then, &mut |hash, line| {
            if hash % parts == part {
                held.insert(hash, false);
                all.add(line, &then);
            }
        })?;
        read_lines(reader, sides.table, sides.now, &mut |line| {
            let Some(line) = Line::read(line, &own) else {
                unread = true;
                return Ok(());
            };
            match held.get_mut(&line.hash()) {
                Some(there) => {
                    *there = true;
                    now.add(&line, &own);
                }
                None => came += u64::from(line.hash() % parts == part),
            }
            Ok(())
        })
        .await?;
        let lost = held.values().filter(|there| !**there).count() as u64;
        if lost > 0 {
            // Only rows that stay are compared.
            all = Sums::of(&then);
            unread |= each_before(sides, &then, &mut |hash, line| {
                if held.get(&hash) == Some(&true) {
                    all.add(line, &then);
                }
            })?;
        }
        before.join(&all);
        gone += lost;
    }
    if unread {
        return Ok(Changed::default());
    }
    let pairs = then.columns.iter().zip(before.0.iter().zip(&now.0));
    let differs = pairs.filter(|(_, (before, now))| before != now);
    Ok(Changed {
        columns: differs.map(|(name, _)| (*name).to_owned()).collect(),
        replaced: gone.min(came),
        ..Changed::default()
    })
}

/// Calls `each` with the rows of before and the hashes of their keys; whether a line is no object of the columns asked for.
fn each_before(
    sides: &Sides<'_>,
    named: &Named<'_>,
    each: &mut dyn FnMut(u128, &Line<'_>),
) -> Result<bool> {
    let mut unread = false;
    sides.rows.for_each_line(&sides.before.name, &mut |line| {
        match Line::read(line, named) {
            Some(line) => each(line.hash(), &line),
            None => unread = true,
        }
        Ok(())
    })?;
    Ok(unread)
}

/// What differs besides the columns that may, where nothing tells rows from one another: those of before must all be there
/// by their other columns.
async fn besides(
    reader: &mut dyn Reader,
    sides: &Sides<'_>,
    difference: Difference,
    is_free: impl Fn(&String) -> bool,
) -> Result<Changed> {
    let lost = difference.gone.saturating_sub(difference.added);
    let pairs = sides.then.iter().cloned().zip(sides.now.iter().cloned());
    let (then, now): (Vec<_>, Vec<_>) = pairs.filter(|(then, _)| !is_free(&then.name)).unzip();
    let rest = Sides {
        then: &then,
        now: &now,
        ..*sides
    };
    if then.is_empty() || difference::count(reader, &rest).await?.gone <= lost {
        return Ok(Changed {
            as_allowed: true,
            ..Changed::default()
        });
    }
    let mut columns = Vec::new();
    for (then, now) in then.chunks(1).zip(now.chunks(1)) {
        let one = Sides {
            then,
            now,
            ..*sides
        };
        if difference::count(reader, &one).await?.gone > lost {
            columns.extend(then.iter().map(|column| column.name.clone()));
        }
    }
    // Values that only change places are seen in none of them.
    if columns.is_empty() {
        columns.extend(then.iter().map(|column| column.name.clone()));
    }
    Ok(Changed {
        columns,
        ..Changed::default()
    })
}

impl<'a> Line<'a> {
    fn read(line: &'a [u8], named: &Named<'_>) -> Option<Line<'a>> {
        let Ok(Members(Some(members))) = serde_json::from_slice::<Members<'a>>(line) else {
            return None;
        };
        let mut key = Vec::new();
        for name in &named.key {
            key.extend(members.get(*name).map_or("", |value| value.get()).bytes());
            key.push(0);
        }
        Some(Line { key, members })
    }

    fn hash(&self) -> u128 {
        xxh3_128(&self.key)
    }
}

impl Sums {
    fn of(named: &Named<'_>) -> Sums {
        Sums(vec![0; named.columns.len()])
    }

    /// Adds a row. With each value goes its key, so that values that change places are seen.
    fn add(&mut self, line: &Line<'_>, named: &Named<'_>) {
        let mut held = line.key.clone();
        for (name, sum) in named.columns.iter().zip(&mut self.0) {
            held.truncate(line.key.len());
            let value = line.members.get(*name);
            held.extend(value.map_or("", |value| value.get()).bytes());
            *sum = sum.wrapping_add(xxh3_128(&held));
        }
    }

    fn join(&mut self, other: &Sums) {
        for (sum, more) in self.0.iter_mut().zip(&other.0) {
            *sum = sum.wrapping_add(*more);
        }
    }
}
