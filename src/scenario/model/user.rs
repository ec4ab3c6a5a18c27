//! The calls of RFC 9293's own user interface (3.9.1).

use super::Target;
use crate::base::{Payload, Span};
use crate::trace::CallName;

/// One of them, with what it is told beside the connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserCall {
    /// The call.
    pub kind: UserCallKind,
    /// The user gives up so long after it, unless what was asked for has come about.
    pub timeout: Option<Span>,
}

/// Which call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UserCallKind {
    /// OPEN: of the connection between this local port and that foreign socket.
    Open {
        /// The local port.
        port: u16,
        /// The foreign socket.
        to: Target,
        /// To wait for the other end, not to send a SYN.
        passive: bool,
    },
    /// SEND.
    Send(Payload),
    /// RECEIVE.
    Receive {
        /// At most so many bytes.
        max: u32,
    },
    /// CLOSE.
    Close,
    /// ABORT.
    Abort,
    /// STATUS.
    Status,
}

impl UserCallKind {
    /// Its name.
    pub const fn name(&self) -> CallName {
        match self {
            UserCallKind::Open { .. } => CallName::UserOpen,
            UserCallKind::Send(_) => CallName::UserSend,
            UserCallKind::Receive { .. } => CallName::UserReceive,
            UserCallKind::Close => CallName::UserClose,
            UserCallKind::Abort => CallName::UserAbort,
            UserCallKind::Status => CallName::UserStatus,
        }
    }
}
