//! Sends so many bytes of the pattern that scenarios know as `bytes = N`, unasked (as RFC 864's servers do), then closes.

use super::tcp_server::{Conversation, Next};
use crate::base::{Fd, pattern};
use crate::socket::{Received, Sys};
use crate::socket_api::{Errno, Readiness};

/// The most that is offered to send, or read, at a time.
const CHUNK: u64 = 16_384;

/// One conversation. What the peer says is read and forgotten, so that closing sends a FIN and not a RST.
pub(super) struct Source {
    sent: u64,
    total: u64,
    heard_all: bool,
}

impl Source {
    /// One that has so many bytes to send.
    pub(super) fn new(total: u64) -> Self {
        Source { sent: 0, total, heard_all: false }
    }

    fn hear(&mut self, sys: &mut dyn Sys, fd: Fd) -> Result<(), Errno> {
        while !self.heard_all && sys.ready(fd).any(Readiness::IN) {
            self.heard_all = sys.recv(fd, 16_384)? == Received::Eof;
        }
        Ok(())
    }
}

impl Conversation for Source {
    fn go_on(&mut self, sys: &mut dyn Sys, fd: Fd) -> Result<Next, Errno> {
        self.hear(sys, fd)?;
        while self.sent < self.total {
            if !sys.ready(fd).any(Readiness::OUT) {
                return Ok(Next::Wait);
            }
            let sent = sys.send(fd, &pattern(self.sent, CHUNK.min(self.total - self.sent)))?;
            self.sent += u64::try_from(sent).unwrap_or(0);
        }
        Ok(Next::Close)
    }
}
