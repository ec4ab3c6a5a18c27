//! Small numbers that name things within one run. A trace's header says what each stands for.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $int);

        impl $name {
            /// The number as an index into the list it was drawn from.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl From<$int> for $name {
            fn from(number: $int) -> Self {
                $name(number)
            }
        }

        impl From<$name> for $int {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id!(
    /// A record of the trace: its position, from 0.
    RecordId(u32)
);
id!(
    /// A host, switch or router: its position in the trace header's list of nodes.
    NodeId(u16)
);
id!(
    /// A link: its position in the trace header's list of links.
    LinkId(u16)
);
id!(
    /// A program on a host: its position in the trace header's list of actors.
    ActorId(u16)
);
id!(
    /// A TCP connection, in the order in which the run first saw them.
    ConnId(u32)
);
id!(
    /// A descriptor of one host's descriptor table, from 3 as in a Unix process; never used twice in a run.
    Fd(u32)
);
