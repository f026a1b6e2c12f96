//! Where counters are to stand once the rows of some tables are back: at least where the set has them, never back.

use crate::db::{Drawn, Sequence};

/// The counters that have to move on, of those that restored columns draw from: to where the set has them, and where it
/// does not know them, past the rows. Rows that were past them when the backup was made are nobody's doing here.
pub(super) fn moved_on(drawn: Vec<Drawn>, saved: &[Sequence]) -> Vec<Sequence> {
    let mut moved: Vec<Sequence> = Vec::new();
    for Drawn {
        now,
        reached,
        descends,
    } in drawn
    {
        let known = saved.iter().find(|saved| saved.name == now.name).cloned();
        let past_the_rows = reached.map(|value| Sequence {
            name: now.name.clone(),
            value,
            called: true,
        });
        let Some(wanted) = known.or(past_the_rows) else {
            continue;
        };
        match moved.iter_mut().find(|moved| moved.name == now.name) {
            Some(moved) if is_behind(moved, &wanted, descends) => *moved = wanted,
            None if is_behind(&now, &wanted, descends) => moved.push(wanted),
            _ => {}
        }
    }
    moved
}

fn is_behind(now: &Sequence, wanted: &Sequence, descends: bool) -> bool {
    let stands = |sequence: &Sequence| match descends {
        // As wide as its value's opposite may need.
        true => (-i128::from(sequence.value), sequence.called),
        false => (i128::from(sequence.value), sequence.called),
    };
    stands(now) < stands(wanted)
}

/// The database's counters where they are named after their tables, those of the restored tables moved on to where the
/// set has them.
pub(super) fn raised(
    now: &[Sequence],
    saved: &[Sequence],
    restored: &[(String, u64)],
) -> Vec<Sequence> {
    let concerns = |sequence: &str| {
        restored.iter().any(|(table, _)| {
            let rest = sequence.strip_prefix(table.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        })
    };
    let mut sequences = now.to_vec();
    for saved in saved {
        if !concerns(&saved.name) {
            continue;
        }
        match sequences.iter_mut().find(|now| now.name == saved.name) {
            Some(now) if now.value < saved.value => *now = saved.clone(),
            Some(_) => {}
            None => sequences.push(saved.clone()),
        }
    }
    sequences
}
