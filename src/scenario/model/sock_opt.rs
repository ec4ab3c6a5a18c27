//! Socket options, and the values that each takes: for what reads scenarios, for the sockets, and for the reference.

crate::finite! {
    /// A socket option.
    pub enum SockOpt {
        /// A port may be bound again while old connections are in TIME-WAIT: 0 or 1.
        ReuseAddr => "SO_REUSEADDR",
        /// Seconds that `close` lingers; 0 resets the connection; -1 is off.
        Linger => "SO_LINGER",
        /// Bytes of the receive buffer; before connect or listen.
        RcvBuf => "SO_RCVBUF",
        /// Bytes of the send buffer; before connect or listen.
        SndBuf => "SO_SNDBUF",
        /// Keep-alive probes: 0 or 1.
        KeepAlive => "SO_KEEPALIVE",
        /// Seconds of silence before the first probe.
        KeepIdle => "TCP_KEEPIDLE",
        /// Seconds between an unanswered probe and the next.
        KeepInterval => "TCP_KEEPINTVL",
        /// How many unanswered probes end the connection.
        KeepCount => "TCP_KEEPCNT",
        /// Nagle's algorithm off: 0 or 1.
        NoDelay => "TCP_NODELAY",
        /// Milliseconds without an acknowledgment after which the connection is given up; 0 is never.
        UserTimeout => "TCP_USER_TIMEOUT",
        /// Time to live of packets sent.
        Ttl => "IP_TTL",
        /// The pending error, read and cleared.
        Error => "SO_ERROR",
    }
}

/// The largest receive buffer with which the stack loses nothing.
pub const MAX_RCVBUF: u32 = 65_535;

/// The largest buffer at all.
pub const MAX_BUFFER: u32 = 64 << 20;

impl SockOpt {
    /// Its smallest and its largest value, and what they count; `None` where it can only be read.
    pub const fn range(self) -> Option<(i64, i64, &'static str)> {
        match self {
            SockOpt::ReuseAddr | SockOpt::KeepAlive | SockOpt::NoDelay => Some((0, 1, "0 is off, 1 is on")),
            SockOpt::Linger => Some((-1, 32_767, "seconds; -1 is off")),
            SockOpt::RcvBuf => Some((1, MAX_RCVBUF as i64, "bytes")),
            SockOpt::SndBuf => Some((1, MAX_BUFFER as i64, "bytes")),
            SockOpt::KeepIdle | SockOpt::KeepInterval => Some((1, 32_767, "seconds")),
            SockOpt::KeepCount => Some((1, 127, "probes")),
            SockOpt::UserTimeout => Some((0, u32::MAX as i64, "milliseconds; 0 is never")),
            SockOpt::Ttl => Some((1, 255, "hops")),
            SockOpt::Error => None,
        }
    }

    /// Whether it can be set to this.
    pub fn takes(self, value: i64) -> bool {
        self.range().is_some_and(|(low, high, _)| (low..=high).contains(&value))
    }
}
