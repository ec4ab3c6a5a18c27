//! Plans: a client and a server, what they send, and all that may go wrong on the link between them.
//!
//! A plan that fails shrinks towards the one in which nothing goes wrong: each choice has its plainest first, each fault
//! can be left out by itself, and what is drawn later does not depend on what was drawn before.

use core::ops::Range;
use drywire::base::{Limits, LinkId, NodeId, Payload, Span, Time, pattern};
use drywire::packet::Flags;
use drywire::scenario::model::{
    Action, Actor, Burst, Congestion, Cut, FaultAction, FaultRule, HostTcp, How, Lane, ModelSpec, PacketKind,
    PacketMatch, Program, SocketSpec, Step, Target, Want,
};
use drywire::scenario::{Scenario, load};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

pub(super) const CLIENT: NodeId = NodeId(0);
pub(super) const SERVER: NodeId = NodeId(1);

/// What one program sends, and how it reads.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    /// Bytes of each call of send, and how long it waits before each.
    pub(super) sends: Vec<(u32, Span)>,
    /// How long it waits before it reads.
    pub(super) reads_after: Span,
    /// Bytes of each call of recv.
    pub(super) max: u32,
}

impl Talk {
    pub(super) fn total(&self) -> u64 {
        self.sends.iter().map(|&(bytes, _)| u64::from(bytes)).sum()
    }

    /// Sends no more than so many bytes in all.
    fn keep_to(&mut self, most: u32) {
        let mut left = most;
        for (bytes, _) in &mut self.sends {
            *bytes = (*bytes).min(left);
            left -= *bytes;
        }
        self.sends.retain(|&(bytes, _)| bytes > 0);
    }
}

/// A run to be.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) client: Talk,
    pub(super) server: Talk,
    /// The server sends before it reads; what it sends then fits its send buffer, so that nobody waits in a circle.
    pub(super) at_once: bool,
    pub(super) sockets: [SocketSpec; 2],
    pub(super) lanes: [Lane; 2],
    pub(super) faults: Vec<FaultRule>,
    pub(super) cut: Option<(Span, Span)>,
    /// Whose TCP is the model peer.
    pub(super) models: [bool; 2],
}

const STAGE: &str = r#"
[hosts]
client = "10.0.0.1"
server = "10.0.0.2"

[links]
wire = { joins = ["client", "server"] }
"#;

fn step(action: Action, wait: Span) -> Step {
    Step {
        action,
        at: None,
        wait,
        after: None,
        label: None,
        on: None,
        name: None,
        nonblocking: false,
        want: Want::Anything,
        span: 0..0,
    }
}

fn sends(talk: &Talk) -> Vec<Step> {
    let mut from = 0;
    let mut one = |&(bytes, wait): &(u32, Span)| {
        let data = pattern(from, bytes.into());
        from += u64::from(bytes);
        step(Action::Send(Payload(data)), wait)
    };
    let mut steps: Vec<Step> = talk.sends.iter().map(&mut one).collect();
    steps.push(step(Action::Shutdown(How::Write), Span::ZERO));
    steps
}

fn reads(talk: &Talk) -> Step {
    step(Action::Recv { max: talk.max, whole: None, to_end: true }, talk.reads_after)
}

impl Plan {
    pub(super) fn scenario(&self) -> Scenario {
        let mut scenario = load("plan", STAGE).expect("the stage");
        for (node, sockets) in scenario.nodes.iter_mut().zip(self.sockets) {
            node.host.sockets = sockets;
        }
        for (node, model) in scenario.nodes.iter_mut().zip(self.models) {
            node.host.tcp = if model { HostTcp::Model(ModelSpec::default()) } else { HostTcp::Smoltcp };
        }
        scenario.links[0].lanes = self.lanes;
        scenario.faults.clone_from(&self.faults);
        if let Some((at, long)) = self.cut {
            let at = Time::ZERO + at;
            scenario.cuts = vec![Cut { link: LinkId(0), at, until: Some(at + long) }];
        }
        scenario.limits = Limits { events: 2_000_000, time: Span::secs(20_000), queued: 64 << 20 };
        scenario.seed = self.seed;
        let actor =
            |node: NodeId, name: &str, steps| Actor { node, name: name.into(), program: Program::Script(steps) };
        scenario.actors = vec![actor(CLIENT, "client", self.client()), actor(SERVER, "server", self.server())];
        scenario
    }

    fn client(&self) -> Vec<Step> {
        let connect = Action::Connect(Target { host: "server".into(), port: 80 });
        let mut steps = vec![step(connect, Span::ZERO)];
        steps.extend(sends(&self.client));
        steps.push(reads(&self.client));
        steps.push(step(Action::Close, Span::ZERO));
        steps
    }

    fn server(&self) -> Vec<Step> {
        let mut steps =
            vec![step(Action::Listen { port: Some(80), backlog: 8 }, Span::ZERO), step(Action::Accept, Span::ZERO)];
        let (first, second) = (sends(&self.server), vec![reads(&self.server)]);
        let (first, second) = if self.at_once { (first, second) } else { (second, first) };
        steps.extend(first);
        steps.extend(second);
        steps.push(step(Action::Close, Span::ZERO));
        steps
    }

    /// Chance has a hand in it.
    pub(super) fn is_random(&self) -> bool {
        self.lanes.iter().any(|lane| {
            lane.loss + lane.duplicate + lane.reorder + lane.corrupt > 0 || lane.burst.is_some() || lane.jitter.0 > 0
        })
    }

    /// More is sent than a window and a segment take.
    pub(super) fn is_long(&self) -> bool {
        let beyond = |talk: &Talk, peer: &SocketSpec| talk.total() > u64::from(peer.rcvbuf.max(self.lanes[0].mtu));
        beyond(&self.client, &self.sockets[1]) || beyond(&self.server, &self.sockets[0])
    }
}

fn millis(range: Range<u64>) -> impl Strategy<Value = Span> {
    range.prop_map(Span::millis)
}

fn pause() -> impl Strategy<Value = Span> {
    prop_oneof![5 => Just(Span::ZERO), 2 => millis(1..40), 1 => millis(40..2_500)]
}

fn talk() -> impl Strategy<Value = Talk> {
    let bytes = prop_oneof![2 => 1..30_u32, 3 => 30..2_000_u32, 4 => 2_000..12_000_u32];
    let max = select(vec![65_536_u32, 1_000, 100]);
    (vec((bytes, pause()), 0..5), pause(), max).prop_map(|(sends, reads_after, max)| Talk { sends, reads_after, max })
}

fn sockets() -> impl Strategy<Value = SocketSpec> {
    let congestion = select(vec![Congestion::Reno, Congestion::None, Congestion::Cubic]);
    let delayed_ack = select(vec![None, Some(Span::millis(10)), Some(Span::millis(40))]);
    let rcvbuf = select(vec![16_384_u32, 65_535, 4_000, 3_000, 1_000, 200]);
    let sndbuf = select(vec![16_384_u32, 65_535, 4_096, 500]);
    (congestion, any::<bool>(), delayed_ack, rcvbuf, sndbuf).prop_map(
        |(congestion, nagle, delayed_ack, rcvbuf, sndbuf)| SocketSpec {
            congestion,
            nagle,
            delayed_ack,
            rcvbuf,
            sndbuf,
            // Whoever waits for ever is to be seen waiting.
            user_timeout: None,
            ..SocketSpec::default()
        },
    )
}

fn chance(most: u32) -> impl Strategy<Value = u32> {
    prop_oneof![2 => Just(0), 1 => 1..most]
}

fn burst() -> impl Strategy<Value = Option<Burst>> {
    let burst = (1_000..30_000_u32, 200_000..900_000_u32, 300_000..1_000_000_u32);
    option::weighted(0.15, burst.prop_map(|(begin, end, loss)| Burst { begin, end, loss }))
}

fn lane() -> impl Strategy<Value = Lane> {
    let path = (
        select(vec![0_u64, 1, 10, 50]),
        select(vec![1_000_000_000_u64, 10_000_000, 512_000]),
        select(vec![1_u64 << 20, 16_000, 4_000]),
    );
    let odds = (chance(80_000), chance(100_000), chance(100_000), chance(50_000), burst());
    let luck = option::of((odds, millis(0..20), millis(1..40)));
    (path, luck).prop_map(|((delay, rate, queue), luck)| {
        let plain = Lane { delay: Span::millis(delay), rate, queue, ..Lane::default() };
        match luck {
            None => plain,
            Some(((loss, duplicate, reorder, corrupt, burst), jitter, reorder_by)) => {
                Lane { loss, duplicate, reorder, corrupt, burst, jitter, reorder_by, ..plain }
            }
        }
    })
}

fn kind() -> impl Strategy<Value = PacketKind> {
    prop_oneof![
        5 => Just(PacketKind::Data),
        4 => Just(PacketKind::Flags(Flags::ACK)),
        3 => Just(PacketKind::Fin),
        1 => Just(PacketKind::Flags(Flags::SYN)),
        1 => Just(PacketKind::Flags(Flags::SYN.with(Flags::ACK))),
        2 => Just(PacketKind::Tcp),
        1 => Just(PacketKind::Rst),
        1 => Just(PacketKind::Any),
    ]
}

fn packets() -> impl Strategy<Value = PacketMatch> {
    let nth = vec((1..10_u64, 1..3_u64), 1..3);
    let seq = option::weighted(0.15, (1..4_000_u64, 1..2_000_u64));
    (kind(), option::weighted(0.9, select(vec![CLIENT, SERVER])), nth, seq).prop_map(|(kind, from, nth, seq)| {
        PacketMatch {
            kind,
            from,
            link: None,
            nth: nth.into_iter().map(|(first, many)| first..first + many).collect(),
            seq: seq.map(|(first, many)| first..first + many),
        }
    })
}

fn fault() -> impl Strategy<Value = FaultRule> {
    let action = prop_oneof![
        3 => Just(FaultAction::Drop),
        2 => millis(1..3_000).prop_map(FaultAction::Delay),
        2 => Just(FaultAction::Duplicate),
        1 => Just(FaultAction::Corrupt),
        2 => packets().prop_map(FaultAction::Hold),
    ];
    (action, packets()).prop_map(|(mut action, on)| {
        // As in a scenario: what is waited for comes from where the held packet does, if nothing else is said.
        if let FaultAction::Hold(until) = &mut action {
            until.from = until.from.or(on.from);
        }
        FaultRule { action, on }
    })
}

fn faults() -> impl Strategy<Value = Vec<FaultRule>> {
    vec(option::weighted(0.35, fault()), 6).prop_map(|faults| faults.into_iter().flatten().collect())
}

/// Any plan.
pub(super) fn plan() -> impl Strategy<Value = Plan> {
    let pairs = ([sockets(), sockets()], [lane(), lane()], select(vec![1_500_u32, 576]), any::<bool>());
    let cut = option::weighted(0.15, (millis(0..3_000), millis(1..5_000)));
    let rest = (faults(), cut, 0..1_u64 << 48);
    (pairs, rest, [talk(), talk()]).prop_map(|((sockets, mut lanes, mtu, at_once), (faults, cut, seed), talks)| {
        lanes.iter_mut().for_each(|lane| lane.mtu = mtu);
        let [client, mut server] = talks;
        if at_once {
            server.keep_to(sockets[1].sndbuf);
        }
        Plan { seed, client, server, at_once, sockets, lanes, faults, cut, models: [false; 2] }
    })
}
