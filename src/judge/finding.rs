//! What a check found.

use crate::base::{ConnId, RecordId};

/// A claim about the run that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The record that shows it.
    pub record: RecordId,
    /// The connection, if it is of one.
    pub conn: Option<ConnId>,
    /// The rule's short name, by which a scenario says that it knows it.
    pub rule: &'static str,
    /// Where the rule stands.
    pub clause: String,
    /// What was seen and what would have been right.
    pub text: String,
}
