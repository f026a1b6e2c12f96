//! Whether data is still what it was: fingerprints, baselines, comparison.

mod fingerprint;

pub use fingerprint::Fingerprint;
