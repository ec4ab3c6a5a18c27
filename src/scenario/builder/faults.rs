//! Named faults from Rust.

use crate::scenario::write::{Fields, list, quote};

/// A named fault in the making.
#[derive(Clone, Debug)]
pub struct FaultBuilder {
    fields: Fields,
    nth: Vec<String>,
}

/// What named faults do; packet kinds are written as in a file: `SYN,ACK`, `data`.
pub mod fault {
    use super::{FaultBuilder, Fields};
    use crate::base::Span;

    fn make(word: &str, kind: &str) -> FaultBuilder {
        let mut fields = Fields::default();
        fields.text(word, kind);
        FaultBuilder { fields, nth: vec![] }
    }

    /// Loses such packets.
    pub fn drop(kind: &str) -> FaultBuilder {
        make("drop", kind)
    }

    /// Delivers them later by so much.
    pub fn delay(kind: &str, by: Span) -> FaultBuilder {
        let mut fault = make("delay", kind);
        fault.fields.span("by", by);
        fault
    }

    /// Delivers them twice.
    pub fn duplicate(kind: &str) -> FaultBuilder {
        make("duplicate", kind)
    }

    /// Flips a bit of their last byte.
    pub fn corrupt(kind: &str) -> FaultBuilder {
        make("corrupt", kind)
    }

    /// Holds them until a packet like `data 3` of the same sender has been delivered.
    pub fn hold(kind: &str, until: &str) -> FaultBuilder {
        let mut fault = make("hold", kind);
        fault.fields.text("until", until);
        fault
    }
}

impl FaultBuilder {
    /// Sent by this host, switch or router.
    #[must_use]
    pub fn from(mut self, node: &str) -> Self {
        self.fields.text("from", node);
        self
    }

    /// On this link.
    #[must_use]
    pub fn link(mut self, link: &str) -> Self {
        self.fields.text("link", link);
        self
    }

    /// Only the n-th that matches, counted from 1; several calls name several.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.nth.push(n.to_string());
        self
    }

    /// The n-th and all later ones.
    #[must_use]
    pub fn from_nth(mut self, n: u64) -> Self {
        self.nth.push(quote(&format!("{n}..")));
        self
    }

    /// Whose text overlaps this range of relative sequence numbers.
    #[must_use]
    pub fn seq(mut self, range: core::ops::Range<u64>) -> Self {
        self.fields.text("seq", &format!("[{},{})", range.start, range.end));
        self
    }

    pub(super) fn finish(mut self) -> Fields {
        if !self.nth.is_empty() {
            self.fields.raw("nth", list(self.nth));
        }
        self.fields
    }
}
