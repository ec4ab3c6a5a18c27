//! The socket lifecycle as a machine whose refusals are errno values. What performs it is in [`crate::socket`].

mod errno;

pub use errno::Errno;
