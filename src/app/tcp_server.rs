//! A TCP server: one listener, any number of connections at once, each with a conversation of its own.

use super::{Program, Wait};
use crate::base::Fd;
use crate::scenario::model::Proto;
use crate::socket::Sys;
use crate::socket_api::{Errno, Readiness};
use std::collections::BTreeMap;

/// What a conversation wants next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// To be asked again when something happens to its socket.
    Wait,
    /// Its socket closed.
    Close,
}

/// What a server does with one connection.
pub(super) trait Conversation {
    /// Goes on as far as it can without waiting; an error ends it.
    fn go_on(&mut self, sys: &mut dyn Sys, fd: Fd) -> Result<Next, Errno>;
}

struct TcpServer<C, F> {
    port: u16,
    backlog: u32,
    listener: Option<Fd>,
    talks: BTreeMap<Fd, C>,
    begin: F,
}

/// A server on this port; `begin` makes the conversation of a new connection.
pub(super) fn boxed<C, F>(port: u16, backlog: u32, begin: F) -> Box<dyn Program>
where
    C: Conversation + 'static,
    F: FnMut() -> C + 'static,
{
    Box::new(TcpServer { port, backlog, listener: None, talks: BTreeMap::new(), begin })
}

impl<C: Conversation, F: FnMut() -> C> TcpServer<C, F> {
    fn open(&self, sys: &mut dyn Sys) -> Result<Fd, Errno> {
        let fd = sys.socket(Proto::Tcp)?;
        sys.bind(fd, None, self.port)?;
        sys.listen(fd, self.backlog)?;
        Ok(fd)
    }

    /// Takes all connections that wait; gives their descriptors.
    fn accept_all(&mut self, sys: &mut dyn Sys, listener: Fd) -> Vec<Fd> {
        let mut new = Vec::new();
        while sys.ready(listener).any(Readiness::IN) {
            let Ok((fd, _peer)) = sys.accept(listener) else { break };
            self.talks.insert(fd, (self.begin)());
            new.push(fd);
        }
        new
    }

    fn talk(&mut self, sys: &mut dyn Sys, fd: Fd) {
        let Some(talk) = self.talks.get_mut(&fd) else { return };
        if talk.go_on(sys, fd) != Ok(Next::Wait) {
            // Nothing is left to do about a failing close.
            let _ = sys.close(fd);
            self.talks.remove(&fd);
        }
    }
}

impl<C: Conversation, F: FnMut() -> C> Program for TcpServer<C, F> {
    fn serves(&self) -> bool {
        true
    }

    fn step(&mut self, sys: &mut dyn Sys) -> Wait {
        let listener = match self.listener {
            Some(fd) => fd,
            None => match self.open(sys) {
                Ok(fd) => *self.listener.insert(fd),
                Err(errno) => {
                    sys.say(&format!("cannot serve port {}: {errno}", self.port));
                    return Wait::Done;
                }
            },
        };
        let mut stirred = sys.changed();
        stirred.extend(self.accept_all(sys, listener));
        for fd in stirred {
            self.talk(sys, fd);
        }
        Wait::Own { until: None }
    }
}
