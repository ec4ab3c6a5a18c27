//! Steps that are calls of RFC 9293's user interface: only the model peer has it.

use super::Checker;
use crate::base::NodeId;
use crate::machine::Finite;
use crate::scenario::actions::Verb;
use crate::scenario::diagnostic::Place;
use crate::scenario::model::{Action, UserCall, UserCallKind};
use crate::scenario::tables::StepTable;
use crate::scenario::value::Value;
use crate::trace::CallName;

/// What RECEIVE asks for at most, without `max`.
const RECEIVE_MAX: u32 = 65_536;

impl Checker<'_> {
    /// Such a step stands at a host of the model peer.
    pub(super) fn user_is_there(&mut self, node: NodeId, value: &Value) {
        let user = value.text().and_then(Verb::named).is_some_and(Verb::is_user_call);
        let host = self.out.nodes.get(node.index()).map(|node| &node.host);
        if user && host.is_some_and(|host| host.tcp.model().is_none()) {
            let verb = value.text().unwrap_or_default();
            let help = "a host with tcp = \"model\", or the socket call of the same purpose";
            self.errors
                .add(value.place.clone(), format!("`{verb}` is a call of RFC 9293's own user interface"), help)
                .label("this host has sockets alone");
        }
    }

    pub(super) fn user_call(&mut self, table: &StepTable, call: CallName, place: &Place) -> Option<Action> {
        let kind = match call {
            CallName::UserOpen => UserCallKind::Open {
                port: table.port.as_ref().and_then(|port| u16::try_from(port.value).ok())?,
                to: self.target(table)?,
                passive: table.passive.as_ref().is_some_and(|passive| passive.value),
            },
            CallName::UserSend => UserCallKind::Send(self.payload(&table.payload, "`SEND`", place)?),
            CallName::UserReceive => UserCallKind::Receive { max: self.bytes(&table.max)?.unwrap_or(RECEIVE_MAX) },
            CallName::UserClose => UserCallKind::Close,
            CallName::UserAbort => UserCallKind::Abort,
            _ => UserCallKind::Status,
        };
        let timeout = table.timeout.as_ref().map(|timeout| timeout.value);
        Some(Action::User(UserCall { kind, timeout }))
    }
}
