//! The socket layer. (being written)

mod sys;

pub use sys::{Received, Sys};
