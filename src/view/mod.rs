//! Pictures of machines and of runs over them, as text.
//!
//! - A view needs a machine's [`Table`](crate::machine::Table) and a run's records, never the world that made them.
//! - The same input gives the same text: states stand in the table's order, edges are sorted, one edge a line.
//! - A view prints nothing and touches no file; it gives a `String`.
//!
//! [`graph`] makes a petgraph graph of a machine, [`witness`] lists what a run did in it, [`graph::over_run`] lays the
//! one over the other; [`coverage`] asks of many runs which edges they have shown. [`dot`], [`mermaid`] and [`matrix`]
//! write it down. `diff` (with the feature `cli`) tells what changed between two runs, [`why`] what led to a record.

mod arrows;
pub mod coverage;
#[cfg(feature = "cli")]
pub mod diff;
pub mod dot;
pub mod graph;
pub mod matrix;
pub mod mermaid;
mod names;
pub mod why;
pub mod witness;

pub use graph::{InputEdge, MachineGraph, StateNode, declared, over_run};
pub use witness::RunEdge;
