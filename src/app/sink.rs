//! Reads and forgets (RFC 863); closes when the peer has closed.

use super::tcp_server::{Conversation, Next};
use crate::base::Fd;
use crate::socket::{Received, Sys};
use crate::socket_api::{Errno, Readiness};

/// The most that is read at a time.
const READ: usize = 16_384;

/// One forgetting conversation.
#[derive(Default)]
pub(super) struct Sink;

impl Conversation for Sink {
    fn go_on(&mut self, sys: &mut dyn Sys, fd: Fd) -> Result<Next, Errno> {
        while sys.ready(fd).any(Readiness::IN) {
            match sys.recv(fd, READ)? {
                Received::Data(_) => {}
                Received::Eof => return Ok(Next::Close),
            }
        }
        Ok(Next::Wait)
    }
}
