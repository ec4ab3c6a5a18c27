//! Segments from Rust: what a step makes, or awaits.

use super::StepBuilder;
use crate::base::{Payload, Span};
use crate::scenario::write::payload;

/// What a segment is, for `segment`, `await` and `inject`.
impl StepBuilder {
    /// Its sequence numbers as the trace writes them: `[1,79)`, or `[1)` for none.
    #[must_use]
    pub fn seq(mut self, numbers: &str) -> Self {
        self.fields.text("seq", numbers);
        self
    }

    /// Its acknowledgment number.
    #[must_use]
    pub fn ack(mut self, number: i64) -> Self {
        self.fields.raw("ack", number);
        self
    }

    /// Its window.
    #[must_use]
    pub fn window(mut self, bytes: u32) -> Self {
        self.fields.raw("window", bytes);
        self
    }

    /// Its urgent pointer.
    #[must_use]
    pub fn urgent(mut self, pointer: u16) -> Self {
        self.fields.raw("urgent", pointer);
        self
    }

    /// Its option for the maximum segment size.
    #[must_use]
    pub fn mss(mut self, bytes: u16) -> Self {
        self.fields.raw("mss", bytes);
        self
    }

    /// Its option for the window scale.
    #[must_use]
    pub fn scale(mut self, shift: u8) -> Self {
        self.fields.raw("scale", shift);
        self
    }

    /// Whether it permits SACK.
    #[must_use]
    pub fn sack_ok(mut self, permitted: bool) -> Self {
        self.fields.raw("sack-ok", permitted);
        self
    }

    /// Its SACK block: from the first number up to, not including, the second.
    #[must_use]
    pub fn sack(mut self, left: i64, right: i64) -> Self {
        self.fields.text("sack", &format!("[{left},{right})"));
        self
    }

    /// Its timestamps: value and echo.
    #[must_use]
    pub fn timestamps(mut self, value: u32, echo: u32) -> Self {
        self.fields.raw("timestamps", format!("[{value}, {echo}]"));
        self
    }

    /// Its checksum is wrong.
    #[must_use]
    pub fn bad_checksum(mut self) -> Self {
        self.fields.text("checksum", "bad");
        self
    }

    /// Its text.
    #[must_use]
    pub fn text(mut self, text: impl Into<Payload>) -> Self {
        let (key, value) = payload(&text.into());
        self.fields.raw(key, value);
        self
    }

    /// The other end, for `segment`.
    #[must_use]
    pub fn to(mut self, host_port: &str) -> Self {
        self.fields.text("to", host_port);
        self
    }

    /// The other end, for `await`.
    #[must_use]
    pub fn from(mut self, host_port: &str) -> Self {
        self.fields.text("from", host_port);
        self
    }

    /// The peer's own port, for `segment` and `await`.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.fields.raw("port", port);
        self
    }

    /// A new connection begins, with this initial sequence number.
    #[must_use]
    pub fn isn(mut self, number: u32) -> Self {
        self.fields.raw("isn", number);
        self
    }

    /// How long `await` waits at most.
    #[must_use]
    pub fn within(mut self, span: Span) -> Self {
        self.fields.span("within", span);
        self
    }
}
