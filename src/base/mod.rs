//! What everything stands on: virtual time, ids, entropy, limits. Knows nothing of networks.

mod ids;
mod limits;
mod payload;
mod rng;
mod time;

pub use ids::{ActorId, ConnId, Fd, LinkId, NodeId, RecordId};
pub use limits::Limits;
pub use payload::{Payload, from_hex, to_hex};
pub use rng::{Choose, Point, PointKind, Scripted, Seeded, entropy, label_hash};
pub use time::{Span, Time};
