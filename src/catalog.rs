//! The one list of machines that every view iterates. A new machine is one line here.

use crate::machine::Table;
use crate::socket_api::{Datagram, Socket};
use crate::tcp::Tcp;
use std::sync::LazyLock;

/// All machines, in the order in which views list them.
pub fn catalog() -> Vec<Table> {
    vec![Table::of::<Tcp>(), Table::of::<Socket>(), Table::of::<Datagram>()]
}

/// Each machine's name with the hash of its table, as a trace's header has them. A table is a constant: they are worked
/// out once.
pub fn hashes() -> &'static [(String, String)] {
    static HASHES: LazyLock<Vec<(String, String)>> =
        LazyLock::new(|| catalog().iter().map(|table| (table.name.to_owned(), table.hash())).collect());
    &HASHES
}

/// The machine of this name.
pub fn machine(name: &str) -> Option<Table> {
    catalog().into_iter().find(|table| table.name == name)
}
