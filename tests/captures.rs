//! Captures are read by another program than ours: tshark finds every checksum right and nothing malformed.
//!
//! Where tshark is not installed this is skipped, with a line that says so; with DRYWIRE_REQUIRE_TSHARK=1 that is a
//! failure instead.

use crate::support::{run, sims};
use drywire::base::LinkId;
use drywire::packet::{Body, checksums_ok};
use drywire::trace::{Trace, What, pcapng};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What tshark prints of each packet, and what must stand there.
const FIELDS: [&str; 7] = [
    "_ws.malformed",
    "_ws.expert.message",
    "ip.checksum.status",
    "tcp.checksum.status",
    "udp.checksum.status",
    "icmp.checksum.status",
    "icmpv6.checksum.status",
];

/// Where they stand.
const MALFORMED: usize = 0;
const EXPERT: usize = 1;
const TCP: usize = 3;
const UDP: usize = 4;
const ICMP: usize = 5;
const ICMPV6: usize = 6;

/// A checksum that tshark has computed and found right, and one that it found wrong. (What an ICMP message quotes has one
/// that cannot be computed.)
const GOOD: &str = "1";
const BAD: &str = "0";

/// Every checksum is checked. What tshark thinks of a connection's course is no matter: retransmissions are the point of
/// many a scenario.
const PREFERENCES: [&str; 5] = [
    "ip.check_checksum:TRUE",
    "tcp.check_checksum:TRUE",
    "udp.check_checksum:TRUE",
    "tcp.analyze_sequence_numbers:FALSE",
    "tcp.desegment_tcp_streams:FALSE",
];

fn tshark(args: &[&str]) -> Option<Output> {
    Command::new("tshark").args(args).stdin(Stdio::null()).output().ok()
}

/// Whether there is a tshark to ask.
fn can_ask() -> bool {
    let there = tshark(&["--version"]).is_some_and(|output| output.status.success());
    let required = std::env::var_os("DRYWIRE_REQUIRE_TSHARK").is_some_and(|value| value == "1");
    assert!(there || !required, "tshark is required, and not installed");
    if !there {
        // Past the harness, which keeps what a test that passes prints to itself.
        let told = "SKIPPED: tshark is not installed, so nobody but us has read the captures\n";
        std::io::stderr().write_all(told.as_bytes()).expect("standard error");
    }
    there
}

/// What tshark says of each packet of a capture: the fields, in order.
fn dissected(file: &Path) -> Result<Vec<Vec<String>>, String> {
    let mut args = vec!["-n", "-r", file.to_str().expect("a path that is text"), "-T", "fields"];
    PREFERENCES.iter().for_each(|preference| args.extend(["-o", preference]));
    FIELDS.iter().for_each(|field| args.extend(["-e", field]));
    let output = tshark(&args).ok_or("tshark does not start")?;
    let (told, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(format!("tshark cannot read it: {complaints}"));
    }
    Ok(told.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

/// What is wrong with the n-th packet as tshark sees it.
fn complaint(fields: &[String], nth: usize) -> Option<String> {
    // An ICMP error quotes a packet, often the beginning of one: tshark computes a checksum of that beginning.
    let quotes = !fields[ICMP].is_empty() || !fields[ICMPV6].is_empty();
    // Crafted so, and marked as what it is.
    let meant = fields[EXPERT].contains("thrown away by") && fields[EXPERT].contains("bad-checksum");
    let wrong = |(at, value): &(usize, &String)| match *at {
        TCP | EXPERT if meant => false,
        MALFORMED => !value.is_empty(),
        TCP | UDP | EXPERT if quotes => false,
        EXPERT => value.contains("Bad checksum"),
        _ => value.split(',').any(|status| status == BAD),
    };
    let (at, value) = fields.iter().enumerate().find(wrong)?;
    Some(format!("packet {nth}: {} = {value}", FIELDS[at]))
}

/// How many packets of the transports with checksums stand in it, at most.
fn checked(trace: &Trace) -> usize {
    let transport = |body: &Body| matches!(body, Body::Tcp(_) | Body::Udp(_));
    let ethernet = |link: Option<LinkId>| link.is_some_and(|link| trace.header.links[link.index()].ethernet);
    let sent = |what: &What| match what {
        What::Sent { packet, frame, link, .. } => transport(&packet.body) && checksums_ok(frame, ethernet(*link)),
        _ => false,
    };
    trace.records.iter().filter(|record| sent(&record.what)).count()
}

/// How many packets stand in a capture: its enhanced packet blocks.
fn packets(capture: &[u8]) -> usize {
    let word = |at: usize| Some(u32::from_le_bytes(capture.get(at..at + 4)?.try_into().ok()?));
    let (mut at, mut count) = (0, 0);
    while let (Some(kind), Some(len)) = (word(at), word(at + 4)) {
        count += usize::from(kind == 6);
        at += usize::try_from(len).expect("a length").max(12);
    }
    count
}

#[test]
fn tshark_finds_every_checksum_right() {
    if !can_ask() {
        return;
    }
    // Captures one after the other are a capture: tshark starts once for all of them, not once for each.
    let (mut all, mut parts) = (Vec::new(), Vec::new());
    for sim in sims() {
        let (trace, _) = run(&sim.scenario);
        let capture = pcapng(&trace);
        parts.push((sim.file, packets(&capture), checked(&trace)));
        all.extend(capture);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("all.pcapng");
    fs::write(&file, all).expect("the captures are written");
    let told = dissected(&file).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(told.len(), parts.iter().map(|(_, packets, _)| packets).sum::<usize>(), "every packet is read");
    let (mut wrong, mut rest) = (String::new(), told.as_slice());
    for (file, packets, sent) in parts {
        let (its, others) = rest.split_at(packets);
        rest = others;
        for complaint in its.iter().zip(1..).filter_map(|(fields, nth)| complaint(fields, nth)) {
            wrong.push_str(&format!("  {file}: {complaint}\n"));
        }
        let good = its.iter().filter(|fields| fields[TCP] == GOOD || fields[UDP] == GOOD).count();
        if good < sent {
            wrong.push_str(&format!("  {file}: {sent} packets were sent, but tshark checked only {good}\n"));
        }
    }
    assert!(wrong.is_empty(), "tshark complains:\n{wrong}");
}

#[test]
fn tshark_finds_what_is_wrong() {
    if !can_ask() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let sim = sims().into_iter().find(|sim| sim.name == "handshake").expect("the handshake");
    let (mut trace, _) = run(&sim.scenario);
    let frame = trace.records.iter_mut().find_map(|record| record.what.frame_mut()).expect("a frame");
    let mut bytes = frame.to_vec();
    *bytes.last_mut().expect("a byte") ^= 1;
    *frame = bytes.into();
    let file = folder.path().join("broken.pcapng");
    fs::write(&file, pcapng(&trace)).expect("the capture is written");
    let packets = dissected(&file).expect("tshark reads it");
    let found: Vec<String> = packets.iter().filter_map(|fields| complaint(fields, 1)).collect();
    assert_eq!(found.len(), 1, "{packets:?}");
}
