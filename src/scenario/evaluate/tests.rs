use super::*;
use crate::base::{ActorId, Payload, RecordId, Span};
use crate::judge::sample::{CLIENT, SERVER, Sample, ack};
use crate::packet::Flags;
use crate::scenario::model::{
    Action, Actor, Await, CountOf, Expectation, HostSpec, Node, PacketKind, Program, RecordMatch, SegmentParts,
    SeqPart, Step, Want,
};
use crate::socket_api::Errno;
use crate::tcp::State;
use crate::trace::{CallName, End, Fault, NodeKind, Outcome};

fn step(action: Action, want: Want) -> Step {
    Step {
        action,
        at: None,
        wait: Span::ZERO,
        after: None,
        label: None,
        on: None,
        name: None,
        nonblocking: false,
        want,
        span: 10..20,
    }
}

fn recv(want: Want) -> Step {
    step(Action::Recv { max: 100, whole: None, to_end: false }, want)
}

fn scenario(client: Vec<Step>) -> Scenario {
    let node = |name: &str| Node { name: name.into(), kind: NodeKind::Host, addrs: vec![], host: HostSpec::default() };
    let actor = Actor { node: CLIENT, name: "client".into(), program: Program::Script(client) };
    Scenario { nodes: vec![node("client"), node("server")], actors: vec![actor], ..Scenario::default() }
}

fn expecting(claim: Claim) -> Scenario {
    Scenario { expect: vec![Expectation { claim, span: 5..9 }], ..scenario(vec![]) }
}

fn counting(what: CountOf, many: Range<u64>) -> Scenario {
    expecting(Claim::Count { of: matching(what), is: many })
}

fn matching(what: CountOf) -> RecordMatch {
    RecordMatch { what, node: None, conn: None, packet: None, word: None }
}

fn begins(sample: &mut Sample, index: u32) {
    sample.note(CLIENT, None, What::Step { actor: ActorId(0), index });
}

fn failures(scenario: &Scenario, sample: &Sample) -> Vec<Failure> {
    evaluate(scenario, &sample.header, &sample.records, &sample.findings())
}

fn data(text: &str) -> Outcome {
    Outcome::Data(text.into())
}

#[test]
fn steps_are_held_to_what_they_want() {
    let wants = [
        (Want::Success, data("hi"), None),
        (Want::Anything, Outcome::Err(Errno::Epipe), None),
        (Want::Data("hi".into()), data("hi"), None),
        (Want::Eof, Outcome::Eof, None),
        (Want::Fails(Errno::Eagain), Outcome::Err(Errno::Eagain), None),
        (Want::Text("server:80".into()), Outcome::Addr("10.0.0.2:80".parse().unwrap()), None),
        (Want::Text("10.0.0.2:80".into()), Outcome::Addr("10.0.0.2:80".parse().unwrap()), None),
        (Want::Success, Outcome::Err(Errno::Econnreset), Some("ECONNRESET")),
        (Want::Data("hi".into()), data("ha"), Some("\"ha\"\n  ^ differs from here")),
        (Want::Data("hi".into()), Outcome::Eof, Some("end of file")),
        (Want::Eof, data("hi"), Some("\"hi\"")),
        (Want::Fails(Errno::Eagain), data("hi"), Some("\"hi\"")),
        (Want::Text("OUT".into()), Outcome::Ready("OUT|HUP".into()), Some("OUT|HUP\n   ^ differs from here")),
    ];
    for (want, outcome, wrong) in wants {
        let mut sample = Sample::new();
        begins(&mut sample, 0);
        sample.call(CLIENT, CallName::Recv, "", outcome);
        sample.end(Ending::Quiet);
        let found = evaluate(&scenario(vec![recv(want.clone())]), &sample.header, &sample.records, &[]);
        assert_eq!(found.first().map(|failure| failure.got.as_str()), wrong, "{want:?}");
        assert!(found.iter().all(|failure| failure.span == (10..20)));
    }
}

#[test]
fn a_step_takes_all_its_calls_together() {
    let mut sample = Sample::new();
    begins(&mut sample, 0);
    sample.call(CLIENT, CallName::Recv, "", data("안녕"));
    let blocked = sample.call(CLIENT, CallName::Recv, "", Outcome::Pending);
    sample.returns(blocked, data("하세요"));
    sample.end(Ending::Quiet);
    let scenario = scenario(vec![recv(Want::Data("안녕하세요".into()))]);
    let tally = satisfied(&scenario, &sample.header, &sample.records, &[]);
    assert_eq!(tally, Tally { met: 3, all: 3 }, "the step, no unknown divergence, an end by itself");
}

#[test]
fn a_step_that_waits_for_ever_and_those_behind_it_are_told() {
    let mut sample = Sample::new();
    begins(&mut sample, 0);
    sample.call(CLIENT, CallName::Recv, "", Outcome::Pending);
    sample.end(Ending::Stuck(vec!["client: recv".into()]));
    let steps = vec![recv(Want::Success), recv(Want::Eof), recv(Want::Anything), recv(Want::Success)];
    let found = evaluate(&scenario(steps), &sample.header, &sample.records, &[]);
    let messages: Vec<&str> = found.iter().map(|failure| failure.message.as_str()).collect();
    assert_eq!(
        messages,
        ["client's step 1, recv, never completed", "client's step 2, recv, never began, nor did 1 after it"]
    );
    assert_eq!(found[0].got, "recv() waits for ever");
    assert_eq!(found[1].got, "the program is at client's step 1, recv, which waits in recv()");
}

#[test]
fn a_path_is_marked_where_it_differs() {
    let mut sample = Sample::open();
    sample.end(Ending::Quiet);
    let path = |states: &[State]| Claim::Path { node: CLIENT, conn: None, end: None, states: states.to_vec() };
    let right = [State::Closed, State::SynSent, State::Established];
    assert_eq!(failures(&expecting(path(&right)), &sample), vec![]);
    let found = failures(&expecting(path(&[State::Closed, State::SynSent, State::Closed])), &sample);
    assert_eq!(found[0].span, 5..9);
    assert_eq!(found[0].expected, "CLOSED > SYN-SENT > CLOSED");
    assert_eq!(found[0].got, "CLOSED > SYN-SENT > ESTABLISHED\n                    ^ differs from here");
    let other = Claim::Path { node: SERVER, conn: Some((CLIENT, 2)), end: Some(End::Acceptor), states: right.to_vec() };
    assert_eq!(failures(&expecting(other), &sample)[0].got, "(there is no such connection)");
}

#[test]
fn records_are_counted() {
    let mut sample = Sample::open();
    let lost = sample.send(CLIENT, ack(1, 1).text(5));
    sample.fault(lost, Fault::Dropped(0));
    sample.gives(CLIENT, "hello");
    sample.later(Span::secs(1));
    sample.pass(CLIENT, ack(1, 1).text(5));
    sample.answer(SERVER, ack(1, 6));
    sample.call(SERVER, CallName::Recv, "", data("hello"));
    sample.call(SERVER, CallName::Recv, "", Outcome::Err(Errno::Eagain));
    sample.end(Ending::Quiet);
    let count = |what, many| failures(&counting(what, many), &sample);
    assert_eq!(count(CountOf::Retransmissions, 1..2), vec![]);
    assert_eq!(count(CountOf::Lost, 1..2), vec![]);
    assert_eq!(count(CountOf::Received, 5..6), vec![]);
    assert_eq!(count(CountOf::Connections, 1..2), vec![]);
    assert_eq!(count(CountOf::Sent, 6..7), vec![]);
    assert_eq!(count(CountOf::Errors, 1..u64::MAX), vec![]);
    let found = count(CountOf::Retransmissions, 2..5);
    assert_eq!((found[0].expected.as_str(), found[0].got.as_str()), ("2 to 4", "1"));
    let of = RecordMatch {
        packet: Some(PacketKind::Flags(Flags::ACK)),
        node: Some(CLIENT),
        conn: Some((CLIENT, 1)),
        ..matching(CountOf::Sent)
    };
    assert_eq!(failures(&expecting(Claim::Count { of: of.clone(), is: 1..2 }), &sample), vec![], "text is no bare ACK");
    let found = failures(&expecting(Claim::Count { of, is: 0..1 }), &sample);
    assert_eq!(found[0].message, "another number of packets sent of the kind ACK at client on client.1");
    let word = RecordMatch { word: Some("EPIPE".into()), ..matching(CountOf::Errors) };
    assert_eq!(failures(&expecting(Claim::Count { of: word, is: 1..2 }), &sample)[0].got, "0");
}

#[test]
fn time_is_taken_between_completions() {
    let mut sample = Sample::new();
    begins(&mut sample, 0);
    sample.later(Span::millis(5));
    sample.call(CLIENT, CallName::Sleep, "", Outcome::Ok);
    begins(&mut sample, 1);
    let blocked = sample.call(CLIENT, CallName::Recv, "", Outcome::Pending);
    sample.later(Span::millis(7));
    sample.returns(blocked, data("hi"));
    sample.later(Span::millis(100));
    sample.end(Ending::Quiet);
    let label = |name: &str, step: Step| Step { label: Some(name.into()), ..step };
    let steps = vec![label("nap", step(Action::Wait, Want::Success)), label("got", recv(Want::Success))];
    let claim = |from: Option<&str>, to: Option<&str>, is: Range<u64>| Scenario {
        expect: vec![Expectation {
            claim: Claim::Elapsed { from: from.map(Into::into), to: to.map(Into::into), is },
            span: 5..9,
        }],
        ..scenario(steps.clone())
    };
    let check = |claim: Scenario| evaluate(&claim, &sample.header, &sample.records, &[]);
    let millis = |n: u64| Span::millis(n).0;
    assert_eq!(check(claim(Some("nap"), Some("got"), millis(7)..millis(7) + 1)), vec![]);
    assert_eq!(check(claim(None, None, millis(12)..millis(12) + 1)), vec![]);
    let found = check(claim(None, Some("got"), 0..millis(10)));
    assert_eq!((found[0].expected.as_str(), found[0].got.as_str()), ("at most 9.999999 ms", "12 ms"));
    assert_eq!(check(claim(None, Some("no"), 0..1))[0].got, "there is no step `no`");
}

#[test]
fn an_ending_must_be_asked_for() {
    let mut sample = Sample::new();
    sample.end(Ending::EventLimit(7));
    assert_eq!(failures(&scenario(vec![]), &sample)[0].got, "event-limit: 7 events");
    assert_eq!(failures(&expecting(Claim::Ending("event-limit".into())), &sample), vec![]);
    assert_eq!(failures(&expecting(Claim::Ending("quiet".into())), &sample)[0].expected, "quiet");
}

#[test]
fn exactly_the_known_divergences_show() {
    let mut sample = Sample::new();
    sample.end(Ending::Quiet);
    let finding = Finding {
        record: RecordId(0),
        conn: None,
        rule: "early-eof",
        clause: "RFC 9293 3.6".into(),
        text: "4 of 5 bytes".into(),
    };
    let knowing =
        |rules: &[&str]| Scenario { known: rules.iter().map(|rule| (*rule).to_owned()).collect(), ..scenario(vec![]) };
    let check =
        |rules: &[&str], findings: &[Finding]| evaluate(&knowing(rules), &sample.header, &sample.records, findings);
    assert_eq!(check(&["early-eof"], &[finding.clone(), finding.clone()]), vec![]);
    let gone = check(&["early-eof", "no-timer"], std::slice::from_ref(&finding));
    assert_eq!(gone[0].message, "the known divergence `no-timer` no longer shows");
    let new = check(&[], &[finding.clone(), finding]);
    assert_eq!(new.len(), 1);
    assert_eq!(new[0].message, "a divergence from the rule `early-eof` (RFC 9293 3.6) (2 times, first in record 0)");
    assert_eq!(new[0].got, "4 of 5 bytes");
}

#[test]
fn bytes_that_are_no_text_are_shown_escaped() {
    let payload = Payload::from(bytes::Bytes::from_static(&[0xff, b'a']));
    assert_eq!(difference::quoted(&payload.0), "\"\\xffa\"");
}

#[test]
fn an_awaited_segment_is_held_to_each_part_that_is_said() {
    let mut sample = Sample::open();
    begins(&mut sample, 0);
    let arrival = sample.pass(SERVER, ack(1, 1).text(5));
    sample.call(CLIENT, CallName::Await, "", Outcome::Segment(arrival, "hello".into()));
    sample.end(Ending::Quiet);
    let got = |want: Want| {
        let action = Action::Await(Await { from: None, port: None, within: Some(Span::secs(1)) });
        let found = evaluate(&scenario(vec![step(action, want)]), &sample.header, &sample.records, &[]);
        found.first().map(|failure| (failure.expected.clone(), failure.got.clone()))
    };
    let parts = SegmentParts {
        flags: Some(Flags::ACK),
        seq: Some(SeqPart { start: 1, stop: Some(6) }),
        ack: Some(1),
        data: Some("hello".into()),
        ..SegmentParts::default()
    };
    let is = |parts: SegmentParts| got(Want::Segment(Box::new(parts)));
    assert_eq!(is(parts.clone()), None);
    assert_eq!(is(SegmentParts::default()), None);
    let (expected, came) = is(SegmentParts { ack: Some(2), ..parts.clone() }).expect("another number");
    assert_eq!(expected, "[1,6) ACK ack=2 \"hello\"");
    assert!(came.starts_with("[1,6) ACK ack=1 len=5 win=") && came.ends_with(" \"hello\""), "{came}");
    let others = [
        SegmentParts { flags: Some(Flags::FIN.with(Flags::ACK)), ..parts.clone() },
        SegmentParts { flags: Some(Flags::PSH.with(Flags::ACK)), ..parts.clone() },
        SegmentParts { seq: Some(SeqPart { start: 2, stop: None }), ..parts.clone() },
        SegmentParts { mss: Some(1460), ..parts.clone() },
        SegmentParts { data: Some("hallo".into()), ..parts },
    ];
    assert!(others.into_iter().all(|other| is(other).is_some()));
    assert_eq!(got(Want::Silence).map(|(expected, _)| expected), Some("silence".to_owned()));
}

#[test]
fn a_segment_that_does_not_come_is_missed_and_silence_is_kept() {
    let mut sample = Sample::open();
    begins(&mut sample, 0);
    sample.call(CLIENT, CallName::Await, "", Outcome::Nothing);
    sample.end(Ending::Quiet);
    let got = |want: Want| {
        let action = Action::Await(Await { from: None, port: None, within: Some(Span::secs(1)) });
        let found = evaluate(&scenario(vec![step(action, want)]), &sample.header, &sample.records, &[]);
        found.first().map(|failure| failure.got.clone())
    };
    assert_eq!(got(Want::Silence), None);
    assert_eq!(got(Want::Segment(Box::default())).as_deref(), Some("nothing within 1000 ms"));
}
