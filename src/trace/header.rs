//! What a trace says before its first record.

use core::net::IpAddr;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the trace's format: raised when a record's meaning changes.
pub const FORMAT: u32 = 1;

/// What the ids of the records stand for, and by what the run was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`] at the time of writing.
    pub format: u32,
    /// The scenario's file name, or the name that the builder gave it.
    pub scenario: String,
    /// The scenario's title.
    pub title: String,
    /// The seed of the run.
    pub seed: u64,
    /// The TCP/IP stack and its version.
    pub stack: String,
    /// The hash of each machine's table, by machine.
    pub tables: BTreeMap<String, String>,
    /// Hosts, switches and routers, by [`crate::base::NodeId`].
    pub nodes: Vec<NodeInfo>,
    /// Links, by [`crate::base::LinkId`].
    pub links: Vec<LinkInfo>,
    /// Programs, by [`crate::base::ActorId`].
    pub actors: Vec<ActorInfo>,
}

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// Runs programs on a TCP/IP stack.
    Host,
    /// Learns hardware addresses and forwards Ethernet frames.
    Switch,
    /// Forwards IP packets between subnets.
    Router,
}

/// A node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NodeInfo {
    /// Its name in the scenario.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// Its addresses; a switch has none.
    pub addrs: Vec<IpAddr>,
    /// Its TCP is the model peer; else it is the stack's.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub model: bool,
}

/// A link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkInfo {
    /// Its name in the scenario.
    pub name: String,
    /// The two nodes that it joins, by index.
    pub ends: [u16; 2],
    /// Frames have Ethernet headers (else they begin with the IP header).
    pub ethernet: bool,
}

/// A program on a host.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ActorInfo {
    /// The host, by index.
    pub node: u16,
    /// Its name: the host's, or `host/program` where a host has several.
    pub name: String,
}
