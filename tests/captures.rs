//! Captures are read by another program than ours: tshark finds every checksum right and nothing malformed.
//!
//! Where tshark is not installed this is skipped, with a line that says so; with DRYWIRE_REQUIRE_TSHARK=1 that is a
//! failure instead.

use crate::support::{Sim, run, sims};
use drywire::packet::Body;
use drywire::trace::{Trace, What, pcapng};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What tshark prints of each packet, and what must stand there.
const FIELDS: [&str; 7] = [
    "frame.number",
    "_ws.malformed",
    "_ws.expert.message",
    "ip.checksum.status",
    "tcp.checksum.status",
    "udp.checksum.status",
    "icmpv6.checksum.status",
];

/// A checksum that tshark has computed and found right.
const GOOD: &str = "1";

/// Not what tshark thinks of a connection's course (retransmissions are the point of many a scenario), but what it
/// checks: with numbers of its own where fields are named by the option.
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

/// What is wrong with one packet as tshark sees it.
fn complaint(fields: &[String]) -> Option<String> {
    let named = || FIELDS.into_iter().zip(fields).skip(1);
    let wrong = |(field, value): &(&str, &String)| match *field {
        "_ws.malformed" => !value.is_empty(),
        "_ws.expert.message" => value.contains("Malformed") || value.contains("checksum"),
        _ => value.split(',').any(|status| !status.is_empty() && status != GOOD),
    };
    let (field, value) = named().find(wrong)?;
    Some(format!("packet {}: {field} = {value}", fields.first().map_or("?", String::as_str)))
}

/// How many packets of the transports with checksums stand in it, at most.
fn checked(trace: &Trace) -> usize {
    let transport = |body: &Body| matches!(body, Body::Tcp(_) | Body::Udp(_));
    let sent = |what: &What| matches!(what, What::Sent { packet, .. } if transport(&packet.body));
    trace.records.iter().filter(|record| sent(&record.what)).count()
}

fn inspect(sim: &Sim, file: &Path) -> Vec<String> {
    let (trace, _) = run(&sim.scenario);
    fs::write(file, pcapng(&trace)).expect("the capture is written");
    let packets = match dissected(file) {
        Ok(packets) => packets,
        Err(error) => return vec![error],
    };
    let mut wrong: Vec<String> = packets.iter().filter_map(|fields| complaint(fields)).collect();
    let good = packets.iter().filter(|fields| fields[4] == GOOD || fields[5] == GOOD).count();
    if good < checked(&trace) {
        wrong.push(format!("{} packets were sent, but tshark checked only {good}", checked(&trace)));
    }
    wrong
}

#[test]
fn tshark_finds_every_checksum_right() {
    if !can_ask() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut wrong = String::new();
    for sim in sims() {
        for line in inspect(&sim, &folder.path().join(format!("{}.pcapng", sim.flat()))) {
            wrong.push_str(&format!("  {}: {line}\n", sim.file));
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
    let found: Vec<String> = packets.iter().filter_map(|fields| complaint(fields)).collect();
    assert_eq!(found.len(), 1, "{packets:?}");
}
