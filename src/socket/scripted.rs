//! The scripted peer: a host without a TCP of its own. Its programs make each segment that it sends and take each one
//! that reaches it; what is kept for them here is the count of sequence numbers, so that they can speak of them as the
//! trace does, and the segments that no program has taken yet.

use super::kernel::{Ctx, Kernel};
use super::record::{Args, Caller, Said};
use super::sys::Which;
use crate::base::{Payload, RecordId, Time, entropy};
use crate::net::{Frame, Via};
use crate::packet::{self, Flags, Packet, Segment};
use crate::scenario::model::SegmentParts;
use crate::socket_api::Errno;
use crate::trace::{CallName, Outcome};
use bytes::Bytes;
use core::net::SocketAddr;
use std::collections::VecDeque;

/// A connection of a scripted peer: its own address and port, and the other's.
pub type Pair = (SocketAddr, SocketAddr);

/// The first port of its own that it takes where none is said (RFC 6335, 6).
const FIRST_PORT: u16 = 49_152;

/// What a scripted peer keeps.
#[derive(Debug, Default)]
pub(super) struct Scripted {
    seed: u64,
    /// The initial sequence number of the first connection.
    isn: Option<u32>,
    /// Connections, in the order in which they were first seen.
    conns: Vec<Conn>,
    opened: u32,
    /// Segments that no program has taken yet, in the order of their arrival.
    inbox: VecDeque<Heard>,
    /// A segment has come since the programs were last told.
    news: bool,
}

/// The sequence numbers of a connection.
#[derive(Clone, Copy, Debug)]
struct Conn {
    pair: Pair,
    /// Initial sequence numbers: its own, and the other's once its SYN was seen.
    own: u32,
    theirs: Option<u32>,
    /// The highest numbers sent and heard, and one more; relative.
    sent: i64,
    heard: i64,
}

/// A segment that has come.
#[derive(Debug)]
struct Heard {
    pair: Pair,
    record: Option<RecordId>,
    text: Bytes,
}

/// A segment that is ready to be sent.
#[derive(Clone, Debug)]
pub struct Made {
    /// On which connection.
    pub pair: Pair,
    /// Its header, in absolute numbers.
    pub header: Segment,
    /// It is the request for a new connection.
    pub opens: bool,
}

/// The header that these parts say, with absolute numbers; `base` are the numbers that relative ones count from, `usual`
/// those that stand where none is given.
pub fn header(parts: &SegmentParts, base: (u32, u32), usual: (i64, i64)) -> Segment {
    let absolute = |base: u32, number: i64| base.wrapping_add(wrapped(number));
    let flags = parts.flags.unwrap_or_default();
    let ack = parts.ack.or_else(|| flags.has(Flags::ACK).then_some(usual.1));
    Segment {
        seq: absolute(base.0, parts.seq.map_or(usual.0, |seq| seq.start)),
        ack: ack.map_or(0, |ack| absolute(base.1, ack)),
        flags,
        window: parts.window.and_then(|window| u16::try_from(window).ok()).unwrap_or(u16::MAX),
        len: parts.data.as_ref().map_or(0, |data| u32::try_from(data.0.len()).unwrap_or(u32::MAX)),
        mss: parts.mss,
        scale: parts.scale,
        sack_permitted: parts.sack_permitted == Some(true),
        sack: parts.sack.map(|(left, right)| (absolute(base.1, left), absolute(base.1, right))),
        timestamps: parts.timestamps,
        urgent: parts.urgent.unwrap_or(0),
    }
}

/// A number of the sequence space.
fn wrapped(number: i64) -> u32 {
    u32::try_from(number.rem_euclid(1 << 32)).unwrap_or(0)
}

impl Conn {
    fn hears(&mut self, segment: &Segment) {
        if segment.flags.has(Flags::SYN) && self.theirs != Some(segment.seq) {
            (self.theirs, self.heard) = (Some(segment.seq), 0);
        }
        let first = segment.seq.wrapping_sub(self.theirs.unwrap_or(0));
        if !segment.flags.has(Flags::RST) {
            self.heard = self.heard.max(i64::from(first) + i64::from(segment.seg_len()));
        }
    }
}

impl Scripted {
    fn at(&mut self, pair: Pair) -> &mut Conn {
        let found = self.conns.iter().rposition(|conn| conn.pair == pair);
        let at = found.unwrap_or_else(|| {
            self.opened += 1;
            let random = entropy(self.seed, &format!("isn/{}", self.opened));
            let own = self.isn.take().unwrap_or_else(|| wrapped(i64::try_from(random >> 32).unwrap_or(0)));
            self.conns.push(Conn { pair, own, theirs: None, sent: 0, heard: 0 });
            self.conns.len() - 1
        });
        &mut self.conns[at]
    }

    fn knows(&self, pair: Pair) -> bool {
        self.conns.iter().any(|conn| conn.pair == pair)
    }

    /// The connection that is meant: that of the latest among those that fit, or a new one.
    fn meant(&self, which: &Which, own: impl Fn(SocketAddr) -> Option<SocketAddr>) -> Option<Pair> {
        let latest =
            |fits: &dyn Fn(&Pair) -> bool| self.conns.iter().rev().map(|conn| conn.pair).find(|pair| fits(pair));
        match (which.other, which.port) {
            (None, None) => which.current,
            (None, Some(port)) => latest(&|pair| pair.0.port() == port),
            (Some(other), Some(port)) => {
                let known = latest(&|pair| pair.1 == other && pair.0.port() == port);
                known.or_else(|| own(other).map(|own| (SocketAddr::new(own.ip(), port), other)))
            }
            (Some(other), None) => {
                let current = which.current.filter(|pair| pair.1 == other);
                current.or_else(|| latest(&|pair| pair.1 == other)).or_else(|| own(other).map(|own| (own, other)))
            }
        }
    }

    /// The first segment that has come on a connection that is meant.
    fn take(&mut self, which: &Which) -> Option<Heard> {
        let fits = |pair: Pair| match (which.other, which.port, which.current) {
            (None, None, Some(current)) => pair == current,
            (other, port, _) => {
                other.is_none_or(|other| pair.1 == other) && port.is_none_or(|port| pair.0.port() == port)
            }
        };
        let at = self.inbox.iter().position(|heard| fits(heard.pair))?;
        self.inbox.remove(at)
    }

    /// Bytes of the segments that wait.
    pub(super) fn waiting(&self) -> u64 {
        self.inbox.iter().map(|heard| heard.text.len() as u64 + 64).sum()
    }
}

impl Kernel {
    /// The host has no TCP: its programs are one.
    pub fn play_by_hand(&mut self, seed: u64, isn: Option<u32>) {
        self.scripted = Some(Scripted { seed, isn, ..Scripted::default() });
    }

    /// Whether segments are for its programs alone.
    pub(super) fn is_scripted(&self) -> bool {
        self.scripted.is_some()
    }

    /// A segment has reached the scripted peer.
    pub(super) fn hear(&mut self, via: Via, frame: &Frame, ctx: &Ctx<'_, '_>) {
        let ethernet = via == Via::Link && self.ethernet;
        let Some(packet) = packet::dissect(&frame.bytes, ethernet) else { return };
        let (Some(segment), Some(scripted)) = (packet.tcp(), &mut self.scripted) else { return };
        let text = packet::tcp_text(&frame.bytes, ethernet, segment.len).unwrap_or_default();
        let Packet { src, dst, .. } = packet;
        scripted.at((dst, src)).hears(segment);
        let text = Bytes::copy_from_slice(text);
        scripted.inbox.push_back(Heard { pair: (dst, src), record: ctx.tape.cause, text });
        scripted.news = true;
    }

    /// Whether segments have come since this was last asked.
    pub fn has_news(&mut self) -> bool {
        self.scripted.as_mut().is_some_and(|scripted| core::mem::take(&mut scripted.news))
    }

    /// The segment that these parts are on the connection that is meant.
    ///
    /// # Errors
    /// EOPNOTSUPP on a host with a TCP; EDESTADDRREQ where no connection is meant.
    pub fn make_segment(&mut self, which: &Which, isn: Option<u32>, parts: &SegmentParts) -> Result<Made, Errno> {
        let Some(scripted) = &self.scripted else { return Err(Errno::Eopnotsupp) };
        let port = FIRST_PORT.saturating_add(u16::try_from(scripted.opened).unwrap_or(u16::MAX));
        let own = |other: SocketAddr| self.first_addr(other.ip()).map(|ip| SocketAddr::new(ip, port));
        let pair = scripted.meant(which, own).ok_or(Errno::Edestaddrreq)?;
        let known = scripted.knows(pair);
        let Some(scripted) = &mut self.scripted else { return Err(Errno::Eopnotsupp) };
        let conn = scripted.at(pair);
        if let Some(isn) = isn {
            *conn = Conn { own: isn, theirs: None, sent: 0, heard: 0, pair };
        }
        let mut header = header(parts, (conn.own, conn.theirs.unwrap_or(0)), (conn.sent, conn.heard));
        // Who resets offers no window, unless it is asked to.
        if header.flags.has(Flags::RST) && parts.window.is_none() {
            header.window = 0;
        }
        if !header.flags.has(Flags::RST) {
            let first = parts.seq.map_or(conn.sent, |seq| seq.start);
            conn.sent = conn.sent.max(first + i64::from(header.seg_len()));
        }
        Ok(Made { pair, header, opens: header.flags.is_request() && (!known || isn.is_some()) })
    }

    /// The next segment that came; nothing if it is too late for one. EAGAIN: not yet.
    pub fn await_segment(
        &mut self,
        caller: Caller,
        which: &Which,
        until: Option<Time>,
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<Option<Pair>, Errno> {
        let Some(scripted) = &mut self.scripted else { return Err(Errno::Eopnotsupp) };
        let heard = scripted.take(which);
        let pair = heard.as_ref().map(|heard| heard.pair);
        let meant = pair.or_else(|| scripted.meant(which, |_| None));
        let args = match (which.other, which.port, which.current) {
            (Some(other), ..) => Args::Addr(other),
            (None, Some(port), _) => Args::Text(format!(":{port}")),
            (None, None, Some((_, other))) => Args::Addr(other),
            (None, None, None) => Args::None,
        };
        let mut said = Said::new(CallName::Await).args(args);
        if let Some((conn, _)) = meant.and_then(|(own, other)| ctx.conns.find(own, other)) {
            said = said.conn(conn);
        }
        let outcome = match heard {
            Some(Heard { record, text, .. }) => Outcome::Segment(record.unwrap_or(RecordId(0)), Payload(text)),
            None if until.is_some_and(|until| until <= ctx.tape.now) => Outcome::Nothing,
            None => {
                self.block(caller, said, ctx);
                return Err(Errno::Eagain);
            }
        };
        self.say(caller, said, &outcome, ctx);
        Ok(pair)
    }
}
