//! Scenarios: what the hosts are, how they are joined, what goes wrong, what the programs do, and what is expected.
//!
//! Rules of the room:
//! - A scenario is data, never a program. [`model`] is its checked form, which the world runs; nothing else reads TOML.
//! - Every error of a file is reported at once, each with its place and with what would be right. No bytes make the
//!   loader panic.
//! - The language is declared once, in `tables.rs`: decoding, [`schema`] and [`reference()`] all read that declaration.
//! - Numbers are integers with a unit: `"50 ms"`, `"0.5 %"`. There are no floats.
//!
//! How it works: `value` is the file as a tree with places; `tables` decodes it into flat structs of optional fields;
//! `check` resolves the names, fills in the defaults and holds the whole to the rules of the network; [`explain`] writes
//! the outcome back as a scenario. The [`Builder`] writes TOML and goes the same way, so that what Rust can say is what
//! a file can say.

mod actions;
mod builder;
mod check;
mod describe;
mod diagnostic;
#[cfg(feature = "cli")]
mod draw;
mod evaluate;
mod explain;
mod leaf;
pub mod model;
mod segments;
mod set;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod units;
mod value;
mod words;
mod write;

pub use builder::{Builder, DirectionBuilder, FaultBuilder, HostBuilder, LinkBuilder, StepBuilder, fault, step};
pub use describe::{reference, schema};
#[cfg(feature = "cli")]
pub(crate) use diagnostic::did_you_mean;
pub use diagnostic::{Diagnostic, Diagnostics, SHOWN, Source};
pub use evaluate::{Failure, Tally, evaluate, is_kind, satisfied};
pub use explain::{explain, idle_faults};
pub use model::Scenario;
#[cfg(feature = "cli")]
pub(crate) use units::duration_text;

use diagnostic::Errors;
use leaf::Leaf;

/// Reads a duration as scenarios have it, `1.5 s`; a number alone is in milliseconds, as in a trace.
///
/// # Errors
///
/// What is wrong with it, in a sentence.
pub fn duration(text: &str) -> Result<crate::base::Span, String> {
    let bare = text.trim().chars().all(|c| c.is_ascii_digit() || c == '.');
    let text = if bare { format!("{text} ms") } else { text.to_owned() };
    units::DURATION.read(&text).map(crate::base::Span).map_err(|bad| bad.message)
}

/// Reads a scenario. `name` is the file's path, or any name; a scenario below a folder `divergence` may ask for what the
/// TCP/IP stack is known to do wrong.
///
/// # Errors
///
/// All of the file's errors, in the order of the file.
pub fn load(name: &str, text: &str) -> Result<Scenario, Diagnostics> {
    load_with(name, text, &[])
}

/// Reads a scenario whose values at these dotted paths (`links.wire.delay`, `faults.0.nth`) are replaced. A replacement
/// is a TOML value, or else a string without its quotes: `80 ms`.
///
/// # Errors
///
/// All errors; the replacements stand at the end of the text that the places refer to, and [`Diagnostics::source`] tells
/// them from the file.
pub fn load_with(name: &str, text: &str, sets: &[(String, String)]) -> Result<Scenario, Diagnostics> {
    let mut errors = Errors::default();
    let (mut tree, broken) = value::parse(text, &mut errors);
    let (text, lines) = set::apply(&mut tree, text, sets, &mut errors);
    let root = tables::Root::decode(&tree, &mut errors);
    let checked = root.map(|root| check::check(name, root, &mut errors));
    if let (Some(scenario), true) = (checked, errors.is_empty()) {
        return Ok(scenario);
    }
    if !broken.is_empty() {
        errors.forget_echoes(&text, &broken);
    }
    Err(Diagnostics { sets: lines, ..errors.into_diagnostics(name, text) })
}

/// Reads a scenario from bytes that may not be text.
///
/// # Errors
///
/// All of the file's errors; bytes that are not UTF-8 are one.
pub fn load_bytes(name: &str, bytes: &[u8]) -> Result<Scenario, Diagnostics> {
    match core::str::from_utf8(bytes) {
        Ok(text) => load(name, text),
        Err(error) => {
            let mut errors = Errors::default();
            let at = error.valid_up_to();
            let text = String::from_utf8_lossy(bytes).into_owned();
            errors
                .add(at..at + 1, "not UTF-8 text", "save the file as UTF-8")
                .label("the first byte that is not UTF-8");
            Err(errors.into_diagnostics(name, text))
        }
    }
}

impl Scenario {
    /// Begins a scenario in Rust; it goes through the same checks as a file.
    pub fn builder(name: &str) -> Builder {
        Builder::new(name)
    }
}
