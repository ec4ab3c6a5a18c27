//! The world: hosts, links and programs under one clock, and the loop that makes things happen.
//!
//! - The queue is ordered by (time, rank, sequence); nothing else decides what happens next.
//! - Whatever could go either way asks [`crate::base::Choose`]; the world draws nothing itself.
//! - It is steppable from outside ([`World::next_time`], [`World::advance_to`], [`World::step`]); [`World::run`] is a
//!   loop over these. Between steps, [`World::call`] makes socket calls on any host, and [`World::register`]
//!   has a [`std::task::Waker`] woken when a descriptor may have become ready.
//! - Limits end a run with a recorded outcome, never a hang.

mod build;
mod forward;
mod host;
mod power;
mod programs;
mod queue;
mod run;
mod topology;

pub use run::World;
