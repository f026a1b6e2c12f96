//! The tests of the whole program, in one binary: the real command line in temporary projects (`cli`, `scripts`), what
//! every database fulfils (`contract`), and what holds for the source itself (`architecture`).

mod architecture;
mod cli;
mod contract;
mod harness;
mod hazards;
mod scripts;
