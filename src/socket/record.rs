//! How calls are recorded: one record where a call returns at once, two where it blocks.

use super::kernel::{Ctx, Kernel};
use crate::base::{ActorId, ConnId, Fd, Payload, RecordId};
use crate::socket_api::Errno;
use crate::trace::{Call, CallName, Outcome, What};
use bytes::Bytes;
use core::fmt;
use core::net::SocketAddr;

/// Who calls, and whether it waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Caller {
    /// The program.
    pub actor: ActorId,
    /// A call that cannot go on waits instead of failing with EAGAIN or EINPROGRESS.
    pub blocking: bool,
    /// Its calls are part of a library call, which is recorded in their place.
    pub muted: bool,
    /// The step of a script that it makes its calls for: their cause.
    pub step: Option<RecordId>,
}

impl Caller {
    /// A program that has made no call yet.
    pub fn new(actor: ActorId) -> Self {
        Caller { actor, blocking: false, muted: false, step: None }
    }
}

/// Which call blocks: the same program's same call on the same descriptor, made again, goes on with it.
pub(super) type BlockedCall = (ActorId, CallName, Option<Fd>);

/// A call that blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocked {
    record: RecordId,
    /// Bytes that `send` has taken so far.
    sent: u32,
}

/// A call's arguments, made into text only where someone looks.
#[derive(Clone, Debug)]
pub(super) enum Args {
    None,
    Word(&'static str),
    Addr(SocketAddr),
    Number(u64),
    Option(&'static str, i64),
    Text(String),
}

impl fmt::Display for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Args::None => Ok(()),
            Args::Word(word) => f.write_str(word),
            Args::Addr(addr) => write!(f, "{addr}"),
            Args::Number(number) => write!(f, "{number}"),
            Args::Option(name, value) => write!(f, "{name}={value}"),
            Args::Text(text) => f.write_str(text),
        }
    }
}

/// What is said of a call.
#[derive(Clone, Debug)]
pub(super) struct Said {
    call: CallName,
    fd: Option<Fd>,
    conn: Option<ConnId>,
    args: Args,
    data: Option<Payload>,
}

impl Said {
    pub(super) fn new(call: CallName) -> Self {
        Said { call, fd: None, conn: None, args: Args::None, data: None }
    }

    /// On this descriptor, and the connection behind it.
    pub(super) fn on(mut self, kernel: &Kernel, fd: Fd) -> Self {
        self.fd = Some(fd);
        let end = kernel.peek_stream(fd).and_then(|stream| kernel.stack.peek(stream.tcp?));
        self.conn = end.map(|end| end.conn);
        self
    }

    pub(super) fn conn(mut self, conn: ConnId) -> Self {
        self.conn = Some(conn);
        self
    }

    pub(super) fn args(mut self, args: Args) -> Self {
        self.args = args;
        self
    }

    pub(super) fn data(mut self, data: &Bytes) -> Self {
        self.data = Some(Payload(data.clone()));
        self
    }

    fn record(self, actor: ActorId, outcome: Outcome) -> What {
        let Said { call, fd, conn, args, data } = self;
        What::Call(Call { actor, call, fd, conn, args: args.to_string(), data, outcome })
    }
}

impl Kernel {
    /// Records a call with what it returned, or the return of one that blocked; what it does next is caused by it.
    pub(super) fn say(&mut self, caller: Caller, said: Said, outcome: &Outcome, ctx: &mut Ctx<'_, '_>) {
        if caller.muted || self.unblock((caller.actor, said.call, said.fd), outcome, ctx) {
            return;
        }
        self.note_call(caller, said, outcome.clone(), ctx);
    }

    fn note_call(&self, caller: Caller, said: Said, outcome: Outcome, ctx: &mut Ctx<'_, '_>) -> Option<RecordId> {
        ctx.tape.cause = caller.step.or(ctx.tape.cause);
        let noted = ctx.tape.note(self.node, || said.record(caller.actor, outcome));
        ctx.tape.cause = noted.or(ctx.tape.cause);
        noted
    }

    /// Records that `send` took so many of so many bytes: a blocking one returns when all are taken.
    pub(super) fn say_sent(&mut self, caller: Caller, said: Said, taken: usize, of: usize, ctx: &mut Ctx<'_, '_>) {
        let key = (caller.actor, said.call, said.fd);
        let before = self.blocked.get(&key).map_or(0, |blocked| blocked.sent);
        let count = before + u32::try_from(taken).unwrap_or(u32::MAX);
        if caller.blocking && taken < of {
            self.block(caller, said, ctx);
            if let Some(blocked) = self.blocked.get_mut(&key) {
                blocked.sent = count;
            }
        } else {
            self.say(caller, said, &Outcome::Count(count), ctx);
        }
    }

    /// Records the return of a call, if it blocks.
    pub(super) fn unblock(&mut self, call: BlockedCall, outcome: &Outcome, ctx: &mut Ctx<'_, '_>) -> bool {
        let Some(Blocked { record, .. }) = self.blocked.remove(&call) else { return false };
        let what = || What::Return { actor: call.0, of: record, outcome: outcome.clone() };
        let noted = ctx.tape.note(self.node, what);
        ctx.tape.cause = noted.or(ctx.tape.cause);
        true
    }

    /// Records the return of the caller's library call.
    pub fn library_returns(&mut self, caller: Caller, outcome: &Outcome, ctx: &mut Ctx<'_, '_>) {
        let call = self.blocked.keys().copied().find(|&(actor, _, fd)| actor == caller.actor && fd.is_none());
        if let Some(call) = call {
            self.unblock(call, outcome, ctx);
        }
    }

    /// Whether the caller's call blocks already.
    pub(super) fn blocked_on(&self, caller: Caller, call: CallName, fd: Fd) -> bool {
        self.blocked.contains_key(&(caller.actor, call, Some(fd)))
    }

    /// Records that a call blocks, once.
    pub(super) fn block(&mut self, caller: Caller, said: Said, ctx: &mut Ctx<'_, '_>) {
        let key = (caller.actor, said.call, said.fd);
        if caller.muted || self.blocked.contains_key(&key) {
            return;
        }
        if let Some(record) = self.note_call(caller, said, Outcome::Pending, ctx) {
            self.blocked.insert(key, Blocked { record, sent: 0 });
        }
    }

    /// Records a library call that needed no system call, or the beginning or end of one that did.
    pub fn library_call(
        &mut self,
        caller: Caller,
        call: CallName,
        args: String,
        outcome: &Outcome,
        ctx: &mut Ctx<'_, '_>,
    ) {
        let said = Said::new(call).args(Args::Text(args));
        if *outcome == Outcome::Pending { self.block(caller, said, ctx) } else { self.say(caller, said, outcome, ctx) }
    }

    /// Whether the caller waits instead of failing so.
    pub(super) fn waits_on(&self, caller: Caller, errno: Errno) -> bool {
        (caller.blocking || caller.muted) && matches!(errno, Errno::Eagain)
    }
}
