//! What everything stands on: virtual time, ids, entropy, limits. Knows nothing of networks.
//!
//! - Time is integer nanoseconds since the start of the run; no clock is read anywhere.
//! - What could go either way asks [`Choose`]; random content comes from [`entropy()`]. Nothing else draws.
//! - Arithmetic saturates: no duration makes a run panic.
//!
//! [`Seeded`] keeps one SplitMix64 stream for each link direction and kind of decision, so that a new link disturbs no
//! other; [`Scripted`] answers from a list, by which a run can be named and had again.

mod ends;
mod groups;
mod ids;
mod limits;
mod numbered;
mod payload;
mod rng;
mod time;

pub use ends::alike_ends;
pub use groups::Groups;
pub use ids::{ActorId, ConnId, Fd, LinkId, NodeId, RecordId};
pub use limits::Limits;
pub use numbered::Numbered;
pub use payload::{Payload, from_hex, pattern, to_hex};
pub use rng::{Choose, Point, PointKind, Scripted, Seeded, entropy, label_hash};
pub use time::{Span, Time};
