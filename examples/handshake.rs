//! A scenario as a file says it: read, run, held to what it expects, and printed.
//!
//! `cargo run --example handshake`

use drywire::base::Seeded;
use drywire::judge;
use drywire::scenario::{self, Diagnostics};
use drywire::trace::{TextOptions, path, text};
use drywire::world::World;
use std::io::Write;

const SCENARIO: &str = include_str!("handshake.toml");

fn main() -> Result<(), Diagnostics> {
    let scenario = scenario::load("handshake", SCENARIO)?;
    let world = World::new(&scenario, scenario.seed);
    let mut trace = world.trace(&mut Seeded::new(scenario.seed));
    let findings = judge::append(&mut trace);
    let failures = scenario::evaluate(&scenario, &trace.header, &trace.records, &findings);

    let mut out = std::io::stdout().lock();
    // A reader who has gone wants no more.
    let _ = write!(out, "{}\n{}", path(&trace), text(&trace, &TextOptions::default()));
    let _ = writeln!(out, "\n{} failed expectations, {} divergences", failures.len(), findings.len());
    Ok(())
}
