//! Which allowance lets a loss go that nobody saw before it came about.

use crate::integrity::{Change, ChangeKind, LetGo, Released};

/// A hazard that nothing allows: what happens there may be what it was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The allowance it wants, such as `drop-column(users.fax)`.
    pub allowance: String,
    /// What it would take away.
    pub let_go: Vec<LetGo>,
}

/// The allowances that let these losses go: those of the hazards that bring them about, or else one that names what is
/// lost. `None` where one of them cannot be allowed.
pub fn allowances(losses: &[Change], doubts: &[Doubt]) -> Option<Vec<String>> {
    let mut wanted: Vec<String> = Vec::new();
    for loss in losses {
        // A delete may be what changed values, too, but first comes what is about such a loss.
        let mut found = those(doubts, |gone| gone.may_be(loss) && is_about(gone, loss));
        if found.is_empty() {
            found = those(doubts, |gone| gone.may_be(loss));
        }
        if found.is_empty() {
            found.push(by_name(loss)?);
        }
        for allowance in found {
            if !wanted.contains(&allowance) {
                wanted.push(allowance);
            }
        }
    }
    (!wanted.is_empty()).then_some(wanted)
}

/// The allowances of the hazards that would take something like this.
fn those(doubts: &[Doubt], is: impl Fn(&LetGo) -> bool) -> Vec<String> {
    doubts
        .iter()
        .filter(|doubt| doubt.let_go.iter().any(&is))
        .map(|doubt| doubt.allowance.clone())
        .collect()
}

/// Whether it is of the sort that was lost.
fn is_about(gone: &LetGo, loss: &Change) -> bool {
    matches!(
        (gone.what, loss.kind),
        (Released::Table, ChangeKind::Table)
            | (Released::Column, ChangeKind::Column)
            | (Released::Rows, ChangeKind::Rows)
            | (Released::Values, ChangeKind::Values | ChangeKind::Written)
    )
}

/// The allowance that names what is lost, whatever took it.
fn by_name(loss: &Change) -> Option<String> {
    let table = &loss.table;
    Some(match (loss.kind, &loss.column) {
        (ChangeKind::Table, _) => format!("drop-table({table})"),
        (ChangeKind::Column, Some(column)) => format!("drop-column({table}.{column})"),
        (ChangeKind::Rows, _) => format!("delete-rows({table})"),
        (ChangeKind::Values, Some(column)) => format!("lossy-using({table}.{column})"),
        (ChangeKind::Values | ChangeKind::Written, None) => format!("update-rows({table})"),
        (ChangeKind::Written, Some(column)) => format!("update-rows({table}.{column})"),
        (ChangeKind::Column | ChangeKind::Orphans | ChangeKind::Added | ChangeKind::View, _) => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::TableName;

    fn loss(kind: ChangeKind, column: Option<&str>) -> Change {
        Change {
            kind,
            table: TableName::plain("users"),
            column: column.map(str::to_owned),
            message: String::new(),
        }
    }

    #[test]
    fn the_hazard_that_brings_a_loss_about_names_the_allowance() {
        let doubt = |allowance: &str, column: Option<&str>, what| Doubt {
            allowance: allowance.to_owned(),
            let_go: vec![LetGo {
                table: "Users".to_owned(),
                column: column.map(str::to_owned),
                what,
            }],
        };
        let doubts = [
            doubt("drop-column(users.fax)", Some("fax"), Released::Column),
            doubt("delete-rows(users)", None, Released::Rows),
            doubt("upsert(users)", Some("name"), Released::Values),
        ];
        let losses = [
            loss(ChangeKind::Column, Some("fax")),
            loss(ChangeKind::Values, None),
            loss(ChangeKind::Column, Some("mail")),
        ];
        let wanted = [
            "drop-column(users.fax)",
            "upsert(users)",
            "drop-column(users.mail)",
        ];
        assert_eq!(
            allowances(&losses, &doubts),
            Some(wanted.map(str::to_owned).to_vec())
        );
        let orphans = [
            loss(ChangeKind::Rows, None),
            loss(ChangeKind::Orphans, None),
        ];
        assert_eq!(allowances(&orphans, &doubts), None);
    }
}
