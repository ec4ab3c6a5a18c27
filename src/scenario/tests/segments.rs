//! Scripted peers in the language, and from Rust.

use super::super::*;
use crate::base::Span;
use crate::packet::Flags;

const GOOD: &str = r#"
[hosts]
peer = { ip = "10.0.0.1", tcp = "script" }
server = "10.0.0.2"

[links]
wire = { joins = ["peer", "server"] }

[run]
steps = [
  { server = "listen", port = 80 },
  { peer = "segment", to = "server:80", port = 4000, flags = "SYN", seq = "[0,1)", mss = 1460, sack-ok = true },
  { peer = "await", flags = "SYN,ACK", seq = "[0,1)", ack = 1, within = "1 s" },
  { peer = "segment", flags = "RST", seq = "[1)", checksum = "bad" },
  { peer = "await", silence = "2 s" },
]
"#;

/// The first error where a part is replaced: message, the text that it stands at, help.
fn spoiled(part: &str, by: &str) -> (String, String, String) {
    assert!(GOOD.contains(part), "{part}");
    let errors = load("s.toml", &GOOD.replacen(part, by, 1)).map(|_| ()).unwrap_err();
    let error = &errors.list[0];
    (error.message.clone(), errors.text[error.span.clone()].to_owned(), error.help.clone())
}

#[test]
fn rust_says_what_a_file_says() {
    let built = Builder::new("s")
        .host_with("peer", &["10.0.0.1"], |host| host.scripted())
        .host("server", "10.0.0.2")
        .link("wire", "peer", "server", |link| link)
        .step("server", step::listen(80))
        .step("peer", step::segment(Flags::SYN).to("server:80").port(4000).seq("[0,1)").mss(1460).sack_ok(true))
        .step("peer", step::await_segment(Flags::SYN.with(Flags::ACK)).seq("[0,1)").ack(1).within(Span::secs(1)))
        .step("peer", step::segment(Flags::RST).seq("[1)").bad_checksum())
        .step("peer", step::silence(Span::secs(2)))
        .build()
        .unwrap_or_else(|errors| panic!("{errors}"));
    let read = load("s.toml", GOOD).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(explain(&built), explain(&read));
}

#[test]
fn what_cannot_be_is_refused_where_it_stands() {
    let cases = [
        (", tcp = \"script\"", "", "`segment` is for scripted peers", "\"segment\"", "tcp = \"script\""),
        ("\"script\"", "\"skript\"", "unknown TCP `skript`", "\"skript\"", "`script`"),
        ("{ server = \"listen\"", "{ peer = \"listen\"", "`listen` on a host that has no TCP", "\"listen\"", "`await`"),
        ("to = \"server:80\", ", "", "the first segment says not to whom it goes", "", "to = \"server:80\""),
        ("[0,1)\", mss", "[0,9)\", mss", "`segment` with 9 sequence numbers", "\"[0,9)\"", "make 1: [0,1)"),
        ("\"[1)\"", "\"1)\"", "`1)` are no sequence numbers", "\"1)\"", "\"[1)\" is none, at 1"),
        ("silence =", "ack = 1, silence =", "a segment and silence are both expected", "\"2 s\"", "leave out"),
        (
            "silence =",
            "within = \"1 s\", silence =",
            "`silence` and `within` together",
            "\"1 s\"",
            "how long nothing comes",
        ),
        ("mss = 1460", "window = 65536", "65536 is no window", "65536", "at most 65535"),
        ("mss = 1460", "timestamps = [1]", "timestamps are two", "[1]", "[100, 0]"),
        ("mss = 1460", "sack = 5", "a SACK block has two ends", "5", "[513,1025)"),
        ("within = \"1 s\"", "fails = \"EINVAL\"", "`fails` has no meaning for `await`", "fails", "`await` takes"),
    ];
    for (part, by, message, at, help) in cases {
        let (said, marked, helped) = spoiled(part, by);
        assert_eq!(said, message, "{part} > {by}");
        assert!(at.is_empty() || marked == at, "{message}: {marked}");
        assert!(helped.contains(help), "{message}: {helped}");
    }
}
