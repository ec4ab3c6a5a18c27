//! Every state against every class of segment: what an end does, beside what RFC 9293 says.

mod classes;
mod expected;
mod lab;
mod verdicts;

use crate::support::root;
use classes::{CLASSES, Class};
use drywire::packet::Segment;
use drywire::scenario::model::ModelSpec;
use drywire::tcp::State;
use expected::{Expected, Reply, expected};
use lab::{Lab, PLACES, Place};
use std::collections::BTreeMap;
use verdicts::{Kind, Why, why_smoltcp_differs};

/// One cell.
struct Cell {
    place: Place,
    class: &'static str,
    told: Expected,
    state: State,
    reply: Vec<Reply>,
}

impl Cell {
    fn of(place: Place, (class, make): &Class, model: Option<ModelSpec>) -> Cell {
        let mut lab = Lab::at(place, model);
        let heard = make(lab.numbers);
        let told = expected(&lab, place.state(), heard.as_ref());
        let sent: Vec<Segment> = match &heard {
            Some(heard) => lab.take(heard),
            None => lab.departures(),
        };
        Cell { place, class, told, state: lab.state(), reply: sent.iter().map(Reply::from).collect() }
    }

    fn state_agrees(&self) -> bool {
        self.state == self.told.state
    }

    fn agrees(&self) -> bool {
        self.state_agrees() && self.reply.iter().eq(self.told.reply.iter())
    }

    fn name(&self) -> String {
        format!("{}: {}", self.place.name(), self.class)
    }

    /// What it did, and what the RFC says, where that is something else.
    fn line(&self, why: Option<Why>) -> String {
        let inputs: Vec<String> = self.told.inputs.iter().map(|input| input.to_string()).collect();
        let inputs = if inputs.is_empty() { "-".to_owned() } else { inputs.join(", ") };
        let did = did(self.state, &self.reply);
        let verdict = match (self.agrees(), why) {
            (true, _) => "agrees".to_owned(),
            (false, Some(why)) => format!("{} ({}): {}", why.kind, why.level, why.text),
            (false, None) => "DIFFERS".to_owned(),
        };
        let mut line = format!("  {:24}{did:42}  {:30}  {inputs}\n", self.class, self.told.clause);
        if !self.agrees() {
            line.push_str(&format!("  {:24}{:42}  {verdict}\n", "    RFC 9293:", did_rfc(&self.told)));
        }
        line
    }
}

fn did(state: State, reply: &[Reply]) -> String {
    let reply: Vec<String> = reply.iter().map(Reply::to_string).collect();
    let reply = if reply.is_empty() { "-".to_owned() } else { reply.join("; ") };
    format!("{:14}{reply}", state.to_string())
}

fn did_rfc(told: &Expected) -> String {
    did(told.state, told.reply.as_slice())
}

fn cells(model: Option<ModelSpec>) -> Vec<Cell> {
    PLACES.iter().flat_map(|&place| CLASSES.iter().map(move |class| Cell::of(place, class, model))).collect()
}

/// The whole table, with its counts at the top.
fn table(stack: &str, cells: &[Cell], why: fn(Place, &str) -> Option<Why>) -> String {
    let count = |wanted: &dyn Fn(&&Cell) -> bool| cells.iter().filter(wanted).count();
    let states = count(&|cell| cell.state_agrees());
    let all = count(&|cell| cell.agrees());
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for why in cells.iter().filter(|cell| !cell.agrees()).filter_map(|cell| why(cell.place, cell.class)) {
        *kinds.entry(why.kind).or_default() += 1;
    }
    let mut out = format!(
        "{stack} against RFC 9293: {} states x {} classes of segment = {} cells\n\
         the state agrees in {states}, state and reply in {all}\n",
        PLACES.len(),
        CLASSES.len(),
        cells.len(),
    );
    out.extend(kinds.iter().map(|(kind, cells)| format!("{kind}: {cells} cells\n")));
    for place in PLACES {
        out.push_str(&format!("\n{}\n", place.name()));
        out.extend(cells.iter().filter(|cell| cell.place == place).map(|cell| cell.line(why(cell.place, cell.class))));
    }
    out
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn smoltcp_differs_from_the_rfc_where_we_know_why() {
    let cells = cells(None);
    let known = |cell: &Cell| why_smoltcp_differs(cell.place, cell.class).is_some();
    let wrong: Vec<String> = cells
        .iter()
        .filter(|cell| cell.agrees() == known(cell))
        .map(|cell| cell.name() + "\n" + &cell.line(None))
        .collect();
    assert!(wrong.is_empty(), "not as the reasons say:\n{}", wrong.concat());
    snapshot("matrix-smoltcp", &table("smoltcp 0.14.0", &cells, why_smoltcp_differs));
}

/// The model, which is to do in every cell what the RFC says.
fn the_model_agrees(name: &str, title: &str, spec: ModelSpec) {
    let cells = cells(Some(spec));
    let differ = cells.iter().filter(|cell| !cell.agrees());
    let wrong: Vec<String> = differ.map(|cell| cell.name() + "\n" + &cell.line(None)).collect();
    assert!(wrong.is_empty(), "{title} differs:\n{}", wrong.concat());
    snapshot(name, &table(title, &cells, |_, _| None));
}

#[test]
fn the_model_never_differs_from_the_rfc() {
    the_model_agrees("matrix-model", "the model", ModelSpec::default());
}

#[test]
fn the_model_never_differs_from_the_rfc_with_its_older_rule_for_a_syn() {
    the_model_agrees(
        "matrix-model-rfc793",
        "the model with rfc793",
        ModelSpec { rfc793: true, ..ModelSpec::default() },
    );
}
