//! `never`: every input that a machine of the catalogue takes is one that can come in its state, and leads where its
//! table says. (TCP's moves have a check of their own.)

use super::{Check, Finding, Scene};
use crate::catalog::{catalog, hashes};
use crate::machine::{Table, Verdict};
use crate::trace::{Edge, Record, Subject, What};

/// Holds edges to the tables. A trace that was drawn from other tables is not held to these.
#[derive(Default)]
pub(super) struct Edges {
    tables: Option<Vec<Table>>,
}

impl Check for Edges {
    fn observe(&mut self, scene: &Scene<'_>, record: &Record, out: &mut Vec<Finding>) {
        let What::Edge(edge) = &record.what else { return };
        let known = |table: &Table| {
            let (name, hash) = (table.name, scene.header.tables.get(table.name));
            hashes().iter().any(|(own, of)| own == name && Some(of) == hash)
        };
        let tables = self.tables.get_or_insert_with(|| catalog().into_iter().filter(known).collect());
        let Some(table) = tables.iter().find(|table| table.name == edge.machine) else { return };
        let Some(wrong) = wrong(table, edge) else { return };
        let subject = match edge.of {
            Subject::Fd(fd) => format!("descriptor {}", fd.0),
            Subject::Conn(conn, end) => scene.name(conn, end),
        };
        out.push(Finding {
            record: record.id,
            conn: None,
            rule: "never",
            clause: format!("Drywire, machine {}", edge.machine),
            text: format!("{subject}: `{}` in {}: {wrong}", edge.input, edge.from),
        });
    }
}

/// What is wrong with an edge, if anything is.
fn wrong(table: &Table, edge: &Edge) -> Option<String> {
    let told = match table.cell(&edge.from, &edge.input).map(|cell| &cell.verdict) {
        None => return Some("the machine has no such state or input".to_owned()),
        Some(Verdict::Never) => return Some("cannot come there; right is to tell it before, or not at all".to_owned()),
        Some(Verdict::Go { to, .. }) => (table.states[*to], None),
        Some(Verdict::Reject { refusal, .. }) => (edge.from.as_ref(), Some(*refusal)),
    };
    let seen = (edge.to.as_ref(), edge.refusal.as_deref());
    (seen != told).then(|| format!("led to {}; right is {}", show(seen), show(told)))
}

fn show((to, refusal): (&str, Option<&str>)) -> String {
    refusal.map_or_else(|| to.to_owned(), |refusal| format!("{to}, refused with {refusal}"))
}

#[cfg(test)]
mod tests {
    use crate::base::Fd;
    use crate::catalog::hashes;
    use crate::judge::sample::{CLIENT, Sample};
    use crate::trace::{Edge, Subject, What};

    fn edge(from: &'static str, input: &'static str, to: &'static str, refusal: Option<&'static str>) -> What {
        What::Edge(Edge {
            machine: "socket".into(),
            of: Subject::Fd(Fd(3)),
            from: from.into(),
            input: input.into(),
            to: to.into(),
            refusal: refusal.map(Into::into),
        })
    }

    #[test]
    fn an_input_that_cannot_come_is_found_and_so_is_a_wrong_turn() {
        let mut sample = Sample::open();
        sample.header.tables = hashes().iter().cloned().collect();
        sample.note(CLIENT, None, edge("CREATED", "bind", "BOUND", None));
        sample.note(CLIENT, None, edge("BOUND", "bind", "BOUND", Some("EINVAL")));
        assert_eq!(sample.rules(), Vec::<&str>::new());
        sample.note(CLIENT, None, edge("CREATED", "established", "CREATED", None));
        sample.note(CLIENT, None, edge("CREATED", "bind", "CONNECTED", None));
        assert_eq!(sample.rules(), ["never", "never"]);
        sample.header.tables.clear();
        assert_eq!(sample.rules(), Vec::<&str>::new(), "a trace of other tables");
    }
}
