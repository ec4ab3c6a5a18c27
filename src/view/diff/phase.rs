//! The part of a run in which a line stands: what a reader wants to be told first.

use crate::trace::Row;
use serde::Serialize;
use std::collections::BTreeMap;

/// A part of a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Phase {
    /// Sockets are made and bound.
    SetUp,
    /// A connection opens.
    Open,
    /// Data goes to and fro.
    Exchange,
    /// A connection closes, or is reset.
    Close,
    /// Links and hosts go and come, neighbours and errors are told of.
    Network,
    /// How the run ends.
    End,
    /// What the judge says of it.
    Judgement,
}

impl Phase {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Phase::SetUp => "set-up",
            Phase::Open => "open",
            Phase::Exchange => "exchange",
            Phase::Close => "close",
            Phase::Network => "network",
            Phase::End => "end",
            Phase::Judgement => "judgement",
        }
    }

    /// The part of its life in which a state is, if it was in this one before. CLOSED is the beginning and the end.
    pub(super) fn of_state(state: &str, before: Option<&str>) -> Phase {
        match state {
            "ESTABLISHED" => Phase::Exchange,
            "LISTEN" | "SYN-SENT" | "SYN-RECEIVED" => Phase::Open,
            "CREATED" | "BOUND" | "LISTENING" | "CONNECTING" | "CONNECTED" => Phase::Open,
            "CLOSED" if before.is_none_or(|before| before.starts_with("SYN-")) => Phase::Open,
            _ => Phase::Close,
        }
    }

    /// The part to which a move between two states belongs.
    pub(super) fn of_move(from: &str, to: &str) -> Phase {
        match Phase::of_state(to, Some(from)) {
            Phase::Close => Phase::Close,
            _ => Phase::Open,
        }
    }
}

/// Follows the connections of a run.
#[derive(Default)]
pub(super) struct Phases {
    now: BTreeMap<(String, String), Phase>,
}

impl Phases {
    /// The phase of the next line.
    pub(super) fn of(&mut self, row: &Row) -> Phase {
        let key = (row.host.clone(), row.subject.clone());
        match row.layer.as_str() {
            "tcp" | "sock" | "dgram" => {
                let Some((from, to)) = row.text.split_once(" -> ") else { return Phase::Network };
                let to = to.split(' ').next().unwrap_or(to);
                let phase = Phase::of_move(from, to);
                let after = Phase::of_state(to, Some(from));
                self.now.insert(key, after);
                phase
            }
            "call" if is_set_up(&row.text) => Phase::SetUp,
            "call" if row.text.contains("accept(") || row.text.contains("connect(") => Phase::Open,
            "call" if row.text.contains("close(") || row.text.contains("shutdown(") => Phase::Close,
            "call" | "seg>" | "seg<" | "timer" | "drop" | "link" if is_conn(&row.subject) => {
                self.now.get(&key).copied().unwrap_or(Phase::Open)
            }
            "call" if row.text.contains("setsockopt(") => Phase::SetUp,
            "conn" => Phase::Open,
            "call" | "app" | "udp>" | "udp<" => Phase::Exchange,
            _ => Phase::Network,
        }
    }
}

fn is_set_up(text: &str) -> bool {
    ["socket(", "bind(", "listen("].iter().any(|call| text.starts_with(call))
}

/// `client.1`, not `fd 3` or `client:1024>server:53`.
fn is_conn(subject: &str) -> bool {
    !subject.contains(['>', ' ']) && subject.rsplit_once('.').is_some_and(|(_, n)| n.parse::<u32>().is_ok())
}
