//! Links from Rust.

use crate::base::Span;
use crate::scenario::units::{chance_text, rate_text, size_text};
use crate::scenario::write::{Fields, key, list, quote};

/// A link in the making.
#[derive(Clone, Debug)]
pub struct LinkBuilder {
    fields: Fields,
    down: Vec<String>,
    from: Vec<(String, Fields)>,
}

/// One direction of a link in the making.
#[derive(Clone, Debug, Default)]
pub struct DirectionBuilder {
    fields: Fields,
}

macro_rules! direction_settings {
    ($builder:ident) => {
        impl $builder {
            /// Propagation delay.
            #[must_use]
            pub fn delay(mut self, delay: Span) -> Self {
                self.fields.span("delay", delay);
                self
            }

            /// At most so much more delay.
            #[must_use]
            pub fn jitter(mut self, jitter: Span) -> Self {
                self.fields.span("jitter", jitter);
                self
            }

            /// Bits per second.
            #[must_use]
            pub fn rate(mut self, bits_per_second: u64) -> Self {
                self.fields.text("rate", &rate_text(bits_per_second));
                self
            }

            /// Bytes that may wait for the rate.
            #[must_use]
            pub fn queue(mut self, bytes: u64) -> Self {
                self.fields.raw("queue", size_text(bytes));
                self
            }

            /// The largest IP packet in bytes.
            #[must_use]
            pub fn mtu(mut self, bytes: u32) -> Self {
                self.fields.raw("mtu", bytes);
                self
            }

            /// Independent loss, in parts per million.
            #[must_use]
            pub fn loss(mut self, ppm: u32) -> Self {
                self.fields.text("loss", &chance_text(ppm));
                self
            }

            /// Loss in bursts, in parts per million: that one begins, that it ends, and the loss within it.
            #[must_use]
            pub fn burst(mut self, begin: u32, end: u32, loss: u32) -> Self {
                let mut inner = Fields::default();
                inner
                    .text("begin", &chance_text(begin))
                    .text("end", &chance_text(end))
                    .text("loss", &chance_text(loss));
                self.fields.raw("burst", inner.inline());
                self
            }

            /// Duplication, in parts per million.
            #[must_use]
            pub fn duplicate(mut self, ppm: u32) -> Self {
                self.fields.text("duplicate", &chance_text(ppm));
                self
            }

            /// Reordering, in parts per million, by so much.
            #[must_use]
            pub fn reorder(mut self, ppm: u32, by: Span) -> Self {
                self.fields.text("reorder", &chance_text(ppm)).span("reorder-by", by);
                self
            }

            /// One flipped bit, in parts per million.
            #[must_use]
            pub fn corrupt(mut self, ppm: u32) -> Self {
                self.fields.text("corrupt", &chance_text(ppm));
                self
            }
        }
    };
}

direction_settings!(LinkBuilder);
direction_settings!(DirectionBuilder);

impl LinkBuilder {
    pub(super) fn new(a: &str, b: &str) -> LinkBuilder {
        let mut fields = Fields::default();
        fields.raw("joins", list([quote(a), quote(b)]));
        LinkBuilder { fields, down: vec![], from: vec![] }
    }

    /// Ethernet frames with ARP, not bare IP packets.
    #[must_use]
    pub fn ethernet(mut self) -> Self {
        self.fields.text("medium", "ethernet");
        self
    }

    /// Cut at a time since the start, and repaired at another; `None`: never.
    #[must_use]
    pub fn down(mut self, cut: Span, repaired: Option<Span>) -> Self {
        let time = |span: Span| quote(&crate::scenario::units::duration_text(span));
        self.down.push(list([Some(cut), repaired].into_iter().flatten().map(time)));
        self
    }

    /// Settings of what is sent by the end of this name.
    #[must_use]
    pub fn from(mut self, end: &str, with: impl FnOnce(DirectionBuilder) -> DirectionBuilder) -> Self {
        self.from.push((end.to_owned(), with(DirectionBuilder::default()).fields));
        self
    }

    pub(super) fn section(&self, name: &str, into: &mut String) {
        let mut fields = self.fields.clone();
        if !self.down.is_empty() {
            fields.raw("down", list(self.down.iter().cloned()));
        }
        let name = key(name);
        fields.section(&format!("[links.{name}]"), into);
        for (end, fields) in &self.from {
            fields.section(&format!("[links.{name}.from.{}]", key(end)), into);
        }
    }
}
