//! The model peer's door to the network: packets into segments with their text, and back.

use super::Via;
use super::stack::StackConfig;
use crate::base::{Time, entropy};
use crate::packet;
use crate::peer::{Departure, Peer, Settings};
use crate::scenario::model::{IpNet, ModelSpec, SocketSpec};
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};

/// What the ends of a host with the model peer are made from.
pub(super) struct Model {
    spec: ModelSpec,
    seed: u64,
    /// The initial sequence number of its first connection, until that has been made.
    isn: Option<u32>,
}

impl Model {
    pub(super) fn new(spec: ModelSpec, config: &StackConfig) -> Self {
        Model { spec, seed: config.seed, isn: config.isn }
    }

    /// A peer for a connection between these sockets, on a link of this MTU.
    pub(super) fn peer(&mut self, spec: &SocketSpec, (local, remote): (SocketAddr, SocketAddr), mtu: u32) -> Peer {
        let (headers, default_mss) = if local.is_ipv4() { (40, 536) } else { (60, 1_220) };
        // RFC 6528: the connection's own number, and a clock.
        let isn = (entropy(self.seed, &format!("isn/{local}/{remote}")) & 0xffff_ffff) as u32;
        Peer::new(Settings {
            mss: u16::try_from(mtu.saturating_sub(headers)).unwrap_or(u16::MAX),
            default_mss,
            rcvbuf: spec.rcvbuf as usize,
            sndbuf: spec.sndbuf as usize,
            nagle: spec.nagle,
            user_timeout: spec.user_timeout,
            msl: self.spec.msl,
            rfc793: self.spec.rfc793,
            isn,
            first_isn: self.isn.take(),
            ..Settings::default()
        })
    }

    /// What LISTEN or CLOSED says of a segment that is of no connection (RFC 9293, 3.10.7.1 and 3.10.7.2).
    pub(super) fn answer_stray(&self, frame: &Bytes, listening: bool, now: Time) -> Vec<Bytes> {
        let Some((_, remote, local)) = packet::endpoints(frame, false) else { return Vec::new() };
        let mut nobody = Peer::new(Settings::default());
        if listening {
            // A request would begin a connection: whoever listens has refused it by saying nothing.
            if packet::tcp_flags(frame, false).is_some_and(packet::Flags::is_request)
                || nobody.open_passive(now).is_err()
            {
                return Vec::new();
            }
        }
        feed(&mut nobody, frame, now);
        core::iter::from_fn(|| depart(&mut nobody, (local, remote), SocketSpec::default().hop_limit, now)).collect()
    }
}

/// Whether a packet goes from one host to one host: a segment from or to a group of them is not taken, nor answered, nor is
/// one from no address, or from a loopback address that came over the wire (RFC 9293, MUST-57 and MUST-63; RFC 1122,
/// 3.2.1.3).
pub(super) fn is_between_hosts(via: Via, frame: &Bytes, networks: &[IpNet]) -> bool {
    let single = |addr: IpAddr| super::stack::is_single(addr) && !networks.iter().any(|net| net.is_broadcast(addr));
    let somebody = |addr: IpAddr| !addr.is_unspecified() && (via == Via::Loopback || !addr.is_loopback());
    packet::endpoints(frame, false)
        .is_some_and(|(_, src, dst)| single(src.ip()) && single(dst.ip()) && somebody(src.ip()))
}

/// A packet arrives at a peer.
pub(super) fn feed(peer: &mut Peer, frame: &Bytes, now: Time) {
    let Some(segment) = packet::dissect(frame, false).and_then(|packet| packet.tcp().copied()) else { return };
    let text = packet::tcp_text(frame, false, segment.len).unwrap_or_default();
    peer.take(&segment, text, now);
}

/// The next packet that a peer sends; where none waits, its clock may ring first.
pub(super) fn depart(
    peer: &mut Peer,
    (local, remote): (SocketAddr, SocketAddr),
    hop_limit: u8,
    now: Time,
) -> Option<Bytes> {
    if !peer.has_departures() && peer.due().is_some_and(|at| at <= now) {
        peer.ring(now);
    }
    let Departure { segment, text } = peer.depart()?;
    packet::craft_tcp(local, remote, hop_limit, &segment, &text)
}
