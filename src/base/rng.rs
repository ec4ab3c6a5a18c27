//! The one door for everything that could go either way.
//!
//! What *branches* (is this frame lost? how long is its jitter?) asks [`Choose`]; what is random *content* (initial
//! sequence numbers, masks) comes from [`entropy`], which no explorer branches on.

use std::collections::BTreeMap;

/// What is being decided.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PointKind {
    /// Is the frame lost? 0 no, 1 yes.
    Loss,
    /// Does the link's burst state change (Gilbert-Elliott)? 0 no, 1 yes.
    Burst,
    /// Is the frame duplicated? 0 no, 1 yes.
    Duplicate,
    /// Does the frame overtake? 0 no, 1 yes.
    Reorder,
    /// Is the frame corrupted? 0 no, 1 yes.
    Corrupt,
    /// Which bit of the frame is flipped.
    Bit,
    /// How much jitter, of so many steps.
    Jitter,
}

/// A place at which a run could go either way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// What is being decided.
    pub kind: PointKind,
    /// Whose decision it is: a stream of its own (link and direction), so that one more link disturbs no other.
    pub stream: u64,
    /// For a yes-or-no decision: the probability of 1, in parts per million. `None`: all options weigh the same.
    pub ppm: Option<u32>,
}

/// The door.
pub trait Choose {
    /// An answer in `0..options`; 0 is the nominal one.
    fn choose(&mut self, at: Point, options: u32) -> u32;
}

/// SplitMix64: small, well-distributed, the same on every machine.
#[derive(Clone, Debug)]
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A name as a number (FNV-1a), to key streams by.
pub const fn label_hash(label: &str) -> u64 {
    let bytes = label.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}

/// Random content: 64 bits that depend on the seed and the label alone.
pub const fn entropy(seed: u64, label: &str) -> u64 {
    mix(seed ^ mix(label_hash(label)))
}

/// Answers from the run's seed, one stream per link direction and kind of decision.
#[derive(Clone, Debug)]
pub struct Seeded {
    seed: u64,
    streams: BTreeMap<(u64, PointKind), Stream>,
}

impl Seeded {
    /// A door that answers as this seed says.
    pub fn new(seed: u64) -> Self {
        Seeded { seed, streams: BTreeMap::new() }
    }
}

impl Choose for Seeded {
    fn choose(&mut self, at: Point, options: u32) -> u32 {
        let seed = self.seed;
        let stream = self
            .streams
            .entry((at.stream, at.kind))
            .or_insert_with(|| Stream(mix(seed ^ mix(at.stream)) ^ mix(at.kind as u64 + 1)));
        let draw = stream.next();
        match at.ppm {
            Some(ppm) => u32::from(((u128::from(draw) * 1_000_000) >> 64) < u128::from(ppm)),
            None => ((u128::from(draw) * u128::from(options.max(1))) >> 64) as u32,
        }
    }
}

/// Answers from a list, then nominally; remembers every answer given, so that a run can be named by its choices.
#[derive(Clone, Debug, Default)]
pub struct Scripted {
    script: Vec<u32>,
    given: Vec<u32>,
}

impl Scripted {
    /// A door that gives these answers in order (each held to the options it is asked for), then 0.
    pub fn new(script: Vec<u32>) -> Self {
        Scripted { script, given: Vec::new() }
    }

    /// The answers given so far.
    pub fn given(&self) -> &[u32] {
        &self.given
    }
}

impl Choose for Scripted {
    fn choose(&mut self, _at: Point, options: u32) -> u32 {
        let answer = self.script.get(self.given.len()).copied().unwrap_or(0).min(options.saturating_sub(1));
        self.given.push(answer);
        answer
    }
}
