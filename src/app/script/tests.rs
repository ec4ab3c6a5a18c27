//! Scripts on the stub host.

use super::Script;
use crate::app::stub::Stub;
use crate::app::{Program, Wait};
use crate::base::{Fd, Payload, Span, Time};
use crate::scenario::model::{Action, Proto, Step, Target, Want};
use crate::socket_api::{Errno, Readiness};
use bytes::Bytes;

fn step(action: Action) -> Step {
    Step {
        action,
        at: None,
        wait: Span::ZERO,
        after: None,
        label: None,
        on: None,
        name: None,
        nonblocking: false,
        want: Want::Success,
        span: 0..0,
    }
}

/// As the world does it: stepped again for as long as what it waits for is the present.
fn run(script: &mut Script, stub: &mut Stub) -> Wait {
    loop {
        let wait = script.step(stub);
        if wait != Wait::until(stub.now) {
            return wait;
        }
    }
}

fn to(host: &str, port: u16) -> Target {
    Target { host: host.to_owned(), port }
}

fn connect() -> Step {
    step(Action::Connect(to("10.0.0.2", 80)))
}

fn recv(whole: Option<u32>, to_end: bool) -> Step {
    step(Action::Recv { max: 100, whole, to_end })
}

#[test]
fn a_client_connects_sends_all_and_reads_to_the_end() {
    let mut stub = Stub::default();
    let send = step(Action::Send(Payload::from("0123456789")));
    let mut script = Script::new(vec![connect(), send, recv(None, true), step(Action::Close)]);
    assert_eq!(run(&mut script, &mut stub), Wait::on(Fd(3), Readiness::OUT));
    assert_eq!(stub.said(), ["step 0", "socket Tcp -> 3", "connect 3 10.0.0.2:80"]);
    stub.at(3).connected = Some(Ok(()));
    stub.at(3).room = 4;
    assert_eq!(run(&mut script, &mut stub), Wait::on(Fd(3), Readiness::OUT));
    assert_eq!(stub.said(), ["finish_connect 3", "step 1", "send 3 4 of 10", "send 3 0 of 6"]);
    stub.at(3).room = 100;
    assert_eq!(run(&mut script, &mut stub), Wait::on(Fd(3), Readiness::IN));
    assert_eq!(stub.at(3).sent, b"0123456789");
    stub.at(3).inbox.push_back(Ok(Bytes::from_static(b"hi")));
    stub.at(3).eof = true;
    stub.said();
    assert_eq!(run(&mut script, &mut stub), Wait::Done);
    assert_eq!(stub.said(), ["recv 3 100", "recv 3 100", "step 3", "close 3"]);
}

#[test]
fn a_server_takes_several_clients_from_one_listener() {
    let mut stub = Stub::default();
    let listen = step(Action::Listen { port: Some(80), backlog: 5 });
    let mut second = step(Action::Accept);
    second.name = Some("second".to_owned());
    let mut on_second = recv(Some(3), false);
    on_second.on = Some("second".to_owned());
    let mut script = Script::new(vec![listen, step(Action::Accept), second, step(Action::Close), on_second]);
    assert_eq!(run(&mut script, &mut stub), Wait::on(Fd(3), Readiness::IN));
    assert_eq!(stub.said()[1..], ["socket Tcp -> 3", "bind 3 80", "listen 3 5", "step 1", "accept 3"]);
    let clients = [stub.add(), stub.add()];
    stub.at(3).queue.extend(clients);
    assert_eq!(run(&mut script, &mut stub), Wait::Done);
    let said = ["accept 3", "step 2", "accept 3", "step 3", "close 5", "step 4", "recv 5 3"];
    assert_eq!(stub.said(), said, "close means the latest; a closed name is still its descriptor");
}

#[test]
fn what_fails_is_left_and_the_script_goes_on() {
    let mut stub = Stub { refuse_bind: Some(Errno::Eaddrinuse), ..Stub::default() };
    let listen = step(Action::Listen { port: Some(80), backlog: 5 });
    let mut nonblocking = recv(None, false);
    nonblocking.nonblocking = true;
    let mut script = Script::new(vec![listen, nonblocking, step(Action::Resolve("nobody".to_owned()))]);
    assert_eq!(run(&mut script, &mut stub), Wait::Done);
    let said = ["step 0", "socket Tcp -> 3", "bind 3 80", "step 1", "non-blocking", "recv 3 100", "step 2"];
    let failed = "called getaddrinfo nobody Err(Enoname)";
    assert_eq!(stub.said(), said.into_iter().chain([failed]).collect::<Vec<_>>());
}

#[test]
fn a_refused_connect_gets_a_new_socket_the_next_time() {
    let mut stub = Stub::default();
    let mut script = Script::new(vec![connect(), connect()]);
    run(&mut script, &mut stub);
    stub.at(3).connected = Some(Err(Errno::Econnrefused));
    assert_eq!(run(&mut script, &mut stub), Wait::on(Fd(4), Readiness::OUT));
}

#[test]
fn steps_wait_for_times_and_labels() {
    let mut stub = Stub::default();
    let mut first = step(Action::Wait);
    (first.at, first.label) = (Some(Time(5)), Some("first".to_owned()));
    let mut second = step(Action::Socket(Proto::Udp));
    (second.after, second.wait) = (Some("other".to_owned()), Span(20));
    let mut script = Script::new(vec![first, second]);
    assert_eq!(run(&mut script, &mut stub), Wait::until(Time(5)));
    stub.pass(Span(5));
    assert_eq!(run(&mut script, &mut stub), Wait::Label("other".to_owned()));
    assert!(stub.labels.contains("first"));
    stub.pass(Span(10));
    stub.labels.insert("other".to_owned());
    assert_eq!(run(&mut script, &mut stub), Wait::until(Time(25)), "20 after the step before");
    assert_eq!(stub.said(), ["step 0"], "a step begins when its time has come");
    stub.pass(Span(10));
    assert_eq!(run(&mut script, &mut stub), Wait::Done);
}

#[test]
fn a_name_is_asked_for_before_connecting() {
    let mut stub = Stub { dns: Some("10.0.0.53:53".parse().expect("an address")), ..Stub::default() };
    let mut script = Script::new(vec![step(Action::Connect(to("server", 80)))]);
    let five = Wait::On { ready: vec![(Fd(3), Readiness::IN)], until: Some(Time::ZERO + Span::secs(5)) };
    assert_eq!(run(&mut script, &mut stub), five);
    let question = stub.at(3).last.clone();
    let names = [("server".to_owned(), vec!["10.0.0.2".parse().expect("an address")])].into();
    let answer = crate::app::dns::Table::new(&names).answer(&question).expect("an answer");
    stub.at(3).inbox.push_back(Ok(answer));
    assert_eq!(run(&mut script, &mut stub), Wait::on(Fd(4), Readiness::OUT));
    let said = stub.said();
    assert_eq!(said[1], "enter getaddrinfo server");
    assert_eq!(
        said[said.len() - 4..],
        ["close 3", "leave Addr(10.0.0.2:80)", "socket Tcp -> 4", "connect 4 10.0.0.2:80"]
    );
}
