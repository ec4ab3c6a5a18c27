//! Long runs of like lines as one line.
//!
//! A run is an unbroken sequence of bulk lines: data, acknowledgments, the calls that move data. Within it the lines of one
//! host, layer and subject that continue each other without a pause are a group; a group of more than a few becomes
//! one line in the place of its first. Lines of several hosts and connections alternate in a run without breaking it.
//! Nothing that matters goes under: a group ends where its connection's flags change and where a link loses, copies or
//! delays one of its packets, and none stands above what caused it (but
//! for folded lines of two hosts, which overlap). What a sender sends in one round trip, and then
//! waits, is so one line or a few.

use super::lines::{Line, rounded};
use crate::base::{ActorId, Fd, NodeId, RecordId, Span, Time};
use crate::packet::Flags;
use crate::trace::{CallName, Names};
use core::ops::Range;
use std::collections::BTreeMap;

/// So many like lines of what carries data are left as they are.
const FEW: u32 = 8;
/// So many like acknowledgments and calls.
const FEW_ASIDE: u32 = 4;
/// A longer time without another, out of the rhythm of the group, is a pause.
const PAUSE: Span = Span::millis(25);
/// Out of the rhythm is what is so many times longer than the group's shortest gap.
const RHYTHM: u64 = 4;

/// What a line says, as far as folding goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// Data of a connection, sent for the `nth` time.
    Data { start: i64, stop: i64, flags: Flags, nth: u32 },
    /// An acknowledgment without data.
    Ack { from: i64, to: i64 },
    /// An acknowledgment with a gap before what it reports (RFC 2018): the first and last such report.
    Gap { at: i64, first: (i64, i64), last: (i64, i64) },
    /// A datagram.
    Datagram { bytes: u64 },
    /// A call that moves data: how many bytes, if it has returned.
    Call { name: CallName, fd: Option<Fd>, actor: ActorId, returned: bool, bytes: Option<u64> },
    /// A delayed acknowledgment's timer.
    Tick { after: Span },
    /// What a link did to a packet: never folded, and no end of the run, but one of its connection's groups.
    Apart,
}

/// One line that may be folded, or several that were.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bulk {
    pub(super) count: u32,
    pub(super) sort: What,
    /// The first and last acknowledgment number.
    pub(super) acks: (i64, i64),
    /// The first and last window.
    pub(super) windows: (u32, u32),
}

impl Bulk {
    pub(super) const fn one(sort: What) -> Bulk {
        Bulk { count: 1, sort, acks: (0, 0), windows: (0, 0) }
    }

    /// This and what follows it, if that continues it.
    fn join(&self, next: &Bulk) -> Option<Bulk> {
        let sort = match (self.sort, next.sort) {
            (What::Data { start, stop, flags, nth }, What::Data { start: from, stop: to, flags: more, nth: times })
                if (stop, nth, flags) == (from, times, more) =>
            {
                What::Data { start, stop: to, flags, nth }
            }
            // Duplicate acknowledgments are one thing, those of something new another.
            (What::Ack { from, .. }, What::Ack { to, .. })
                if self.count == 1 || (self.acks.0 == self.acks.1) == (self.acks.1 == next.acks.0) =>
            {
                What::Ack { from, to }
            }
            (What::Gap { at, first, .. }, What::Gap { at: next_at, last, .. })
                if (at, self.acks.1) == (next_at, next.acks.0) =>
            {
                What::Gap { at, first, last }
            }
            (What::Datagram { bytes }, What::Datagram { bytes: more }) => What::Datagram { bytes: bytes + more },
            (
                What::Call { name, fd, actor, returned, bytes },
                What::Call { name: next, fd: on, actor: by, returned: late, bytes: more },
            ) if (name, fd, actor, returned, bytes.is_some()) == (next, on, by, late, more.is_some()) => {
                let bytes = bytes.map(|bytes| bytes + more.unwrap_or(0));
                What::Call { name, fd, actor, returned, bytes }
            }
            (What::Tick { after }, What::Tick { after: next }) if after == next => What::Tick { after },
            _ => return None,
        };
        let (acks, windows) = ((self.acks.0, next.acks.1), (self.windows.0, next.windows.1));
        Some(Bulk { count: self.count + next.count, sort, acks, windows })
    }

    fn text(&self, names: &Names<'_>) -> String {
        let count = self.count;
        let Bulk { acks, windows, .. } = self;
        match self.sort {
            What::Data { start, stop, flags, nth } => {
                let (ack, win) = (range(acks.0, acks.1), range(windows.0, windows.1));
                let nth = if nth > 1 { format!("'{nth}") } else { String::new() };
                format!("[{start},{stop}){nth} x{count} {flags} ack={ack} len={} win={win}", stop - start)
            }
            What::Ack { from, to } => {
                let (ack, win) = (range(acks.0, acks.1), range(windows.0, windows.1));
                format!("[{}) x{count} ACK ack={ack} win={win}", range(from, to))
            }
            What::Gap { at, first, last } => {
                let (ack, win) = (range(acks.0, acks.1), range(windows.0, windows.1));
                let sack = range(Block(first), Block(last));
                format!("[{at}) x{count} ACK ack={ack} win={win} sack={sack}")
            }
            What::Datagram { bytes } => format!("x{count} len={bytes}"),
            What::Call { name, fd, actor, returned, bytes } => {
                let by = names.program(actor).map(|program| format!("{program}: ")).unwrap_or_default();
                let fd = fd.map(|fd| fd.0.to_string()).unwrap_or_default();
                let dots = if returned { "... " } else { "" };
                let end = bytes.map_or(" ...".to_owned(), |bytes| format!(" -> {bytes}"));
                format!("{by}{dots}{name}({fd}) x{count}{end}")
            }
            What::Tick { after } => format!("delayed-ack x{count} after={after}"),
            What::Apart => String::new(),
        }
    }
}

/// A selective acknowledgment's block.
#[derive(PartialEq)]
struct Block((i64, i64));

impl core::fmt::Display for Block {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "[{},{})", self.0.0, self.0.1)
    }
}

fn range<T: PartialEq + core::fmt::Display>(from: T, to: T) -> String {
    if from == to { from.to_string() } else { format!("{from}..{to}") }
}

/// Lines that continue each other, by the position of the first.
struct Group {
    members: Vec<usize>,
    bulk: Bulk,
    last: Time,
    /// The shortest time between two of them.
    shortest: Option<Span>,
}

impl Group {
    /// Whether one that comes now comes after a pause.
    fn has_paused(&self, now: Time) -> bool {
        let gap = now.since(self.last);
        gap > PAUSE && self.shortest.is_some_and(|shortest| gap.0 > shortest.0.saturating_mul(RHYTHM))
    }

    /// These lines, which were part of one group.
    fn of(lines: &[Line], members: Vec<usize>) -> Option<Group> {
        let first = *members.first()?;
        let mut group = Group { members: vec![first], bulk: lines[first].bulk?, last: lines[first].at, shortest: None };
        for &at in &members[1..] {
            let joined = group.bulk.join(&lines[at].bulk?)?;
            group.take(at, lines[at].at, joined);
        }
        Some(group)
    }

    fn take(&mut self, position: usize, at: Time, joined: Bulk) {
        let gap = at.since(self.last);
        self.shortest = Some(self.shortest.map_or(gap, |shortest| shortest.min(gap)));
        self.members.push(position);
        self.bulk = joined;
        self.last = at;
    }
}

/// Folds all runs.
pub(super) fn fold(lines: Vec<Line>, names: &Names<'_>) -> Vec<Line> {
    let causes = causes(&lines);
    let mut keep = vec![true; lines.len()];
    let mut folded: BTreeMap<usize, Group> = BTreeMap::new();
    let mut from = 0;
    while from < lines.len() {
        let len = lines[from..].iter().take_while(|line| line.bulk.is_some()).count();
        let run = from..from + len;
        for group in causes_first(&lines, &causes, &run, groups(&lines, &run)) {
            for member in &group.members[1..] {
                keep[*member] = false;
            }
            folded.insert(group.members[0], group);
        }
        from += len + 1;
    }
    let mut out = Vec::new();
    for (at, mut line) in lines.iter().cloned().enumerate().filter(|(at, _)| keep[*at]) {
        if let Some(group) = folded.get(&at) {
            line.text = format!("{} over={}", group.bulk.text(names), rounded(group.last.since(line.at)));
            if group.members.iter().any(|member| lines[*member].cause != line.cause) {
                line.cause.clear();
            }
        }
        out.push(line);
    }
    out
}

/// For each line the line of what caused it, if that is shown; for a call that is its program's step, what the program did
/// before.
fn causes(lines: &[Line]) -> Vec<Option<usize>> {
    let at: BTreeMap<RecordId, usize> = (0..).zip(lines).map(|(at, line)| (line.record, at)).collect();
    let mut before: BTreeMap<ActorId, usize> = BTreeMap::new();
    let cause = |(here, line): (usize, &Line)| {
        let before = line.actor.and_then(|actor| before.insert(actor, here));
        let cause = line.because.and_then(|cause| at.get(&cause).copied());
        cause.or(before)
    };
    lines.iter().enumerate().map(cause).collect()
}

/// The groups that are to be folded, cut where one of them would stand above what caused a line of it.
///
/// A cause comes before its effect, so one look along the run finds all cuts, but for those that a group makes which is
/// too small once cut: its lines then stand where they are, and the next look counts with that.
fn causes_first(lines: &[Line], causes: &[Option<usize>], run: &Range<usize>, mut groups: Vec<Group>) -> Vec<Group> {
    loop {
        groups.retain(|group| group.bulk.count > few(&group.bulk));
        let starts = starts(lines, causes, run, &groups);
        let is_start = |line: &usize| starts.get(*line - run.start) == Some(&Some(*line));
        if groups.iter().all(|group| !group.members[1..].iter().any(is_start)) {
            return groups;
        }
        let pieces = groups.iter().flat_map(|group| group.members.chunk_by(|_, next| !is_start(next)));
        groups = pieces.filter_map(|piece| Group::of(lines, piece.to_vec())).collect();
    }
}

/// For each line of a run that is in a group, the line that its group has to begin at, so that it stands below its cause.
fn starts(lines: &[Line], causes: &[Option<usize>], run: &Range<usize>, groups: &[Group]) -> Vec<Option<usize>> {
    let mut group_of: Vec<Option<usize>> = vec![None; run.len()];
    for (at, group) in groups.iter().enumerate() {
        for member in &group.members {
            group_of[*member - run.start] = Some(at);
        }
    }
    let mut first: Vec<usize> = groups.iter().map(|group| group.members[0]).collect();
    let mut starts: Vec<Option<usize>> = vec![None; run.len()];
    for line in run.clone() {
        let Some(group) = group_of[line - run.start] else { continue };
        let is_early = |cause: usize| {
            let folded = cause.checked_sub(run.start).and_then(|cause| starts.get(cause).copied().flatten());
            // Where data flow without a pause, what two hosts do overlaps.
            let overlaps = folded.is_some() && lines[cause].node != lines[line].node;
            folded.unwrap_or(cause) > first[group] && !overlaps
        };
        if line != first[group] && causes[line].is_some_and(is_early) {
            first[group] = line;
        }
        starts[line - run.start] = Some(first[group]);
    }
    starts
}

fn groups(lines: &[Line], run: &Range<usize>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut open: BTreeMap<(NodeId, &str, &str, u8), usize> = BTreeMap::new();
    for at in run.clone() {
        let line = &lines[at];
        let Some(bulk) = line.bulk else { continue };
        let key = (line.node, line.layer.as_str(), line.subject.as_str(), kind(&bulk));
        if bulk.sort == What::Apart || open.get(&key).is_some_and(|group| groups[*group].has_paused(line.at)) {
            // What belongs to its subject goes by its rhythm: acknowledgments and calls begin anew with the data.
            open.retain(|(_, _, subject, _), _| *subject != line.subject);
        }
        let group = open.get(&key).and_then(|group| groups.get_mut(*group));
        if let Some(group) = group
            && let Some(joined) = group.bulk.join(&bulk)
        {
            group.take(at, line.at, joined);
        } else {
            open.insert(key, groups.len());
            groups.push(Group { members: vec![at], bulk, last: line.at, shortest: None });
        }
    }
    groups
}

const fn few(bulk: &Bulk) -> u32 {
    match bulk.sort {
        What::Call { .. } | What::Ack { .. } | What::Tick { .. } => FEW_ASIDE,
        What::Data { .. } | What::Gap { .. } | What::Datagram { .. } | What::Apart => FEW,
    }
}

/// Kinds that alternate within a run do not end each other's groups.
const fn kind(bulk: &Bulk) -> u8 {
    match bulk.sort {
        What::Data { .. } => 0,
        What::Ack { .. } => 1,
        What::Datagram { .. } => 2,
        What::Call { returned: false, bytes: None, .. } => 3,
        What::Call { returned: false, bytes: Some(_), .. } => 4,
        What::Call { returned: true, .. } => 5,
        What::Tick { .. } => 6,
        What::Gap { .. } => 7,
        What::Apart => 8,
    }
}
