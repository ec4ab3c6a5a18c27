//! Servers and the resolver on the stub host.

use super::stub::Stub;
use super::{Asked, Resolver, Wait, serve};
use crate::base::Span;
use crate::scenario::model::{Proto, Serve, ServeApp};
use crate::socket_api::Errno;
use bytes::Bytes;

fn server(proto: Proto, app: ServeApp) -> Box<dyn super::Program> {
    serve(&Serve { proto, port: 7, backlog: 8, app })
}

#[test]
fn echo_serves_many_at_once_and_does_not_read_ahead_of_what_it_can_send() {
    let mut stub = Stub::default();
    let mut echo = server(Proto::Tcp, ServeApp::Echo);
    assert_eq!(echo.step(&mut stub), Wait::Own { until: None });
    let (slow, quick) = (stub.add(), stub.add());
    stub.at(3).queue.extend([slow, quick]);
    stub.at(slow.0).room = 2;
    stub.at(slow.0).inbox.extend([Ok(Bytes::from_static(b"hello")), Ok(Bytes::from_static(b"more"))]);
    stub.at(quick.0).inbox.push_back(Ok(Bytes::from_static(b"abc")));
    stub.at(quick.0).eof = true;
    assert_eq!(echo.step(&mut stub), Wait::Own { until: None });
    assert_eq!(stub.at(slow.0).inbox.len(), 1, "back-pressure");
    assert!(stub.said().contains(&format!("close {}", quick.0)), "the peer had closed");
    stub.at(slow.0).room = 100;
    echo.step(&mut stub);
    assert_eq!(stub.at(slow.0).sent, b"hellomore");
}

#[test]
fn source_sends_so_much_then_closes_and_reads_what_it_is_told() {
    let mut stub = Stub::default();
    let mut source = server(Proto::Tcp, ServeApp::Source(40_000));
    source.step(&mut stub);
    let client = stub.add();
    stub.at(3).queue.push_back(client);
    stub.at(client.0).room = 30_000;
    stub.at(client.0).inbox.push_back(Ok(Bytes::from_static(b"ignored")));
    source.step(&mut stub);
    assert_eq!(stub.at(client.0).sent.len(), 30_000);
    assert!(stub.at(client.0).inbox.is_empty());
    stub.at(client.0).room = 30_000;
    let before = stub.at(client.0).sent.clone();
    assert_eq!(before[29_998..], *crate::base::pattern(29_998, 2));
    source.step(&mut stub);
    assert_eq!(stub.said().last(), Some(&format!("close {}", client.0)));
}

#[test]
fn sink_closes_after_an_error_as_after_the_end() {
    let mut stub = Stub::default();
    let mut sink = server(Proto::Tcp, ServeApp::Sink);
    sink.step(&mut stub);
    let client = stub.add();
    stub.at(3).queue.push_back(client);
    stub.at(client.0).inbox.extend([Ok(Bytes::from_static(b"x")), Err(Errno::Econnreset)]);
    sink.step(&mut stub);
    assert!(!stub.sockets.contains_key(&client));
}

#[test]
fn udp_echo_answers_the_sender() {
    let mut stub = Stub::default();
    let mut echo = server(Proto::Udp, ServeApp::Echo);
    echo.step(&mut stub);
    stub.at(3).inbox.push_back(Ok(Bytes::from_static(b"ping")));
    echo.step(&mut stub);
    assert_eq!(stub.said()[2..], ["recvfrom 3", "sendto 3 10.0.0.9:9999 4"]);
}

#[test]
fn a_server_that_cannot_bind_says_so() {
    let mut stub = Stub { refuse_bind: Some(Errno::Eaddrinuse), ..Stub::default() };
    assert_eq!(server(Proto::Tcp, ServeApp::Echo).step(&mut stub), Wait::Done);
    assert_eq!(stub.said().last().map(String::as_str), Some("say cannot serve port 7: EADDRINUSE"));
}

fn resolver(stub: &mut Stub) -> Resolver {
    let server = "10.0.0.53:53".parse().expect("an address");
    stub.dns = Some(server);
    Resolver::new("Server", server)
}

#[test]
fn the_resolver_asks_three_times_and_gives_up() {
    let mut stub = Stub::default();
    let mut resolver = resolver(&mut stub);
    for _ in 0..3 {
        assert!(matches!(resolver.step(&mut stub), Asked::Wait(_)));
        assert!(matches!(resolver.step(&mut stub), Asked::Wait(_)), "a step with nothing new is harmless");
        stub.pass(Span::secs(5));
    }
    assert_eq!(resolver.step(&mut stub), Asked::Failed(Errno::Etryagain));
    assert_eq!(stub.said().iter().filter(|said| said.starts_with("send ")).count(), 3);
    assert!(stub.sockets.is_empty(), "its socket is closed");
}

#[test]
fn the_resolver_falls_back_to_ipv6_and_knows_a_name_that_does_not_exist() {
    let mut stub = Stub::default();
    let v6 = "2001:db8::2".parse().expect("an address");
    let table = super::dns::Table::new(&[("server".to_owned(), vec![v6])].into());
    let mut asking = resolver(&mut stub);
    asking.step(&mut stub);
    let question = stub.at(3).last.clone();
    stub.at(3).inbox.extend([Ok(Bytes::from_static(b"garbage")), Ok(table.answer(&question).expect("a reply"))]);
    assert!(matches!(asking.step(&mut stub), Asked::Wait(_)), "no IPv4 address: asks for IPv6");
    let question = stub.at(3).last.clone();
    stub.at(3).inbox.push_back(Ok(table.answer(&question).expect("a reply")));
    assert_eq!(asking.step(&mut stub), Asked::Found(vec![v6]));

    let nobody = super::dns::Table::new(&[].into());
    let mut asking = resolver(&mut stub);
    asking.step(&mut stub);
    let question = stub.at(4).last.clone();
    stub.at(4).inbox.push_back(Ok(nobody.answer(&question).expect("a reply")));
    assert_eq!(asking.step(&mut stub), Asked::Failed(Errno::Enoname));
}

#[test]
fn a_refused_question_is_not_waited_for() {
    let mut stub = Stub::default();
    let mut asking = resolver(&mut stub);
    for _ in 0..3 {
        asking.step(&mut stub);
        stub.at(3).inbox.push_back(Err(Errno::Econnrefused));
    }
    assert_eq!(asking.step(&mut stub), Asked::Failed(Errno::Etryagain));
    assert_eq!(stub.now.0, 0);
}
