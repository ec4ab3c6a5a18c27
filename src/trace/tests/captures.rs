//! Captures, read back block by block.

use super::scribe::{CLIENT, SERVER, lost_syn_ack};
use crate::packet::checksums_ok;
use crate::trace::{DropWhy, Fault, LinkInfo, What, has_frames, pcapng};

/// Block type and body of each block.
fn blocks(capture: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut rest = capture;
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().expect("four bytes"));
        let len = usize::try_from(word(4)).expect("a length");
        assert_eq!(word(len - 4) as usize, len, "a block's length stands at both its ends");
        assert_eq!(len % 4, 0);
        blocks.push((word(0), rest[8..len - 4].to_vec()));
        rest = &rest[len..];
    }
    blocks
}

fn contains(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn each_end_of_a_link_is_an_interface_and_every_packet_stands_at_both() {
    let blocks = blocks(&pcapng(&lost_syn_ack()));
    let kinds: Vec<u32> = blocks.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds[..3], [0x0a0d_0d0a, 1, 1]);
    assert!(contains(&blocks[1].1, "wire:client") && contains(&blocks[2].1, "wire:server"));
    let packets: Vec<&Vec<u8>> =
        blocks[3..].iter().map(|(kind, body)| (*kind == 6).then_some(body)).map(|p| p.expect("a packet")).collect();
    // Eight were sent, one of them was lost.
    assert_eq!(packets.len(), 15);
    let interfaces: Vec<u8> = packets.iter().map(|body| body[0]).collect();
    assert_eq!(
        interfaces[..4],
        [0, 1, 1, 0],
        "SYN leaves and arrives, its answer leaves and is lost, the SYN leaves again"
    );
    let nanos = |body: &[u8]| u32::from_le_bytes(body[8..12].try_into().expect("four bytes"));
    assert_eq!(nanos(packets[1]), 50_000_320);
    assert!(contains(packets[2], "lost by fault 1 on wire"));
    assert_eq!(packets.iter().filter(|body| contains(body, "lost")).count(), 1);
}

#[test]
fn corrupted_copies_are_told_and_not_shown() {
    let mut trace = lost_syn_ack();
    let (at, sent) = trace.records.iter().enumerate().find(|(_, r)| matches!(r.what, What::Fault { .. })).expect("one");
    let mut corrupted = sent.clone();
    let What::Fault { conn, packet, frame, fault, .. } = &mut corrupted.what else { panic!() };
    *fault = Fault::Corrupted(None, 7);
    let mut bytes = frame.to_vec();
    crate::packet::flip_bit(&mut bytes, 70);
    assert!(!checksums_ok(&bytes, false));
    let mut dropped = sent.clone();
    dropped.node = CLIENT;
    dropped.what = What::Drop { conn: *conn, packet: *packet, why: DropWhy::BadChecksum, frame: bytes.into() };
    trace.records[at] = corrupted;
    trace.records.push(dropped);
    let blocks = blocks(&pcapng(&trace));
    assert_eq!(blocks.len(), 3 + 15);
    let told = &blocks[3 + 2].1;
    assert!(
        contains(told, "corrupted bit=7 by chance on wire") && contains(told, "thrown away by client: bad-checksum")
    );
}

#[test]
fn loopback_and_second_links_have_interfaces_of_their_own() {
    let mut trace = lost_syn_ack();
    trace.header.links.push(LinkInfo { name: "other".to_owned(), ends: [1, 0], ethernet: true });
    for record in &mut trace.records {
        if let What::Sent { link, packet, .. } | What::Arrived { link, packet, .. } = &mut record.what {
            (packet.src, packet.dst) = (super::scribe::addr(CLIENT), super::scribe::addr(CLIENT));
            *link = None;
            record.node = if record.node == SERVER { CLIENT } else { record.node };
        }
    }
    let blocks = blocks(&pcapng(&trace));
    let interfaces: Vec<&(u32, Vec<u8>)> = blocks.iter().filter(|(kind, _)| *kind == 1).collect();
    assert_eq!(interfaces.len(), 5);
    assert!(contains(&interfaces[2].1, "other:client") && interfaces[2].1[0] == 1);
    assert!(contains(&interfaces[4].1, "lo:client"));
    assert!(blocks.iter().filter(|(kind, _)| *kind == 6).all(|(_, body)| body[0] == 4));
}

#[test]
fn without_frames_a_capture_is_empty() {
    let mut trace = lost_syn_ack();
    assert!(has_frames(&trace.records));
    for frame in trace.records.iter_mut().filter_map(|record| record.what.frame_mut()) {
        frame.clear();
    }
    assert!(!has_frames(&trace.records));
    assert_eq!(blocks(&pcapng(&trace)).len(), 3);
}
