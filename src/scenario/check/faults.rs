//! Named faults.

use super::Checker;
use crate::scenario::diagnostic::Place;
use crate::scenario::model::{FaultAction, FaultRule, PacketKind, PacketMatch};
use crate::scenario::table::Table;
use crate::scenario::tables::{FaultTable, Root, UntilTable, WhereTable};

impl Checker<'_> {
    pub(super) fn faults(&mut self, root: &Root) {
        for fault in root.faults.iter().flat_map(|faults| &faults.value) {
            if let Some(rule) = self.fault(&fault.value, &fault.place) {
                self.out.faults.push(rule);
            }
        }
    }

    fn fault(&mut self, table: &FaultTable, place: &Place) -> Option<FaultRule> {
        const KINDS: [&str; 5] = ["drop", "delay", "duplicate", "corrupt", "hold"];
        let seen: Vec<_> = table.seen().into_iter().filter(|(key, _)| KINDS.contains(key)).collect();
        let [(word, at)] = &seen[..] else {
            let help = format!("one of {}, as in drop = \"SYN,ACK\"", KINDS.join(", "));
            match seen.get(1) {
                Some((_, second)) => {
                    self.errors.add(second.clone(), "a fault does one thing", help).label("a second one")
                }
                None => self.errors.add(place.clone(), "a fault does nothing here", help),
            };
            return None;
        };
        self.fault_keys(table, word, at);
        let given = [&table.drop, &table.delay, &table.duplicate, &table.corrupt, &table.hold];
        let kind = given.into_iter().flatten().next().map(|kind| kind.value);
        let on = self.packets(kind.unwrap_or(PacketKind::Any), &table.on);
        let action = match *word {
            "drop" => FaultAction::Drop,
            "delay" => FaultAction::Delay(table.by.as_ref()?.value),
            "duplicate" => FaultAction::Duplicate,
            "corrupt" => FaultAction::Corrupt,
            _ => FaultAction::Hold(self.awaited(&table.until.as_ref()?.value, &on)?),
        };
        kind.map(|_| FaultRule { action, on })
    }

    fn fault_keys(&mut self, table: &FaultTable, word: &str, at: &Place) {
        let seen = table.seen();
        for (key, owner, example) in [("by", "delay", "by = \"300 ms\""), ("until", "hold", "until = \"data 3\"")] {
            let given = seen.iter().find(|(seen, _)| *seen == key);
            match given {
                Some((_, place)) if word != owner => {
                    self.errors
                        .add(
                            place.clone(),
                            format!("`{key}` has no meaning for `{word}`"),
                            format!("leave it out, or `{owner}` instead of `{word}`"),
                        )
                        .label(format!("it belongs to `{owner}`"));
                }
                None if word == owner => {
                    self.errors.add(at.clone(), format!("`{owner}` needs `{key}`"), format!("as in {example}"));
                }
                Some(_) | None => {}
            }
        }
    }

    fn packets(&mut self, kind: PacketKind, on: &WhereTable) -> PacketMatch {
        let seq = on.seq.as_ref().map(|seq| seq.value.clone());
        let textless = matches!(kind, PacketKind::Udp | PacketKind::Icmp | PacketKind::Arp);
        if let (true, Some(seq)) = (textless, &on.seq) {
            let help = "leave it out: `nth` tells such packets apart";
            self.errors.add(seq.place.clone(), "only TCP segments have sequence numbers", help);
        }
        PacketMatch {
            kind,
            from: on.from.as_ref().and_then(|from| self.node(from)),
            link: on.link.as_ref().and_then(|link| self.link(link)),
            nth: on.nth.as_ref().map(|nth| nth.value.clone()).unwrap_or_default(),
            seq,
        }
    }

    fn awaited(&mut self, until: &UntilTable, held: &PacketMatch) -> Option<PacketMatch> {
        let mut awaited = self.packets(until.kind.as_ref()?.value, &until.on);
        awaited.from = awaited.from.or(held.from);
        awaited.link = awaited.link.or(held.link);
        Some(awaited)
    }
}
