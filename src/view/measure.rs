//! A run in figures: how much was sent, how long things took, what was lost, what it held.
//!
//! - Everything is from the records, so a saved trace has the figures of its run.
//! - Values are integers: counts, bytes, bits a second (`-bps`), microseconds (`-us`, rounded down). Percentiles are by
//!   nearest rank: a value that occurred. What did not occur has no value; what is counted is then 0.
//! - [`figures()`] is the one list of names, in a fixed order; each name has its unit at its end.
//! - A frame counts once, where it was sent first, at its full length: links further on its way are not added.
//! - A sample may belong to an end of a connection; [`Measured::values`] takes those of one end, or of the whole run.

mod ends;
mod figures;
mod gather;
mod layers;
mod messages;

pub use figures::{Figure, figures, rank};
pub use layers::Layer;

use crate::base::ConnId;
use crate::judge::Scene;
use crate::trace::{End, Names, Trace};
use figures::{Family, Samples};
use std::collections::BTreeMap;

/// An end of a connection.
pub type Of = (ConnId, End);

/// The samples of a run.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    samples: BTreeMap<Option<Of>, Samples>,
    ends: Vec<(Of, String)>,
}

impl Measured {
    /// Measures a run.
    pub fn new(trace: &Trace) -> Measured {
        let (mut measured, scene) = gather::gather(trace);
        let names = Names::new(&trace.header, &trace.records);
        measured.ends = scene.sides().map(|(id, end, _)| ((id, end), name(&names, &scene, id, end))).collect();
        measured
    }

    /// The ends of the run's connections, and their names: `client.1 server` is the server's end of `client.1`.
    pub fn ends(&self) -> &[(Of, String)] {
        &self.ends
    }

    /// The values of [`figures()`], in their order: of one end, or of the whole run.
    pub fn values(&self, of: Option<Of>) -> Vec<Option<u64>> {
        let samples = match of {
            Some(_) => self.samples.get(&of).cloned().unwrap_or_default(),
            None => self.all(),
        };
        let fits = |figure: &Figure| of.is_none() || !figure.whole_run;
        figures().iter().map(|figure| fits(figure).then(|| figure.value(&samples)).flatten()).collect()
    }

    fn all(&self) -> Samples {
        let mut all = Samples::default();
        for samples in self.samples.values() {
            all.extend(samples);
        }
        all
    }

    fn add(&mut self, of: Option<Of>, family: Family, value: u64) {
        self.samples.entry(of).or_default().add(family, value);
    }
}

fn name(names: &Names<'_>, scene: &Scene<'_>, id: ConnId, end: End) -> String {
    format!("{} {}", names.conn(id), scene.name(id, end))
}
