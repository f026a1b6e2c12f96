//! hazard
