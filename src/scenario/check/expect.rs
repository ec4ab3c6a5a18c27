//! Expectations, in a fixed order: paths, ending, counts, times.

use super::Checker;
use crate::base::{NodeId, Span};
use crate::machine::Finite;
use crate::scenario::diagnostic::{Place, did_you_mean, listed, quoted};
use crate::scenario::leaf::{Leaf, Placed, word_of};
use crate::scenario::model::{Claim, CountOf, Expectation, RecordMatch};
use crate::scenario::table::Table;
use crate::scenario::tables::{CountTable, ElapsedTable, ExpectTable, Root};
use crate::scenario::units::duration_text;
use crate::scenario::value::{Key, Value};
use crate::scenario::words::{Path, conn_name, end_named};
use crate::socket_api::Errno;
use crate::trace::{DropWhy, NodeKind, TimerKind};
use core::ops::Range;

/// Words of losses, as the trace's faults are called.
const LOSSES: [&str; 6] = ["dropped", "lost", "lost-in-burst", "queue-full", "cut", "too-big"];

impl Checker<'_> {
    pub(super) fn expectations(&mut self, root: &Root) {
        let Some(table) = root.expect.as_ref().map(|expect| &expect.value) else { return };
        for (key, value) in &table.rest {
            let claim = self.path(key, value);
            self.expect(claim, &value.place);
        }
        if let Some(ending) = &table.ending {
            self.expect(Some(Claim::Ending(word_of(ending.value).to_owned())), &ending.place);
        }
        self.short_counts(table);
        for count in table.count.iter().flat_map(|counts| &counts.value) {
            let claim = self.count(&count.value);
            self.expect(claim, &count.place);
        }
        for elapsed in table.elapsed.iter().flat_map(|elapsed| &elapsed.value) {
            let claim = self.elapsed(&elapsed.value);
            self.expect(claim, &elapsed.place);
        }
        self.out.known = table.known.iter().flat_map(|known| &known.value).map(|rule| rule.value.clone()).collect();
    }

    fn expect(&mut self, claim: Option<Claim>, place: &Place) {
        self.out.expect.extend(claim.map(|claim| Expectation { claim, span: place.clone() }));
    }

    /// `server = "LISTEN > …"`, `"server client.2 acceptor" = "…"`.
    fn path(&mut self, key: &Key, value: &Value) -> Option<Claim> {
        let mut words = key.text.split_whitespace();
        let host = words.next().unwrap_or_default();
        let node = match self.nodes.get(host) {
            Some(_) => self.host(host, &key.place),
            None => {
                self.no_such_expectation(key, host);
                None
            }
        };
        let states = Path::decode(value, self.errors);
        let (mut conn, mut end) = (None, None);
        for word in words {
            match end_named(word) {
                Some(named) => end = Some(named),
                None => conn = Some(self.connection(word, &key.place)?),
            }
        }
        Some(Claim::Path { node: node?, conn, end, states: states? })
    }

    fn no_such_expectation(&mut self, key: &Key, host: &str) {
        let hosts = self.out.nodes.iter().filter(|node| node.kind == NodeKind::Host).map(|node| &*node.name);
        let known: Vec<&str> = hosts.clone().chain(ExpectTable::keys()).collect();
        let help = match did_you_mean(host, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => listed("hosts are", hosts),
        };
        self.errors
            .add(key.place.clone(), format!("{} is neither a host nor a key of [expect]", quoted(host)), help)
            .label("unknown");
        self.errors.doubtful();
    }

    fn connection(&mut self, text: &str, place: &Place) -> Option<(NodeId, u32)> {
        let (host, n) = crate::scenario::leaf::report(conn_name(text), place, self.errors)?;
        Some((self.host(&host, place)?, n))
    }

    fn short_counts(&mut self, table: &ExpectTable) {
        let given = [
            (CountOf::Sent, &table.sent),
            (CountOf::Arrived, &table.arrived),
            (CountOf::Lost, &table.lost),
            (CountOf::Dropped, &table.dropped),
            (CountOf::Retransmissions, &table.retransmissions),
            (CountOf::Received, &table.received),
            (CountOf::Timers, &table.timers),
            (CountOf::Errors, &table.errors),
            (CountOf::Connections, &table.connections),
            (CountOf::Divergences, &table.divergences),
        ];
        for (what, count) in given {
            let Some(count) = count else { continue };
            let of = RecordMatch { what, node: None, conn: None, packet: None, word: None };
            self.expect(Some(Claim::Count { of, is: count.value.clone() }), &count.place);
        }
    }

    fn count(&mut self, table: &CountTable) -> Option<Claim> {
        let what = table.what.as_ref()?.value;
        self.count_keys(table, what);
        let node = table.host.as_ref().map(|host| self.node(host));
        let conn = table.conn.as_ref().map(|conn| {
            let (host, n) = &conn.value;
            self.host(host, &conn.place).map(|host| (host, *n))
        });
        let is = self.how_many(table)?;
        let of = RecordMatch {
            what,
            node: node.map_or(Some(None), |node| node.map(Some))?,
            conn: conn.map_or(Some(None), |conn| conn.map(Some))?,
            packet: table.kind.as_ref().map(|kind| kind.value),
            word: table.word.as_ref().map(|word| word.value.clone()),
        };
        Some(Claim::Count { of, is })
    }

    fn how_many(&mut self, table: &CountTable) -> Option<Range<u64>> {
        if let Some(is) = &table.is {
            if table.at_least.is_some() || table.at_most.is_some() {
                self.errors.add(is.place.clone(), "`is` beside `at-least` or `at-most`", "one or the other");
            }
            return Some(is.value.clone());
        }
        if !table.seen().iter().any(|(key, _)| matches!(*key, "is" | "at-least" | "at-most")) {
            self.errors.add(table.place.clone(), "how many?", "is = 2, or at-least = 1, or at-most = 3");
        }
        let bound = |field: &Option<Placed<i64>>| field.as_ref().and_then(|field| u64::try_from(field.value).ok());
        let low = bound(&table.at_least).unwrap_or(0);
        let high = bound(&table.at_most).map_or(u64::MAX, |most| most.saturating_add(1));
        if let (Some(most), true) = (&table.at_most, low >= high) {
            let help = format!("at-most = {low}, or more");
            self.errors.add(most.place.clone(), "less than `at-least`", help);
        }
        Some(low..high)
    }

    fn count_keys(&mut self, table: &CountTable, what: CountOf) {
        let packets = matches!(
            what,
            CountOf::Sent | CountOf::Arrived | CountOf::Lost | CountOf::Dropped | CountOf::Retransmissions
        );
        let name = word_of(what);
        if let (Some(kind), false) = (&table.kind, packets) {
            self.errors
                .add(
                    kind.place.clone(),
                    format!("`kind` has no meaning for `{name}`"),
                    "it belongs to `sent`, `arrived`, `lost`, `dropped` and `retransmissions`",
                )
                .label("these are no packets");
        }
        let Some(word) = &table.word else { return };
        let known: Vec<&str> = match what {
            CountOf::Lost => LOSSES.to_vec(),
            CountOf::Dropped => DropWhy::ALL.iter().map(|why| why.name()).collect(),
            CountOf::Timers => TimerKind::ALL.iter().map(|timer| timer.name()).collect(),
            CountOf::Errors => Errno::ALL.iter().map(|errno| errno.name()).collect(),
            CountOf::Divergences => return,
            CountOf::Sent | CountOf::Arrived | CountOf::Retransmissions | CountOf::Received | CountOf::Connections => {
                let help = "it belongs to `lost`, `dropped`, `timers`, `errors` and `divergences`";
                self.errors.add(word.place.clone(), format!("`word` has no meaning for `{name}`"), help);
                return;
            }
        };
        if !known.contains(&word.value.as_str()) {
            self.errors
                .unknown(word.place.clone(), "word", &word.value, known)
                .label(format!("not a word of `{name}`"));
        }
    }

    fn elapsed(&mut self, table: &ElapsedTable) -> Option<Claim> {
        let known = [&table.from, &table.to].into_iter().flatten().all(|label| self.label_exists(label));
        let low = table.at_least.as_ref().map(|least| least.value).unwrap_or_default();
        let high = table.at_most.as_ref().map_or(u64::MAX, |most| (most.value + Span(1)).0);
        if !table.seen().iter().any(|(key, _)| matches!(*key, "at-least" | "at-most")) {
            self.errors.add(table.place.clone(), "how long?", "at-least = \"1 s\", or at-most = \"2 s\"");
        }
        if let (Some(most), true) = (&table.at_most, low.0 >= high) {
            let help = format!("at-most = \"{}\", or more", duration_text(low));
            self.errors.add(most.place.clone(), "less than `at-least`", help);
        }
        let label = |label: &Option<Placed<String>>| label.as_ref().map(|label| label.value.clone());
        known.then(|| Claim::Elapsed { from: label(&table.from), to: label(&table.to), is: low.0..high })
    }
}
