//! All integration tests, in one binary.

#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod readme;
mod laws;
