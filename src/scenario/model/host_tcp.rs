//! Whose TCP a host has.

use crate::base::Span;

/// Whose TCP a host has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum HostTcp {
    /// The stack's.
    #[default]
    Smoltcp,
    /// The model peer's, which RFC 9293's own table runs.
    Model(ModelSpec),
    /// None: its programs make each segment, and take each that comes.
    Script,
}

impl HostTcp {
    /// What the model peer is set to, where it is that.
    pub const fn model(self) -> Option<ModelSpec> {
        match self {
            HostTcp::Model(spec) => Some(spec),
            HostTcp::Smoltcp | HostTcp::Script => None,
        }
    }
}

/// What a host with the model peer is set to besides its sockets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ModelSpec {
    /// A SYN in the window resets the connection, as in RFC 793.
    pub rfc793: bool,
    /// The maximum segment lifetime: TIME-WAIT lasts two.
    pub msl: Span,
}

impl Default for ModelSpec {
    fn default() -> Self {
        ModelSpec { rfc793: false, msl: Span::secs(120) }
    }
}
