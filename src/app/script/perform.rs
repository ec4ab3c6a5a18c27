//! Doing one step: the calls that it stands for, made again until each has returned.

use super::Flow;
use super::sockets::{Sockets, Use};
use super::target::Lookup;
use crate::app::Wait;
use crate::base::{Fd, Time};
use crate::scenario::model::{Action, Proto, Step, Target, UserCall, UserCallKind};
use crate::socket::{Received, Sys};
use crate::socket_api::{Errno, Readiness};
use bytes::Bytes;
use core::net::SocketAddr;

/// What is remembered of a step while it waits.
#[derive(Debug, Default)]
pub(super) struct Doing {
    lookup: Lookup,
    /// The socket it is done on, once that is settled.
    fd: Option<Fd>,
    /// Its connect is under way.
    connecting: bool,
    /// Bytes sent or received so far.
    count: usize,
    /// How long it waits for a segment.
    pub(super) until: Option<Time>,
}

/// Why a step does not go on.
pub(super) enum Stop {
    /// This must come first.
    Wait(Wait),
    /// A call of it has failed; the rest of it is left undone.
    Failed,
}

impl From<Errno> for Stop {
    fn from(_: Errno) -> Stop {
        Stop::Failed
    }
}

/// A call that blocks until the descriptor is ready for this, if the step is a blocking one.
fn block_on<T>(result: Result<T, Errno>, step: &Step, fd: Fd, interest: Readiness) -> Result<T, Stop> {
    match result {
        Err(Errno::Eagain | Errno::Einprogress | Errno::Ealready) if !step.nonblocking => {
            Err(Stop::Wait(Wait::on(fd, interest)))
        }
        result => Ok(result?),
    }
}

impl Doing {
    /// Goes on with the step as far as it can.
    pub(super) fn perform(&mut self, step: &Step, sockets: &mut Sockets, sys: &mut dyn Sys) -> Flow {
        match self.go_on(step, sockets, sys) {
            Err(Stop::Wait(wait)) => Flow::Wait(wait),
            Ok(()) | Err(Stop::Failed) => Flow::Complete,
        }
    }

    fn go_on(&mut self, step: &Step, sockets: &mut Sockets, sys: &mut dyn Sys) -> Result<(), Stop> {
        match &step.action {
            Action::Socket(proto) => {
                make(*proto, step, sockets, sys)?;
            }
            Action::Bind { addr, port } => {
                let fd = sockets.meant(step.on.as_ref());
                sys.bind(fd, *addr, *port)?;
                sockets.became(fd, Use::Bound);
            }
            Action::Listen { port, backlog } => listen(*port, *backlog, step, sockets, sys)?,
            Action::Accept => accept(step, sockets, sys)?,
            Action::Connect(target) => self.connect(target, step, sockets, sys)?,
            Action::Send(data) => self.send(&data.0, step, sockets, sys)?,
            Action::Recv { max, whole, to_end } => self.recv(*max, (*whole, *to_end), step, sockets, sys)?,
            Action::SendTo(target, data) => self.sendto(target, &data.0, step, sockets, sys)?,
            Action::RecvFrom { max } => {
                let fd = sockets.meant(step.on.as_ref());
                block_on(sys.recvfrom(fd, size(*max)), step, fd, Readiness::IN)?;
            }
            Action::Close => close(step, sockets, sys)?,
            Action::Resolve(name) => {
                self.lookup.addr((name, 0), true, sys)?;
            }
            Action::Wait => {}
            Action::Crash => {
                sys.crash_host();
                sockets.all_gone();
            }
            Action::Restart => sys.restart_host(),
            Action::Cut(link) => sys.set_link(*link, false),
            Action::Repair(link) => sys.set_link(*link, true),
            Action::Inject(segment) => self.inject(segment, sys)?,
            Action::Segment(segment) => self.segment(segment, sockets, sys)?,
            Action::Await(awaits) => self.await_segment(awaits, sockets, sys)?,
            Action::User(call) => self.user(call, step, sockets, sys)?,
            Action::Shutdown(_)
            | Action::SetOpt(..)
            | Action::GetOpt(_)
            | Action::GetSockName
            | Action::GetPeerName
            | Action::Poll => ask(step, sockets.meant(step.on.as_ref()), sys)?,
        }
        Ok(())
    }

    fn connect(&mut self, target: &Target, step: &Step, sockets: &mut Sockets, sys: &mut dyn Sys) -> Result<(), Stop> {
        let to = self.addr(target, sys)?;
        let fd = match self.fd {
            Some(fd) => fd,
            None => *self.fd.insert(unused(step, Proto::Tcp, sockets, sys)?),
        };
        if self.connecting {
            return block_on(sys.finish_connect(fd), step, fd, Readiness::OUT);
        }
        sockets.became(fd, Use::Connection);
        self.connecting = true;
        block_on(sys.connect(fd, to), step, fd, Readiness::OUT)
    }

    fn send(&mut self, data: &Bytes, step: &Step, sockets: &Sockets, sys: &mut dyn Sys) -> Result<(), Stop> {
        let fd = *self.fd.get_or_insert_with(|| sockets.meant(step.on.as_ref()));
        loop {
            let rest = data.slice(self.count..);
            self.count += block_on(sys.send(fd, &rest), step, fd, Readiness::OUT)?.min(rest.len());
            if self.count == data.len() || step.nonblocking {
                return Ok(());
            }
        }
    }

    /// One call; with `whole` as many as it takes for so many bytes, with `to_end` for all of them.
    fn recv(
        &mut self,
        max: u32,
        (whole, to_end): (Option<u32>, bool),
        step: &Step,
        sockets: &Sockets,
        sys: &mut dyn Sys,
    ) -> Result<(), Stop> {
        let fd = *self.fd.get_or_insert_with(|| sockets.meant(step.on.as_ref()));
        loop {
            let missing = whole.map_or(usize::MAX, |whole| size(whole).saturating_sub(self.count));
            match block_on(sys.recv(fd, size(max).min(missing)), step, fd, Readiness::IN)? {
                Received::Eof => return Ok(()),
                Received::Data(data) if data.is_empty() => return Ok(()),
                Received::Data(data) => self.count += data.len(),
            }
            let enough = whole.is_none_or(|whole| self.count >= size(whole));
            if enough && !to_end {
                return Ok(());
            }
        }
    }

    fn sendto(
        &mut self,
        target: &Target,
        data: &Bytes,
        step: &Step,
        sockets: &mut Sockets,
        sys: &mut dyn Sys,
    ) -> Result<(), Stop> {
        let to = self.addr(target, sys)?;
        let fd = match self.fd {
            Some(fd) => fd,
            None => *self.fd.insert(datagram_socket(step, sockets, sys)?),
        };
        block_on(sys.sendto(fd, data, to), step, fd, Readiness::OUT)?;
        Ok(())
    }

    /// The address of a target.
    pub(super) fn addr(&mut self, target: &Target, sys: &mut dyn Sys) -> Result<SocketAddr, Stop> {
        self.lookup.addr((&target.host, target.port), false, sys)
    }

    /// A call of RFC 9293's user interface.
    fn user(&mut self, call: &UserCall, step: &Step, sockets: &mut Sockets, sys: &mut dyn Sys) -> Result<(), Stop> {
        if let UserCallKind::Open { port, to, .. } = &call.kind {
            let to = self.addr(to, sys)?;
            let fd = sys.user_open(*port, to, call)?;
            if sockets.get(fd).is_none() {
                sockets.made(fd, Proto::Tcp, Use::Connection, step.name.as_ref());
            }
            return Ok(());
        }
        let fd = sockets.meant(step.on.as_ref());
        block_on(sys.user(fd, call), step, fd, Readiness::IN)
    }
}

/// Lengths fit.
fn size(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

fn make(proto: Proto, step: &Step, sockets: &mut Sockets, sys: &mut dyn Sys) -> Result<Fd, Errno> {
    let fd = sys.socket(proto)?;
    sockets.made(fd, proto, Use::Fresh, step.name.as_ref());
    Ok(fd)
}

/// The socket that the step names; else the current one if it is unused; else a new one.
fn unused(step: &Step, proto: Proto, sockets: &mut Sockets, sys: &mut dyn Sys) -> Result<Fd, Errno> {
    if let Some(named) = step.on.as_deref().and_then(|name| sockets.named(name)) {
        return Ok(named);
    }
    let current = sockets.current().filter(|socket| matches!(socket.used, Use::Fresh | Use::Bound));
    // A datagram socket can have a peer, but cannot listen.
    let fresh = current.filter(|socket| socket.proto == proto || matches!(step.action, Action::Connect(_)));
    match fresh.map(|socket| socket.fd) {
        Some(fd) => {
            sockets.call(fd, step.name.as_ref());
            Ok(fd)
        }
        None => make(proto, step, sockets, sys),
    }
}

/// The socket that the step names; else the current one if it is a datagram socket; else a new one.
fn datagram_socket(step: &Step, sockets: &mut Sockets, sys: &mut dyn Sys) -> Result<Fd, Errno> {
    if let Some(named) = step.on.as_deref().and_then(|name| sockets.named(name)) {
        return Ok(named);
    }
    match sockets.current().filter(|socket| socket.proto == Proto::Udp).map(|socket| socket.fd) {
        Some(fd) => Ok(fd),
        None => make(Proto::Udp, step, sockets, sys),
    }
}

/// Without a port, and with a socket that is in use, `listen` is the bare call on that socket.
fn listen(port: Option<u16>, backlog: u32, step: &Step, sockets: &mut Sockets, sys: &mut dyn Sys) -> Result<(), Stop> {
    let bare = port.is_none() && sockets.current().is_some();
    let fd = if bare { sockets.meant(step.on.as_ref()) } else { unused(step, Proto::Tcp, sockets, sys)? };
    let unbound = sockets.get(fd).is_some_and(|socket| socket.used == Use::Fresh);
    if let Some(port) = port.filter(|_| unbound) {
        sys.bind(fd, None, port)?;
        sockets.became(fd, Use::Bound);
    }
    sys.listen(fd, backlog)?;
    sockets.became(fd, Use::Listening);
    Ok(())
}

fn accept(step: &Step, sockets: &mut Sockets, sys: &mut dyn Sys) -> Result<(), Stop> {
    let listener = sockets.listener().filter(|_| step.on.is_none()).map(|socket| socket.fd);
    let fd = listener.unwrap_or_else(|| sockets.meant(step.on.as_ref()));
    let (accepted, _peer) = block_on(sys.accept(fd), step, fd, Readiness::IN)?;
    sockets.made(accepted, Proto::Tcp, Use::Connection, step.name.as_ref());
    Ok(())
}

/// A close that lingers blocks until nothing of the connection is left, or the time is over.
fn close(step: &Step, sockets: &mut Sockets, sys: &mut dyn Sys) -> Result<(), Stop> {
    let fd = sockets.meant(step.on.as_ref());
    let closed = block_on(sys.close(fd), step, fd, Readiness::HUP);
    if !matches!(closed, Err(Stop::Wait(_))) {
        sockets.closed(fd);
    }
    closed
}

/// The calls that never block and change nothing that the script keeps track of.
fn ask(step: &Step, fd: Fd, sys: &mut dyn Sys) -> Result<(), Errno> {
    match &step.action {
        Action::Shutdown(how) => sys.shutdown(fd, *how),
        Action::SetOpt(option, value) => sys.setsockopt(fd, *option, *value),
        Action::GetOpt(option) => sys.getsockopt(fd, *option).map(drop),
        Action::GetSockName => sys.getsockname(fd).map(drop),
        Action::GetPeerName => sys.getpeername(fd).map(drop),
        Action::Poll => sys.poll(fd).map(drop),
        _ => Ok(()),
    }
}
