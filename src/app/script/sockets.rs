//! The sockets of an actor: which one a step means.

use crate::base::Fd;
use crate::scenario::model::Proto;
use crate::socket::Pair;

/// How far a socket is in its life, as far as the script's defaults depend on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    /// From `socket()`, not bound.
    Fresh,
    /// From `socket()` and bound; neither listening nor connected.
    Bound,
    /// Listening.
    Listening,
    /// Connecting, connected, accepted.
    Connection,
}

/// An open socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Socket {
    pub(super) fd: Fd,
    pub(super) proto: Proto,
    pub(super) used: Use,
    name: Option<String>,
}

/// All sockets that are open, oldest first, and what is remembered of those that were.
#[derive(Debug)]
pub(super) struct Sockets {
    open: Vec<Socket>,
    closed_names: Vec<(String, Fd)>,
    last_closed: Fd,
    /// On a scripted peer, the connection that the program spoke or heard of last.
    pub(super) scripted: Option<Pair>,
}

impl Default for Sockets {
    fn default() -> Self {
        Sockets { open: Vec::new(), closed_names: Vec::new(), last_closed: Fd(0), scripted: None }
    }
}

impl Sockets {
    /// Remembers a new socket, which is the current one from now on.
    pub(super) fn made(&mut self, fd: Fd, proto: Proto, used: Use, name: Option<&String>) {
        self.open.push(Socket { fd, proto, used, name: name.cloned() });
    }

    /// The current one.
    pub(super) fn current(&self) -> Option<&Socket> {
        self.open.last()
    }

    /// The most recent one that listens.
    pub(super) fn listener(&self) -> Option<&Socket> {
        self.open.iter().rev().find(|socket| socket.used == Use::Listening)
    }

    /// The open one of this descriptor.
    pub(super) fn get(&self, fd: Fd) -> Option<&Socket> {
        self.open.iter().find(|socket| socket.fd == fd)
    }

    /// The descriptor of this name; of a closed socket too.
    pub(super) fn named(&self, name: &str) -> Option<Fd> {
        let open = self.open.iter().rev().find(|socket| socket.name.as_deref() == Some(name)).map(|socket| socket.fd);
        open.or_else(|| self.closed_names.iter().rev().find(|(closed, _)| closed == name).map(|(_, fd)| *fd))
    }

    /// The descriptor for a step that names this socket, or none and so means the current one.
    pub(super) fn meant(&self, on: Option<&String>) -> Fd {
        match on {
            Some(name) => self.named(name).unwrap_or(Fd(0)),
            None => self.current().map_or(self.last_closed, |socket| socket.fd),
        }
    }

    /// Gives a socket its name.
    pub(super) fn call(&mut self, fd: Fd, name: Option<&String>) {
        if let (Some(socket), Some(name)) = (self.open.iter_mut().find(|socket| socket.fd == fd), name) {
            socket.name = Some(name.clone());
        }
    }

    /// Remembers what has become of a socket.
    pub(super) fn became(&mut self, fd: Fd, used: Use) {
        if let Some(socket) = self.open.iter_mut().find(|socket| socket.fd == fd) {
            socket.used = used;
        }
    }

    /// Remembers that a socket is closed.
    pub(super) fn closed(&mut self, fd: Fd) {
        if let Some(at) = self.open.iter().position(|socket| socket.fd == fd) {
            let socket = self.open.remove(at);
            self.last_closed = fd;
            self.closed_names.extend(socket.name.map(|name| (name, fd)));
        }
    }

    /// Remembers that all are gone.
    pub(super) fn all_gone(&mut self) {
        while let Some(socket) = self.current() {
            self.closed(socket.fd);
        }
    }
}
