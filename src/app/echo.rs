//! Sends back what it gets (RFC 862); closes when the peer has closed and everything is sent back.

use super::tcp_server::{Conversation, Next};
use crate::base::Fd;
use crate::socket::{Received, Sys};
use crate::socket_api::{Errno, Readiness};
use bytes::Bytes;

/// The most that is held between reading and sending back.
const HELD: usize = 4_096;

/// One echoing conversation. While anything is held nothing is read: a peer that does not read is not read from.
#[derive(Default)]
pub(super) struct Echo {
    held: Bytes,
}

impl Conversation for Echo {
    fn go_on(&mut self, sys: &mut dyn Sys, fd: Fd) -> Result<Next, Errno> {
        loop {
            if self.held.is_empty() {
                if !sys.ready(fd).any(Readiness::IN) {
                    return Ok(Next::Wait);
                }
                match sys.recv(fd, HELD)? {
                    Received::Data(data) => self.held = data,
                    Received::Eof => return Ok(Next::Close),
                }
            }
            if !sys.ready(fd).any(Readiness::OUT) {
                return Ok(Next::Wait);
            }
            let sent = sys.send(fd, &self.held)?;
            self.held = self.held.slice(sent.min(self.held.len())..);
        }
    }
}
