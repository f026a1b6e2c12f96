//! # The house
//!
//! ```text
//! main.rs         runs the cli, returns its exit code
//! cli/            floor 4  the only clap, terminal and process environment
//! script/         floor 3  the only rhai
//! migrate/        floor 2  histories, plan, apply
//! hazard/         floor 2  split, classify per dialect, probes
//! backup/         floor 2  set and summary, create, verify, restore, scratch
//! integrity/      floor 2  baseline, fingerprint, compare
//! csv/            floor 2  delimiter and encoding detection, streaming records with line numbers
//! db/             floor 1  the only sqlx (PostgreSQL, MySQL) and rusqlite (SQLite)
//!   dialect/               everything that differs between databases: sqlite, postgres, mysql; nowhere else
//! storage/        floor 1  files: durable publish; run_log.rs, the synchronous journal
//! event value ident clock error     floor 0  the vocabulary
//! ```
//!
//! Imports point down only: cli → script → floor 2 → floor 1 → floor 0. On floor 2 only `migrate` may use its neighbours
//! (hazard, backup, integrity), and `backup` may use `integrity`. `tests/architecture.rs` holds this.
//!
//! Invariants:
//! - The core never prints, asks or reads the environment: it returns values and sends events to a sink.
//! - What changes things first builds a plan value that can be printed, then applies it.
//! - Parameters are bound, names are quoted by the dialect, secrets never reach a message.
//! - Damage found is `Ok(report)`; `Err` means "could not look".

pub mod backup;
pub mod cli;
pub mod clock;
pub mod csv;
pub mod db;
pub mod error;
pub mod event;
pub mod hazard;
pub mod ident;
pub mod integrity;
pub mod migrate;
pub mod script;
pub mod storage;
pub mod value;
