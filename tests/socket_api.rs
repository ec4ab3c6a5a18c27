//! The socket machines: sound, total, citing what exists, and their errno tables as a reviewer reads them.

use drywire::catalog::catalog;
use drywire::machine::{Finite, Machine, Step, Table, Verdict};
use drywire::socket_api::{Datagram, Input, Readiness, Socket, State, linux};
use std::collections::BTreeMap;
use std::fmt::Write;

#[test]
fn the_machines_are_sound() {
    assert_eq!(Table::of::<Socket>().audit(), Vec::<String>::new());
    assert_eq!(Table::of::<Datagram>().audit(), Vec::<String>::new());
    for name in ["socket", "datagram"] {
        assert!(catalog().iter().any(|table| table.name == name), "{name} is in the catalogue");
    }
}

#[test]
fn every_citation_of_the_linux_table_names_a_row() {
    for cell in Table::of::<Socket>().cells {
        let (Verdict::Go { clause, .. } | Verdict::Reject { clause, .. }) = cell.verdict else { continue };
        if clause.document == "Linux" {
            for id in clause.section.split(", ") {
                assert!(linux::sequence(id).is_some(), "{clause} is not in the table");
            }
        }
    }
}

/// Takes the inputs one after the other; gives what each said and the poll words after it, with data and room as given.
fn walk(inputs: &[Input], data: bool, room: bool) -> Vec<String> {
    let mut at = Socket::START;
    let mut said = Vec::new();
    for &input in inputs {
        match Socket::next(at, input) {
            Step::Go(to, outputs, _) => {
                at = to;
                let outputs: Vec<&str> = outputs.iter().map(|output| output.name()).collect();
                said.push(outputs.join("+"));
            }
            Step::Reject(errno, _) => said.push(errno.name().to_owned()),
            Step::Never => said.push(format!("{input} cannot come in {at}")),
        }
    }
    let error = matches!(at, State::Failed | State::Lost | State::Broken);
    said.push(Readiness::of(at, data, room, error).to_string());
    said
}

#[test]
fn refused_connects_are_told_as_linux_tells_them() {
    use Input::{Connect, ConnectOutcome, GetsockoptError, RcvRst, RecvEmpty, Send};
    let blocking = [Connect, RcvRst, ConnectOutcome, Send, RecvEmpty];
    assert_eq!(walk(&blocking, false, true)[2..], ["take pending error", "EPIPE", "ENOTCONN", "OUT|HUP"], "S01");
    let polling = [Connect, RcvRst];
    assert_eq!(walk(&polling, false, true)[2], "IN|OUT|ERR|HUP|RDHUP", "S02");
    let asking = [Connect, RcvRst, GetsockoptError, GetsockoptError, ConnectOutcome, Connect];
    let told = ["take pending error", "take pending error", "ECONNABORTED", "bind ephemeral+OPEN+EINPROGRESS", "-"];
    assert_eq!(walk(&asking, false, true)[2..], told, "S02, and then it may try again");
}

#[test]
fn lost_connections_give_data_then_the_error_then_the_end() {
    use Input::{Accepted, GetsockoptError, RcvFin, RcvRst, Recv, RecvEmpty, RecvPending, Send, SendPending};
    let reset = [Accepted, RcvRst, Recv, RecvPending, RecvEmpty, Send];
    let told = ["RECEIVE", "take pending error", "end of file", "EPIPE", "IN|OUT|HUP|RDHUP"];
    assert_eq!(walk(&reset, false, true)[2..], told, "S19, S21, S22");
    let broken = [Accepted, RcvFin, Send, RcvRst, SendPending, GetsockoptError, RecvEmpty];
    let told = ["SEND", "pending EPIPE", "take pending error", "take pending error", "end of file", "IN|OUT|HUP|RDHUP"];
    assert_eq!(walk(&broken, false, true)[2..], told, "S17");
    assert_eq!(walk(&broken[..2], false, true)[2], "IN|OUT|RDHUP", "S17, before the write");
    assert_eq!(walk(&broken[..4], false, true)[4], "IN|OUT|ERR|HUP|RDHUP", "S17, after the RST");
}

#[test]
fn shutting_the_reading_side_keeps_what_arrives() {
    use Input::{Accepted, Recv, RecvEmpty, ShutRd};
    let said = walk(&[Accepted, ShutRd, RecvEmpty, Recv, RecvEmpty], false, true);
    assert_eq!(said[2..], ["end of file", "RECEIVE", "end of file", "IN|OUT|RDHUP"], "S24");
}

#[test]
fn poll_words() {
    assert_eq!(Readiness::of(State::Connected, false, false, false).to_string(), "-", "S26: full, nothing to read");
    assert_eq!(Readiness::of(State::Listening, false, true, false).to_string(), "-", "S27");
    assert_eq!(Readiness::of(State::Listening, true, true, false).to_string(), "IN");
    assert_eq!(Readiness::of(State::Connecting, false, true, false).to_string(), "-", "S11");
}

/// Per input, what each state says to it; states that say the same share a line.
fn by_call(table: &Table) -> String {
    let mut text = format!("{}: {}\n", table.name, table.title);
    for (input, name) in table.inputs.iter().enumerate() {
        let mut lines: BTreeMap<usize, (String, Vec<&str>)> = BTreeMap::new();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for cell in table.cells.iter().filter(|cell| cell.input == input) {
            let says = match &cell.verdict {
                Verdict::Never => continue,
                Verdict::Reject { refusal, clause } => format!("{refusal:<14} ({clause})"),
                Verdict::Go { to, outputs, clause } if *to == cell.from => {
                    format!("stays          ({clause}) {}", outputs.join(", "))
                }
                Verdict::Go { to, outputs, clause } => {
                    format!("-> {:<11} ({clause}) {}", table.states[*to], outputs.join(", "))
                }
            };
            let line = *seen.entry(says.clone()).or_insert(cell.from);
            lines.entry(line).or_insert((says, Vec::new())).1.push(table.states[cell.from]);
        }
        let _ = writeln!(text, "\n{name}");
        for (says, states) in lines.values() {
            let _ = writeln!(text, "  {}: {}", states.join(" "), says.trim_end());
        }
    }
    text
}

#[test]
fn the_errno_tables() {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("errno-socket", by_call(&Table::of::<Socket>()));
        insta::assert_snapshot!("errno-datagram", by_call(&Table::of::<Datagram>()));
    });
}
