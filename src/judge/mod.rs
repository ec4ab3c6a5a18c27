//! (being written)

mod finding;
mod moves;

pub use finding::Finding;
pub use moves::{Moves, Witness, moves, witnessed};
