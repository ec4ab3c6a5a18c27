//! Steps from Rust.

use crate::base::{Payload, Span};
use crate::machine::Finite;
use crate::scenario::actions::{Gives, Verb};
use crate::scenario::write::{Fields, payload};
use crate::socket_api::Errno;

/// A step in the making.
#[derive(Clone, Debug)]
pub struct StepBuilder {
    verb: Verb,
    pub(super) fields: Fields,
}

/// The actions of steps, by their names in a file.
pub mod step {
    use super::{Fields, StepBuilder, Verb, payload};
    use crate::base::{Payload, Span};
    use crate::machine::Finite;
    use crate::packet::Flags;
    use crate::scenario::leaf::word_of;
    use crate::scenario::model::{How, Proto, SockOpt};
    use crate::trace::CallName;

    fn make(verb: impl Into<Verb>) -> StepBuilder {
        StepBuilder { verb: verb.into(), fields: Fields::default() }
    }

    fn with(verb: impl Into<Verb>, key: &str, value: &str) -> StepBuilder {
        let mut step = make(verb);
        step.fields.text(key, value);
        step
    }

    fn data(mut step: StepBuilder, data: impl Into<Payload>) -> StepBuilder {
        let (key, value) = payload(&data.into());
        step.fields.raw(key, value);
        step
    }

    /// RFC 9293's OPEN, active, of the connection between a local port and a foreign socket.
    pub fn user_open(port: u16, to: &str) -> StepBuilder {
        let mut step = with(CallName::UserOpen, "to", to);
        step.fields.raw("port", port);
        step
    }

    /// RFC 9293's OPEN, passive.
    pub fn user_open_passive(port: u16, to: &str) -> StepBuilder {
        let mut step = user_open(port, to);
        step.fields.raw("passive", true);
        step
    }

    /// RFC 9293's SEND.
    pub fn user_send(bytes: impl Into<Payload>) -> StepBuilder {
        data(make(CallName::UserSend), bytes)
    }

    /// RFC 9293's RECEIVE.
    pub fn user_receive() -> StepBuilder {
        make(CallName::UserReceive)
    }

    /// RFC 9293's CLOSE.
    pub fn user_close() -> StepBuilder {
        make(CallName::UserClose)
    }

    /// RFC 9293's ABORT.
    pub fn user_abort() -> StepBuilder {
        make(CallName::UserAbort)
    }

    /// RFC 9293's STATUS.
    pub fn user_status() -> StepBuilder {
        make(CallName::UserStatus)
    }

    /// A new socket.
    pub fn socket(proto: Proto) -> StepBuilder {
        with(CallName::Socket, "proto", word_of(proto))
    }

    /// Gives the socket a local port.
    pub fn bind(port: u16) -> StepBuilder {
        let mut step = make(CallName::Bind);
        step.fields.raw("port", port);
        step
    }

    /// Waits for connections at a port.
    pub fn listen(port: u16) -> StepBuilder {
        let mut step = make(CallName::Listen);
        step.fields.raw("port", port);
        step
    }

    /// Waits for connections at the port that the socket is bound to.
    pub fn listen_bound() -> StepBuilder {
        make(CallName::Listen)
    }

    /// Takes a connection.
    pub fn accept() -> StepBuilder {
        make(CallName::Accept)
    }

    /// Opens a connection to `host:port`.
    pub fn connect(to: &str) -> StepBuilder {
        with(CallName::Connect, "to", to)
    }

    /// Sends bytes.
    pub fn send(bytes: impl Into<Payload>) -> StepBuilder {
        data(make(CallName::Send), bytes)
    }

    /// Receives.
    pub fn recv() -> StepBuilder {
        make(CallName::Recv)
    }

    /// Sends a datagram to `host:port`.
    pub fn sendto(to: &str, bytes: impl Into<Payload>) -> StepBuilder {
        data(with(CallName::Sendto, "to", to), bytes)
    }

    /// Receives a datagram.
    pub fn recvfrom() -> StepBuilder {
        make(CallName::Recvfrom)
    }

    /// Closes one direction, or both.
    pub fn shutdown(how: How) -> StepBuilder {
        with(CallName::Shutdown, "how", word_of(how))
    }

    /// Gives the socket back.
    pub fn close() -> StepBuilder {
        make(CallName::Close)
    }

    /// Sets an option.
    pub fn setsockopt(option: SockOpt, value: i64) -> StepBuilder {
        let mut step = with(CallName::Setsockopt, "option", option.name());
        step.fields.raw("value", value);
        step
    }

    /// Reads an option.
    pub fn getsockopt(option: SockOpt) -> StepBuilder {
        with(CallName::Getsockopt, "option", option.name())
    }

    /// Reads the local address.
    pub fn getsockname() -> StepBuilder {
        make(CallName::Getsockname)
    }

    /// Reads the remote address.
    pub fn getpeername() -> StepBuilder {
        make(CallName::Getpeername)
    }

    /// Asks what the socket is ready for.
    pub fn poll() -> StepBuilder {
        make(CallName::Poll)
    }

    /// Resolves a name.
    pub fn getaddrinfo(name: &str) -> StepBuilder {
        with(CallName::Getaddrinfo, "name", name)
    }

    /// Does nothing for so long.
    pub fn sleep(span: Span) -> StepBuilder {
        make(CallName::Sleep).wait(span)
    }

    /// The host loses everything without a word.
    pub fn crash() -> StepBuilder {
        make(Verb::Crash)
    }

    /// The host starts again.
    pub fn restart() -> StepBuilder {
        make(Verb::Restart)
    }

    /// A link stops working.
    pub fn cut(link: &str) -> StepBuilder {
        with(Verb::Cut, "link", link)
    }

    /// A link works again.
    pub fn repair(link: &str) -> StepBuilder {
        with(Verb::Repair, "link", link)
    }

    /// A crafted TCP segment from `ip:port` (or `:port`) to `host:port`.
    pub fn inject(src: &str, to: &str, flags: Flags, seq: u32, ack: u32) -> StepBuilder {
        let mut step = with(CallName::Inject, "src", src);
        step.fields.text("to", to).text("flags", &flags.to_string()).raw("seq", seq).raw("ack", ack);
        step
    }

    /// A segment of a scripted peer with these control bits; what it says else, the methods of [`StepBuilder`] add.
    pub fn segment(flags: Flags) -> StepBuilder {
        with(CallName::Segment, "flags", &flags.to_string())
    }

    /// A scripted peer waits for a segment with these control bits.
    pub fn await_segment(flags: Flags) -> StepBuilder {
        with(CallName::Await, "flags", &flags.to_string())
    }

    /// Nothing must reach a scripted peer for so long.
    pub fn silence(span: Span) -> StepBuilder {
        let mut step = make(CallName::Await);
        step.fields.span("silence", span);
        step
    }
}

impl StepBuilder {
    fn string(mut self, key: &str, value: &str) -> Self {
        self.fields.text(key, value);
        self
    }

    /// The name that the new socket gets.
    #[must_use]
    pub fn named(self, socket: &str) -> Self {
        self.string("as", socket)
    }

    /// The name of the socket to do it on.
    #[must_use]
    pub fn on(self, socket: &str) -> Self {
        self.string("on", socket)
    }

    /// Not before this time.
    #[must_use]
    pub fn at(mut self, at: Span) -> Self {
        self.fields.span("at", at);
        self
    }

    /// So long after the program's previous step has completed.
    #[must_use]
    pub fn wait(mut self, wait: Span) -> Self {
        self.fields.span("wait", wait);
        self
    }

    /// Not before the step of this label has completed.
    #[must_use]
    pub fn after(self, label: &str) -> Self {
        self.string("after", label)
    }

    /// Its own label.
    #[must_use]
    pub fn label(self, label: &str) -> Self {
        self.string("label", label)
    }

    /// With a call of RFC 9293's: so long after it the user gives up.
    #[must_use]
    pub fn timeout(mut self, timeout: Span) -> Self {
        self.fields.span("timeout", timeout);
        self
    }

    /// The call fails with EAGAIN or EINPROGRESS where it would wait.
    #[must_use]
    pub fn no_wait(mut self) -> Self {
        self.fields.raw("no-wait", true);
        self
    }

    /// The length of the accept queue, for `listen`.
    #[must_use]
    pub fn backlog(mut self, backlog: u16) -> Self {
        self.fields.raw("backlog", backlog);
        self
    }

    /// At most so many bytes a call, for `recv` and `recvfrom`.
    #[must_use]
    pub fn max(mut self, bytes: u32) -> Self {
        self.fields.raw("max", bytes);
        self
    }

    /// Repeated until so many bytes are there, for `recv`.
    #[must_use]
    pub fn whole(mut self, bytes: u32) -> Self {
        self.fields.raw("whole", bytes);
        self
    }

    /// Repeated until the end of file, for `recv`.
    #[must_use]
    pub fn to_end(mut self) -> Self {
        self.fields.raw("to-end", true);
        self
    }

    /// It must give these bytes.
    #[must_use]
    pub fn expect(mut self, bytes: impl Into<Payload>) -> Self {
        let (key, value) = payload(&bytes.into());
        let plain = self.verb.info().gives != Gives::Bytes;
        self.fields.raw("expect", if plain { value } else { format!("{{ {key} = {value} }}") });
        self
    }

    /// It must give the end of file.
    #[must_use]
    pub fn expect_end(self) -> Self {
        self.string("expect", "end")
    }

    /// Whatever comes of it.
    #[must_use]
    pub fn expect_anything(self) -> Self {
        self.string("expect", "anything")
    }

    /// It must fail with this error.
    #[must_use]
    pub fn fails(self, errno: Errno) -> Self {
        self.string("fails", errno.name())
    }

    pub(super) fn finish(self, actor: &str) -> Fields {
        let mut fields = Fields::default();
        fields.text(actor, self.verb.name());
        fields.0.extend(self.fields.0);
        fields
    }
}
