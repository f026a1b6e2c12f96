//! The shipped procedures, run as a person runs them.

mod restore_users;
mod safety;
mod streams;
mod way_back;
