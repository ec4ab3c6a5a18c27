//! The one list of machines that every view iterates. A new machine is one line here.

use crate::machine::Table;
use crate::socket_api::{Datagram, Socket};
use crate::tcp::Tcp;

/// All machines, in the order in which views list them.
pub fn catalog() -> Vec<Table> {
    vec![Table::of::<Tcp>(), Table::of::<Socket>(), Table::of::<Datagram>()]
}

/// The machine of this name.
pub fn machine(name: &str) -> Option<Table> {
    catalog().into_iter().find(|table| table.name == name)
}
