//! Two peers and a pipe between them that may lose, repeat and hold back; and single peers with crafted segments.

use super::{Clock, Departure, Peer, Settings, Signal, Until};
use crate::base::{Span, Time};
use crate::machine::Step;
use crate::packet::{Flags, Segment};
use crate::tcp::{Input, Refusal, State};
use bytes::Bytes;
use proptest::prelude::*;

const MS: u64 = 1_000_000;
const FLIGHT: Span = Span::millis(10);

fn at(ms: u64) -> Time {
    Time(ms * MS)
}

/// Two ends; what departs arrives 10 ms later, unless `fate` says otherwise.
struct Pair {
    now: Time,
    ends: [Peer; 2],
    flying: Vec<(Time, u64, usize, Departure)>,
    count: u64,
    got: [Vec<u8>; 2],
    reads: [bool; 2],
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Fate {
    Arrives,
    Lost,
    Twice,
    Late,
}

impl Pair {
    fn new(settings: Settings) -> Pair {
        let ends = [Peer::new(settings), Peer::new(Settings { isn: u32::MAX - 3, ..settings })];
        Pair { now: Time::ZERO, ends, flying: Vec::new(), count: 0, got: [Vec::new(), Vec::new()], reads: [true; 2] }
    }

    fn open(settings: Settings) -> Pair {
        let mut pair = Pair::new(settings);
        pair.ends[1].open_passive(Time::ZERO).unwrap();
        pair.ends[0].open_active(Time::ZERO).unwrap();
        pair.run(at(100), |_| Fate::Arrives);
        pair
    }

    fn states(&self) -> [State; 2] {
        [self.ends[0].state(), self.ends[1].state()]
    }

    fn collect(&mut self, fate: &mut impl FnMut(u64) -> Fate) {
        for from in [0, 1] {
            while let Some(departure) = self.ends[from].depart() {
                self.count += 1;
                let flights: &[Span] = match fate(self.count) {
                    Fate::Arrives => &[FLIGHT],
                    Fate::Lost => &[],
                    Fate::Twice => &[FLIGHT, Span::millis(17)],
                    Fate::Late => &[Span::millis(25)],
                };
                for &flight in flights {
                    self.flying.push((self.now + flight, self.count, 1 - from, departure.clone()));
                }
            }
            if self.reads[from] {
                let data = self.ends[from].take_delivered(usize::MAX, self.now);
                self.got[from].extend(&data);
            }
        }
    }

    /// Runs until nothing is to happen, or that time has come.
    fn run(&mut self, until: Time, mut fate: impl FnMut(u64) -> Fate) {
        loop {
            self.collect(&mut fate);
            self.collect(&mut fate);
            self.flying.sort_by_key(|(at, n, ..)| (*at, *n));
            let arrival = self.flying.first().map(|(at, ..)| *at);
            let due = self.ends.iter().filter_map(Peer::due).min();
            let Some(next) = [arrival, due].into_iter().flatten().min().filter(|next| *next <= until) else { return };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                let (_, _, to, departure) = self.flying.remove(0);
                self.ends[to].take(&departure.segment, &departure.text, self.now);
            } else {
                self.ends.iter_mut().filter(|end| end.due() == Some(next)).for_each(|end| end.ring(next));
            }
        }
    }
}

fn arrives(_: u64) -> Fate {
    Fate::Arrives
}

#[test]
fn a_whole_life() {
    let mut pair = Pair::open(Settings::default());
    assert_eq!(pair.states(), [State::Established; 2]);
    let now = pair.now;
    pair.ends[0].send(b"question", now).unwrap();
    pair.run(at(200), arrives);
    assert_eq!(pair.got[1], b"question");
    let now = pair.now;
    pair.ends[0].close(now).unwrap();
    pair.run(at(300), arrives);
    assert_eq!(pair.states(), [State::FinWait2, State::CloseWait]);
    let now = pair.now;
    pair.ends[1].send(b"answer", now).unwrap();
    pair.ends[1].close(now).unwrap();
    pair.run(at(400), arrives);
    assert_eq!(pair.got[0], b"answer");
    assert_eq!(pair.states(), [State::TimeWait, State::Closed]);
    pair.run(at(400_000), arrives);
    assert_eq!(pair.states(), [State::Closed; 2]);
    assert_eq!(pair.now.since(now), Span::millis(240_010), "2MSL from the peer's FIN");
}

#[test]
fn both_open_and_both_close_at_once() {
    let mut pair = Pair::new(Settings::default());
    pair.ends[0].open_active(Time::ZERO).unwrap();
    pair.ends[1].open_active(Time::ZERO).unwrap();
    pair.run(at(12), arrives);
    assert_eq!(pair.states(), [State::SynReceived; 2]);
    pair.run(at(100), arrives);
    assert_eq!(pair.states(), [State::Established; 2]);
    let now = pair.now;
    pair.ends[0].close(now).unwrap();
    pair.ends[1].close(now).unwrap();
    pair.run(now + Span::millis(12), arrives);
    assert_eq!(pair.states(), [State::Closing; 2]);
    pair.run(at(200), arrives);
    assert_eq!(pair.states(), [State::TimeWait; 2]);
}

#[test]
fn text_waits_for_the_connection_to_be_open() {
    let mut pair = Pair::new(Settings::default());
    pair.ends[1].open_passive(Time::ZERO).unwrap();
    pair.ends[0].open_passive(Time::ZERO).unwrap();
    pair.ends[0].send(b"early", Time::ZERO).unwrap();
    assert_eq!(pair.ends[0].state(), State::SynSent);
    pair.run(at(100), arrives);
    assert_eq!((pair.states(), pair.got[1].as_slice()), ([State::Established; 2], &b"early"[..]));
}

#[test]
fn a_syn_is_tried_for_three_minutes_and_text_for_a_hundred_seconds() {
    let mut pair = Pair::new(Settings::default());
    pair.ends[0].open_active(Time::ZERO).unwrap();
    pair.run(at(600_000), |_| Fate::Lost);
    assert_eq!((pair.states()[0], pair.now), (State::Closed, at(183_000)));
    assert_eq!((pair.ends[0].signal(), pair.ends[0].rang()), (Some(Signal::Timeout), Some(Clock::Retransmission)));

    let mut pair = Pair::open(Settings::default());
    let begun = pair.now;
    pair.ends[0].send(b"lost", begun).unwrap();
    pair.run(at(600_000), |_| Fate::Lost);
    assert_eq!(pair.states(), [State::Closed, State::Established]);
    assert_eq!(pair.now.since(begun), Span::secs(1 + 2 + 4 + 8 + 16 + 32 + 60));
}

#[test]
fn the_timer_of_the_syn_stops_with_its_acknowledgment() {
    let mut pair = Pair::open(Settings::default());
    assert_eq!([pair.ends[0].due(), pair.ends[1].due()], [None, None]);
    pair.reads = [false; 2];
    pair.ends[0].send(b"text", at(900)).unwrap();
    pair.ends[0].depart();
    assert_eq!(pair.ends[0].due(), Some(at(1_900)), "a second after the text, not after the SYN");
}

#[test]
fn after_a_syn_that_was_repeated_the_timer_begins_with_three_seconds() {
    let mut pair = Pair::new(Settings::default());
    pair.ends[1].open_passive(Time::ZERO).unwrap();
    pair.ends[0].open_active(Time::ZERO).unwrap();
    pair.run(at(2_000), |n| if n == 1 { Fate::Lost } else { Fate::Arrives });
    assert_eq!(pair.states(), [State::Established; 2]);
    pair.ends[0].send(b"text", at(2_000)).unwrap();
    assert_eq!(pair.ends[0].due(), Some(at(5_000)), "RFC 6298, 5.7");
}

#[test]
fn a_user_gives_up_in_every_state() {
    let settings = Settings { user_timeout: Some(Span::secs(5)), ..Settings::default() };
    let mut peer = Peer::new(settings);
    peer.open_passive(Time::ZERO).unwrap();
    assert_eq!(peer.due(), None, "a listener waits for ever");
    peer.allow(Span::secs(2), Until::Open, Time::ZERO);
    peer.ring(at(2_000));
    assert_eq!((peer.state(), peer.rang()), (State::Closed, Some(Clock::UserTimeout)));

    let mut pair = Pair::open(settings);
    let begun = pair.now;
    pair.ends[0].close(begun).unwrap();
    pair.run(at(600_000), |_| Fate::Lost);
    assert_eq!((pair.states()[0], pair.now.since(begun)), (State::Closed, Span::secs(5)));
}

#[test]
fn a_window_that_is_shut_is_probed_for_as_long_as_it_is_answered() {
    let mut pair = Pair::open(Settings { rcvbuf: 1_000, ..Settings::default() });
    pair.reads = [true, false];
    let data: Vec<u8> = (0..3_000_u32).map(|n| n as u8).collect();
    let now = pair.now;
    pair.ends[0].send(&data, now).unwrap();
    pair.run(at(1_000_000), arrives);
    assert_eq!(pair.states(), [State::Established; 2]);
    assert_eq!(pair.ends[1].readable(), 1_000);
    pair.reads = [true, true];
    pair.run(at(1_100_000), arrives);
    assert_eq!(pair.got[1], data);
}

#[test]
fn a_window_is_never_moved_back_nor_opened_by_a_little() {
    let mut pair = Pair::open(Settings { rcvbuf: 1_000, mss: 400, ..Settings::default() });
    pair.reads = [true, false];
    let now = pair.now;
    pair.ends[0].send(&[7; 2_000], now).unwrap();
    pair.run(at(900), arrives);
    assert_eq!(pair.ends[1].readable(), 1_000);
    assert_eq!(pair.ends[1].receive(399, at(900)).unwrap().len(), 399);
    assert!(!pair.ends[1].has_departures(), "less than a segment is no window");
    assert_eq!(pair.ends[1].receive(1, at(900)).unwrap().len(), 1);
    assert_eq!(pair.ends[1].depart().unwrap().segment.window, 400);
}

#[test]
fn small_text_waits_for_an_acknowledgment() {
    let mut pair = Pair::open(Settings::default());
    let now = pair.now;
    for text in ["a", "b", "c"] {
        pair.ends[0].send(text.as_bytes(), now).unwrap();
    }
    let sizes: Vec<u32> = core::iter::from_fn(|| pair.ends[0].depart()).map(|one| one.segment.len).collect();
    assert_eq!(sizes, [1]);
    let mut pair = Pair::open(Settings { nagle: false, ..Settings::default() });
    for text in ["a", "b", "c"] {
        pair.ends[0].send(text.as_bytes(), now).unwrap();
    }
    assert_eq!(core::iter::from_fn(|| pair.ends[0].depart()).count(), 3);
}

#[test]
fn text_too_small_for_a_segment_is_sent_after_a_while() {
    let mut pair = Pair::open(Settings { rcvbuf: 1_000, mss: 400, ..Settings::default() });
    pair.reads = [true, false];
    let now = pair.now;
    pair.ends[0].send(&[7; 1_200], now).unwrap();
    // 400, 400, and after their acknowledgment the window has room for 200 of the last 400.
    pair.run(at(1_000), arrives);
    assert_eq!(pair.ends[1].readable(), 1_000);
}

fn only(peer: &mut Peer) -> Segment {
    let segment = peer.depart().expect("a segment").segment;
    assert!(!peer.has_departures());
    segment
}

fn segment(seq: u32, ack: u32, flags: Flags) -> Segment {
    Segment { seq, ack, flags, window: 4_000, ..Segment::default() }
}

/// Open, as the end that was called: ISS is 100, IRS is 900.
fn accepted(settings: Settings) -> Peer {
    let mut peer = Peer::new(Settings { isn: 100, ..settings });
    peer.open_passive(Time::ZERO).unwrap();
    peer.take(&segment(900, 0, Flags::SYN), &[], Time::ZERO);
    let answer = only(&mut peer);
    assert_eq!((answer.seq, answer.ack, answer.mss), (100, 901, Some(settings.mss)));
    peer.take(&segment(901, 101, Flags::ACK), &[], Time::ZERO);
    assert_eq!((peer.state(), peer.has_departures()), (State::Established, false));
    peer
}

#[test]
fn what_comes_to_nobody_is_refused() {
    let mut peer = Peer::new(Settings::default());
    peer.take(&segment(5, 77, Flags::ACK), &[], Time::ZERO);
    assert_eq!(only(&mut peer), Segment { seq: 77, flags: Flags::RST, ..Segment::default() });
    peer.take(&segment(5, 0, Flags::SYN), &[], Time::ZERO);
    let answer = only(&mut peer);
    assert_eq!((answer.seq, answer.ack, answer.flags), (0, 6, Flags::RST.with(Flags::ACK)));
    peer.take(&segment(5, 0, Flags::RST), &[], Time::ZERO);
    assert!(!peer.has_departures());
    assert_eq!(peer.send(b"x", Time::ZERO), Err(Refusal::DoesNotExist));
}

#[test]
fn a_listener_listens_again_after_a_reset() {
    let mut peer = Peer::new(Settings::default());
    peer.open_passive(Time::ZERO).unwrap();
    peer.take(&segment(900, 0, Flags::SYN), &[], Time::ZERO);
    peer.take(&segment(901, 0, Flags::RST), &[], Time::ZERO);
    assert_eq!((peer.state(), peer.due()), (State::Listen, None));
    peer.depart();
    peer.take(&segment(50, 0, Flags::SYN), &[], at(4));
    assert_eq!(only(&mut peer).ack, 51);
}

#[test]
fn close_in_syn_received_waits_for_what_is_queued() {
    let open = |text: &[u8]| {
        let mut peer = Peer::new(Settings { isn: 100, ..Settings::default() });
        peer.open_passive(Time::ZERO).unwrap();
        peer.take(&segment(900, 0, Flags::SYN), &[], Time::ZERO);
        only(&mut peer);
        peer.send(text, Time::ZERO).unwrap();
        peer.close(Time::ZERO).unwrap();
        peer
    };
    let mut peer = open(b"");
    assert_eq!((peer.state(), only(&mut peer).flags), (State::FinWait1, Flags::ACK.with(Flags::FIN)));
    let mut peer = open(b"text");
    assert_eq!((peer.state(), peer.has_departures()), (State::SynReceived, false));
    peer.take(&segment(901, 101, Flags::ACK), &[], Time::ZERO);
    assert_eq!(peer.state(), State::FinWait1);
    let sent = only(&mut peer);
    assert_eq!((sent.len, sent.flags), (4, Flags::ACK.with(Flags::FIN).with(Flags::PSH)));
}

#[test]
fn text_before_the_fin_is_acknowledged_in_last_ack_too() {
    let mut peer = accepted(Settings { mss: 3, ..Settings::default() });
    peer.take(&segment(901, 101, Flags::ACK.with(Flags::FIN)), &[], at(1));
    only(&mut peer);
    peer.send(b"abcdef", at(1)).unwrap();
    peer.close(at(1)).unwrap();
    assert_eq!((peer.state(), core::iter::from_fn(|| peer.depart()).count()), (State::LastAck, 3));
    peer.take(&segment(902, 104, Flags::ACK), &[], at(2));
    assert_eq!((peer.send_queue(), peer.has_departures()), (3, false));
    peer.take(&segment(902, 108, Flags::ACK), &[], at(2));
    assert_eq!(peer.state(), State::Closed);
}

#[test]
fn challenges_are_throttled() {
    let mut peer = accepted(Settings::default());
    for _ in 0..30 {
        peer.take(&segment(905, 0, Flags::RST), &[], at(1));
    }
    assert_eq!(core::iter::from_fn(|| peer.depart()).count(), 10);
    peer.take(&segment(905, 0, Flags::SYN), &[], at(5_001));
    assert_eq!(only(&mut peer), Segment { mss: None, window: 16_384, ..segment(101, 901, Flags::ACK) });
    let mut legacy = accepted(Settings { rfc793: true, ..Settings::default() });
    legacy.take(&segment(905, 0, Flags::SYN), &[], at(1));
    assert_eq!((legacy.state(), only(&mut legacy).flags), (State::Closed, Flags::RST));
}

#[test]
fn text_out_of_order_is_held_and_a_window_taken_from_the_newest_alone() {
    let mut peer = accepted(Settings::default());
    let text = |seq: u32, len: u32| Segment { len, ..segment(seq, 101, Flags::ACK) };
    peer.take(&text(904, 3), b"def", at(1));
    assert_eq!((only(&mut peer).ack, peer.readable()), (901, 0));
    peer.take(&text(901, 3), b"abc", at(1));
    assert_eq!(only(&mut peer).ack, 907);
    assert_eq!(peer.receive(9, at(1)).unwrap(), Bytes::from_static(b"abcdef"));
    let edges: Vec<Input> = peer.edges().iter().map(|edge| edge.input).collect();
    assert_eq!(edges[edges.len() - 3..], [Input::TextAhead, Input::Text, Input::Receive]);
}

#[test]
fn time_wait_reopens_for_a_new_incarnation() {
    let mut peer = accepted(Settings::default());
    peer.close(Time::ZERO).unwrap();
    only(&mut peer);
    peer.take(&segment(901, 102, Flags::ACK.with(Flags::FIN)), &[], at(1));
    assert_eq!((peer.state(), only(&mut peer).ack), (State::TimeWait, 902));
    peer.take(&segment(902, 0, Flags::SYN), &[], at(2));
    assert_eq!((peer.state(), only(&mut peer).ack), (State::TimeWait, 902), "an old number");
    peer.take(&segment(903, 0, Flags::SYN), &[], at(2));
    let answer = only(&mut peer);
    assert_eq!((peer.state(), answer.ack, answer.seq.wrapping_sub(102) < 1 << 31), (State::SynReceived, 904, true));
    peer.take(&segment(904, answer.seq + 1, Flags::ACK), &[], at(3));
    assert_eq!(peer.state(), State::Established);
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Arrives),
        2 => Just(Fate::Lost),
        1 => Just(Fate::Twice),
        2 => Just(Fate::Late),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever the pipe does for a while, all arrives once it has healed, in order, and both ends are done; unless one
    /// gave up before.
    #[test]
    fn all_arrives_and_both_ends_close(
        fates in prop::collection::vec(fate(), 0..60),
        sizes in (0_usize..6_000, 0_usize..6_000),
        (mss, rcvbuf, nagle) in (1_u16..1_500, 1_usize..5_000, any::<bool>()),
    ) {
        let settings = Settings { mss, rcvbuf, nagle, ..Settings::default() };
        let mut pair = Pair::new(settings);
        let data = [vec![1_u8; sizes.0], (0..sizes.1).map(|n| n as u8).collect::<Vec<_>>()];
        pair.ends[1].open_passive(Time::ZERO).unwrap();
        pair.ends[0].open_active(Time::ZERO).unwrap();
        let mut fate = |count: u64| fates.get(count as usize).copied().unwrap_or(Fate::Arrives);
        pair.run(at(60_000), &mut fate);
        for (end, data) in data.iter().enumerate() {
            let now = pair.now;
            prop_assert_eq!(pair.ends[end].send(data, now), Ok(data.len()));
            prop_assert_eq!(pair.ends[end].close(now), Ok(()));
        }
        pair.run(at(100_000_000), &mut fate);
        // So many losses in a row that an end gives up (R2) leave the other one alone.
        let gave_up = |end: &mut Peer| end.edges().iter().any(|edge| edge.input == Input::R2Exceeded);
        prop_assume!(!pair.ends.iter_mut().any(gave_up));
        prop_assert_eq!(pair.states(), [State::Closed; 2]);
        prop_assert!(pair.got[1] == data[0] && pair.got[0] == data[1]);
    }

    /// No segments, calls and times in any order make it panic, or leave the table.
    #[test]
    fn nothing_makes_it_panic(
        steps in prop::collection::vec((0..9u8, 0..64u8, 0..14u32, 0..14u32, 0..6u32, 0..8u16), 1..60),
    ) {
        let mut peer = Peer::new(Settings { isn: u32::MAX - 3, rcvbuf: 5, sndbuf: 4, ..Settings::default() });
        let near = |n: u32| (u32::MAX - 5).wrapping_add(n);
        for (number, (what, bits, seq, ack, len, window)) in steps.into_iter().enumerate() {
            let now = Time(number as u64);
            let text = vec![b'x'; len as usize];
            match what {
                0 => drop(peer.open_passive(now)),
                1 => drop(peer.open_active(now)),
                2 => drop(peer.send(&text, now)),
                3 => drop(peer.receive(2, now)),
                4 => drop(peer.close(now)),
                5 if bits == 0 => drop(peer.abort(now)),
                6 if bits < 30 => {
                    let due = peer.due().unwrap_or(now);
                    peer.ring(due);
                }
                _ => {
                    let segment =
                        Segment { seq: near(seq), ack: near(ack), flags: Flags(bits), window, len, ..Segment::default() };
                    peer.take(&segment, &text, now);
                }
            }
            while peer.depart().is_some() {}
            for edge in peer.edges() {
                prop_assert!(edge.step != Step::Never);
            }
        }
    }
}
