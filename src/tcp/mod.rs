//! TCP as RFC 9293 writes it down: the connection machine, and the classification of segments and calls for it.

mod state;

pub use state::State;
