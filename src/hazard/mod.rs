//! What a migration would do to data, found before it runs: SQL cut into statements ([`split()`]), statements read into
//! actions (`dialect`), actions judged against the schema as the pending set leaves it (`judge`), hazards weighed by
//! asking the data (`weigh`). [`lint()`] does all of it. What differs between engines stands under `dialect`.

mod action;
mod allow;
mod carries;
mod copied;
mod desk;
mod dialect;
mod draft;
mod given;
mod judge;
mod lint;
mod mode;
mod outside;
mod overlap;
mod quoted;
mod rebuild;
mod remade;
mod risk;
mod rule;
mod show;
mod split;
mod steps;
mod swapped;
mod touched;
mod unmet;
mod unsaid;
mod weigh;
mod wording;
mod world;

#[cfg(test)]
mod tests;

pub use allow::{Allowance, Source, from_flags};
pub use copied::Copied;
pub use draft::{LetGo, What};
pub use lint::{Doubt, Lint, Options, Renamed, SqlFile, Unmet, lint};
pub use outside::{Outside, outside};
pub use rebuild::{is_rebuild, runs_without_keys, switches_keys_off};
pub use risk::at_risk;
pub use rule::{RULES, Rule};
pub use show::{mask_all_literals, mask_literals};
pub use split::{Kind, Statement, split};
