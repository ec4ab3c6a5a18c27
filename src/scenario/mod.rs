//! Scenarios: what the hosts are, how they are joined, what goes wrong, what the programs do, and what is expected.
//!
//! [`model`] is the checked form, which the world runs; the TOML language becomes it, and so does the builder.

pub mod evaluate;
pub mod model;

pub use model::Scenario;
