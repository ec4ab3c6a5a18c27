//! The steps that make a segment or wait for one: `inject`, `segment`, `await`.

use super::Checker;
use crate::base::{NodeId, Payload};
use crate::packet::Flags;
use crate::scenario::actions::PAYLOAD;
use crate::scenario::diagnostic::Place;
use crate::scenario::leaf::{Placed, report};
use crate::scenario::model::{
    Action, Await, HostTcp, Inject, PeerSegment, Program, SegmentParts, SeqPart, Step, Target, Want,
};
use crate::scenario::segments::{Checksum, SegmentTable};
use crate::scenario::table::Table;
use crate::scenario::tables::StepTable;
use crate::scenario::words::host_port;
use crate::tcp::seg_len;
use crate::trace::CallName;

/// As many bytes of options as a TCP header can have (RFC 9293, 3.1).
const OPTIONS: usize = 40;

impl Checker<'_> {
    /// A crafted segment with absolute numbers.
    pub(super) fn inject(&mut self, table: &StepTable) -> Option<Inject> {
        let src = table.src.as_ref()?;
        let src = match src.value.strip_prefix(':').map(str::parse::<u16>) {
            Some(Ok(port)) => (None, port),
            Some(Err(_)) | None => {
                let (host, port) = report(host_port(&src.value), &src.place, self.errors)?;
                let host = Placed { value: host, place: src.place.clone() };
                (Some(self.addresses(&host).into_iter().next()?), port)
            }
        };
        let parts = self.crafted(table, "inject");
        Some(Inject { src, to: self.target(table)?, parts: parts? })
    }

    /// A segment of a scripted peer.
    pub(super) fn peer_segment(&mut self, table: &StepTable) -> Option<PeerSegment> {
        let to = if table.to.is_some() { Some(self.target(table)?) } else { None };
        let port = port(&table.port);
        let isn = table.isn.as_ref().and_then(|isn| u32::try_from(isn.value).ok());
        Some(PeerSegment { to, port, isn, parts: self.crafted(table, "segment")? })
    }

    /// Waiting for a segment, and what is expected of it.
    pub(super) fn awaits(&mut self, table: &StepTable) -> Option<Await> {
        let from = table.from.as_ref().map(|from| {
            let (host, port) = &from.value;
            self.name_resolves(host, &from.place, table);
            Target { host: host.clone(), port: *port }
        });
        if let (Some(_), Some(within)) = (&table.silence, &table.within) {
            let help = "`silence` is how long nothing comes; `within` is for a segment that must come";
            self.errors.add(within.place.clone(), "`silence` and `within` together", help);
        }
        let within = table.within.as_ref().or(table.silence.as_ref()).map(|span| span.value);
        Some(Await { from, port: port(&table.port), within })
    }

    /// What an awaited segment must be.
    pub(super) fn awaited_segment(&mut self, table: &StepTable) -> Option<Want> {
        let parts = self.parts(table)?;
        if let Some(silence) = &table.silence {
            if parts != SegmentParts::default() {
                let help = "leave out what describes a segment, or `silence`";
                self.errors.add(silence.place.clone(), "a segment and silence are both expected", help);
            }
            return Some(Want::Silence);
        }
        Some(Want::Segment(Box::new(parts)))
    }

    /// The parts of a segment that is to be sent.
    fn crafted(&mut self, table: &StepTable, verb: &str) -> Option<SegmentParts> {
        let parts = self.parts(table)?;
        let segment = &table.segment;
        if let Some(window) = segment.window.as_ref().filter(|window| window.value > i64::from(u16::MAX)) {
            let help = "the header has 16 bits for it: at most 65535";
            self.errors.add(window.place.clone(), format!("{} is no window", window.value), help);
        }
        if let (Some(seq), Some(SeqPart { start, stop: Some(stop) })) = (&segment.seq, parts.seq) {
            let flags = parts.flags.unwrap_or_default();
            let text = parts.data.as_ref().map_or(0, |data| u32::try_from(data.0.len()).unwrap_or(u32::MAX));
            let len = i64::from(seg_len(text, flags.has(Flags::SYN), flags.has(Flags::FIN)));
            if stop - start != len {
                let help = format!("text, SYN and FIN make {len}: [{start},{})", start + len);
                let message = format!("`{verb}` with {} sequence numbers", stop - start);
                self.errors.add(seq.place.clone(), message, help);
            }
        }
        Some(parts)
    }

    fn parts(&mut self, table: &StepTable) -> Option<SegmentParts> {
        let segment: &SegmentTable = &table.segment;
        let given = table.seen().iter().any(|(key, _)| PAYLOAD.contains(key));
        let data = if given { Some(self.payload(&table.payload, "a segment", &table.place)?) } else { None };
        let sack = match &segment.sack {
            Some(Placed { value: SeqPart { start, stop: Some(stop) }, .. }) => Some((*start, *stop)),
            Some(Placed { place, .. }) => {
                self.errors.add(place.clone(), "a SACK block has two ends", "like \"[513,1025)\"");
                None
            }
            None => None,
        };
        Some(SegmentParts {
            flags: segment.flags.as_ref().map(|flags| flags.value),
            seq: segment.seq.as_ref().map(|seq| seq.value),
            ack: segment.ack.as_ref().map(|ack| ack.value),
            window: segment.window.as_ref().and_then(|window| u32::try_from(window.value).ok()),
            urgent: port(&segment.urgent),
            mss: port(&segment.mss),
            scale: segment.scale.as_ref().and_then(|scale| u8::try_from(scale.value).ok()),
            sack_permitted: segment.sack_ok.as_ref().map(|sack_ok| sack_ok.value),
            sack,
            timestamps: self.timestamps(segment),
            options: self.raw_options(segment),
            bad_checksum: segment.checksum.as_ref().is_some_and(|checksum| checksum.value == Checksum::Bad),
            data,
        })
    }

    fn raw_options(&mut self, segment: &SegmentTable) -> Option<Payload> {
        let options = segment.options.as_ref()?;
        if options.value.len() > OPTIONS {
            self.errors.add(
                options.place.clone(),
                format!("a segment has at most {OPTIONS} bytes of options"),
                "the header's length counts to 60, 20 of them fixed",
            );
        }
        Some(Payload(options.value.clone().into()))
    }

    fn timestamps(&mut self, segment: &SegmentTable) -> Option<(u32, u32)> {
        let given = segment.timestamps.as_ref()?;
        let mut numbers = given.value.iter().filter_map(|number| u32::try_from(number.value).ok());
        let pair = (numbers.next(), numbers.next(), numbers.next());
        let (Some(value), Some(echo), None) = pair else {
            self.errors.add(given.place.clone(), "timestamps are two", "the value and the echo, like [100, 0]");
            return None;
        };
        Some((value, echo))
    }

    /// Whether the host's TCP takes this action.
    pub(super) fn tcp_takes(&mut self, node: NodeId, call: CallName, place: &Place) {
        let tcp = self.out.nodes.get(node.index()).map(|node| node.host.tcp);
        let scripted = tcp == Some(HostTcp::Script);
        let by_hand = matches!(call, CallName::Segment | CallName::Await);
        if by_hand && !scripted {
            let help = "give the host tcp = \"script\"; a host that has a TCP can `inject`";
            self.errors.add(place.clone(), format!("`{call}` is for scripted peers"), help);
        }
        if scripted && matches!(call, CallName::Listen | CallName::Accept) {
            let help = "with tcp = \"script\" the program is the TCP: `segment` and `await`";
            self.errors.add(place.clone(), format!("`{call}` on a host that has no TCP"), help);
        }
    }

    /// The first segment of a program, where none has come before it, must say to whom it goes.
    pub(super) fn first_segment_has_a_destination(&mut self) {
        for actor in &self.out.actors {
            let Program::Script(steps) = &actor.program else { continue };
            let first = steps.iter().find(|step| matches!(step.action, Action::Segment(_) | Action::Await(_)));
            let Some(Step { action: Action::Segment(PeerSegment { to: None, .. }), span, .. }) = first else {
                continue;
            };
            self.errors
                .add(span.clone(), "the first segment says not to whom it goes", "as in to = \"server:80\"")
                .label("needs `to`");
        }
    }
}

fn port(field: &Option<Placed<i64>>) -> Option<u16> {
    field.as_ref().and_then(|field| u16::try_from(field.value).ok())
}
