//! The text and path forms of a trace written by hand.

use super::scribe::{ACK, CLIENT, PSH_ACK, SERVER, SYN, SYN_ACK, Scribe, lost_syn_ack};
use crate::base::{ActorId, Payload, RecordId, Span};
use crate::trace::{CallName, Ending, Fault, Outcome, TextOptions, Trace, What, path, preview, text};

const TEXT: &str = r#"trace     1
scenario  hand-made
title     손으로 쓴 \u{1b}[31m trace
seed      1
stack     smoltcp 0.14.0
tables    socket=02 tcp=01
node      client 10.0.0.1
node      server 10.0.0.2

       +0  client  call   client.1   socket() -> 3
       +0  client  call   client.1   connect(3, server:80) ...
       +0  client  sock   fd 3       FRESH -> CONNECTING                                       | connect
       +0  client  conn   client.1   10.0.0.1:49152 > 10.0.0.2:80
       +0  client  tcp    client.1   CLOSED -> SYN-SENT                                        | connect()
       +0  client  seg>   client.1   [0,1) SYN win=1024 mss=1460 scale=4 sack-ok               | connect()
      ~50  server  seg<   client.1   [0,1) SYN win=1024 mss=1460 scale=4 sack-ok
       +0  server  tcp    client.1   LISTEN -> SYN-RECEIVED                                    | rcv SYN
       +0  server  seg>   client.1   [0,1) SYN,ACK ack=1 win=1024 mss=1460 scale=4 sack-ok     | rcv SYN
       ~0  server  drop   client.1   [0,1) SYN,ACK                                             | wire: fault 1
    +1000  client  timer  client.1   rto after=1000
       +0  client  seg>   client.1   [0,1)'2 SYN win=1024 mss=1460 scale=4 sack-ok             | rto
      ~50  server  seg<   client.1   [0,1)'2 SYN win=1024 mss=1460 scale=4 sack-ok
       +0  server  seg>   client.1   [0,1)'2 SYN,ACK ack=1 win=1024 mss=1460 scale=4 sack-ok   | rcv SYN
      ~50  client  seg<   client.1   [0,1)'2 SYN,ACK ack=1 win=1024 mss=1460 scale=4 sack-ok
       +0  client  tcp    client.1   SYN-SENT -> ESTABLISHED                                   | rcv SYN,ACK
       +0  client  call   client.1   ... connect(3) -> ok                                      | rcv SYN,ACK
       +0  client  seg>   client.1   [1) ACK ack=1 win=16384                                   | rcv SYN,ACK
       +0  client  call   client.1   send(3, "안녕하세요", 15) -> 15
       +0  client  seg>   client.1   [1,16) PSH,ACK ack=1 len=15 win=16384                     | send()
      ~50  server  seg<   client.1   [1) ACK ack=1 win=16384
       +0  server  tcp    client.1   SYN-RECEIVED -> ESTABLISHED                               | rcv ACK of SYN
      ~50  server  seg<   client.1   [1,16) PSH,ACK ack=1 len=15 win=16384
           server  judge  client.1   no-ack: data is not acknowledged                          | RFC 9293 3.10.7.4
       +0  server  app               door: got\tit                                             | rcv data
      +60  client  call   client.1   close(3) -> ok
       +0  client  tcp    client.1   ESTABLISHED -> FIN-WAIT-1                                 | close()
       +0  client  seg>   client.1   [16,17) FIN,ACK ack=1 win=16384                           | close()
      ~50  server  seg<   client.1   [16,17) FIN,ACK ack=1 win=16384
       +0  server  tcp    client.1   ESTABLISHED -> CLOSE-WAIT                                 | rcv FIN
       +0  server  seg>   client.1   [1) ACK ack=17 win=16384                                  | rcv FIN
      ~50  client  seg<   client.1   [1) ACK ack=17 win=16384
       +0  client  tcp    client.1   FIN-WAIT-1 -> FIN-WAIT-2                                  | rcv ACK of FIN
       +0  client  call   client.1   send(3) -> EPIPE
                   end               quiet at=1260
"#;

const PATH: &str = r"path      hand-made
title     손으로 쓴 \u{1b}[31m trace

client  fd 3       FRESH > CONNECTING
client  client.1   CLOSED > SYN-SENT > ESTABLISHED > FIN-WAIT-1 > FIN-WAIT-2
server  client.1   LISTEN > SYN-RECEIVED > ESTABLISHED > CLOSE-WAIT
client  packets    sent=5 arrived=2 again=1
server  packets    sent=3 arrived=5 again=1 lost=1
server  client.1   diverges: no-ack | RFC 9293 3.10.7.4
end: quiet
";

#[test]
fn a_trace_reads_as_it_should() {
    assert_eq!(text(&lost_syn_ack(), &TextOptions::default()), TEXT);
}

#[test]
fn its_path_is_a_few_lines() {
    assert_eq!(path(&lost_syn_ack()), PATH);
}

fn layers(text: &str) -> Vec<&str> {
    let body = text.split_once("\n\n").expect("a header, then lines").1;
    body.lines().map(|line| line[19..24].trim()).collect()
}

#[test]
fn lines_are_chosen_by_host_connection_and_layer() {
    let trace = lost_syn_ack();
    let with = |hosts: &[&str], conns: &[&str], layers: &[&str]| {
        let owned = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        text(
            &trace,
            &TextOptions { hosts: owned(hosts), conns: owned(conns), layers: owned(layers), ..TextOptions::default() },
        )
    };
    let tcp = with(&["server"], &[], &["tcp"]);
    assert_eq!(layers(&tcp), ["tcp"; 3]);
    assert!(tcp.contains("+1100"), "times are between the lines that are shown:\n{tcp}");
    assert_eq!(layers(&with(&["client"], &[], &["seg>"])), ["seg>"; 5]);
    assert_eq!(layers(&with(&[], &["client.1"], &["seg", "drop"])).len(), 16);
    assert!(layers(&with(&[], &["client.2"], &[])).is_empty());
}

/// A server's twelve data segments, each acknowledged and read.
fn bulk(lost: Option<u32>) -> Trace {
    let mut it = Scribe::new();
    it.flight = Span::millis(10);
    let connect = it.call(CLIENT, CallName::Connect, "server:80", Outcome::Ok);
    it.conn(connect);
    let syn = it.send(CLIENT, connect, SYN, 0, 0, "");
    let syn = it.arrive(syn);
    let answer = it.send(SERVER, syn, SYN_ACK, 0, 1, "");
    let answer = it.arrive(answer);
    let ack = it.send(CLIENT, answer, ACK, 1, 1, "");
    let mut cause = it.arrive(ack);
    for n in 0..12 {
        let data = it.send(SERVER, cause, PSH_ACK, 1 + n * 100, 1, &"x".repeat(100));
        if lost == Some(n) {
            it.fault(data, Fault::Lost);
            continue;
        }
        let got = it.arrive(data);
        it.call(CLIENT, CallName::Recv, "", Outcome::Data(Payload::from("x".repeat(100).as_str())));
        cause = it.send(CLIENT, got, ACK, 1, 101 + n * 100, "");
        cause = it.arrive(cause);
    }
    it.trace()
}

#[test]
fn a_long_run_of_like_segments_is_one_line_each_way() {
    let text = text(&bulk(None), &TextOptions::default());
    let shown = ["call", "conn", "seg>", "seg<", "seg>", "seg<", "seg>", "seg<", "seg>", "seg<", "call", "seg>"];
    assert_eq!(layers(&text), shown);
    assert!(text.contains("client  seg>   client.1   [1) ACK ack=1 win=16384"), "it has another cause:\n{text}");
    assert!(text.contains("server  seg>   client.1   [1,1201) x12 PSH,ACK ack=1 len=1200 win=16384 over="), "{text}");
    assert!(text.contains("client  seg>   client.1   [1) x12 ACK ack=101..1201 win=16384 over="), "{text}");
    assert!(text.contains("recv(3) x12 -> 1200 over="), "{text}");
}

#[test]
fn a_loss_stays_in_sight_and_short_runs_stay() {
    let text = text(&bulk(Some(5)), &TextOptions::default());
    assert!(text.contains("client  seg<   client.1   [601,701) PSH,ACK"), "five before and six after are few:\n{text}");
    assert!(text.contains("drop   client.1   [501,601) PSH,ACK "), "{text}");
    assert!(text.contains("| wire: chance"), "{text}");
}

#[test]
fn no_control_characters_come_out() {
    assert_eq!(preview("a\r\n\u{1b}\"\\\u{202e}한국어".as_bytes(), 80), r#""a\r\n\u{1b}\"\\\u{202e}한국어""#);
    assert_eq!(preview(&[b'a', 0xff, 0xed, 0x95], 80), r#""a\xff\xed\x95""#);
    assert_eq!(preview(&[0xee, 0xbf, 0x85, 0, 1, b'w', b'\n'], 80), r#""\xee\xbf\x85\x00\x01w\x0a""#, "no text");
    let korean = "한국".as_bytes();
    assert_eq!(preview(&korean[1..5], 80), r#""\x95\x9c\xea\xb5""#, "the ends of characters");
    assert_eq!(preview(&korean[1..], 80), r#""\x95\x9c국""#);
    assert_eq!(preview("\u{efc5}".as_bytes(), 80), r#""\u{efc5}""#, "for private use");
    assert_eq!(preview(&[b'a'; 60], 8), format!("\"{}\"…", "a".repeat(8)));
    let mut trace = lost_syn_ack();
    let app = What::App { actor: ActorId(0), text: "\u{9b}31m\u{7}\n".to_owned() };
    let stuck = What::End { ending: Ending::Stuck(vec!["client\u{0}".to_owned()]) };
    for what in [app, stuck] {
        let id = RecordId(u32::try_from(trace.records.len()).expect("short"));
        trace.records.push(crate::trace::Record { id, what, ..trace.records[0].clone() });
    }
    for text in [text(&trace, &TextOptions::default()), path(&trace)] {
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    }
}
