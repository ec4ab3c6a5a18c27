//! The errors that socket calls return, by their libc names.

crate::finite! {
    /// What a socket call failed with (POSIX.1-2017, `<errno.h>`; `man 7 tcp`, `man 7 udp`).
    pub enum Errno {
        /// The address is in use by another socket.
        Eaddrinuse => "EADDRINUSE",
        /// The address is not one of this host's, or no ephemeral port is left.
        Eaddrnotavail => "EADDRNOTAVAIL",
        /// The call would block and the socket is non-blocking.
        Eagain => "EAGAIN",
        /// A connection attempt is already going on.
        Ealready => "EALREADY",
        /// Not an open descriptor.
        Ebadf => "EBADF",
        /// The connection was aborted before it was used.
        Econnaborted => "ECONNABORTED",
        /// Nobody listens at the remote address.
        Econnrefused => "ECONNREFUSED",
        /// The peer reset the connection.
        Econnreset => "ECONNRESET",
        /// A destination is required and none was given.
        Edestaddrreq => "EDESTADDRREQ",
        /// The remote host cannot be reached.
        Ehostunreach => "EHOSTUNREACH",
        /// The connection attempt goes on; poll for writability.
        Einprogress => "EINPROGRESS",
        /// The call does not fit the socket's state, or an argument is invalid.
        Einval => "EINVAL",
        /// The socket is connected already.
        Eisconn => "EISCONN",
        /// The datagram is larger than the path takes.
        Emsgsize => "EMSGSIZE",
        /// No route to the network.
        Enetunreach => "ENETUNREACH",
        /// No such protocol option.
        Enoprotoopt => "ENOPROTOOPT",
        /// The socket is not connected.
        Enotconn => "ENOTCONN",
        /// The call is not for this type of socket.
        Eopnotsupp => "EOPNOTSUPP",
        /// The sending direction is shut down.
        Epipe => "EPIPE",
        /// The peer did not answer in time.
        Etimedout => "ETIMEDOUT",
        /// The name has no address (`getaddrinfo`'s EAI_NONAME).
        Enoname => "EAI_NONAME",
        /// No name server answered (`getaddrinfo`'s EAI_AGAIN).
        Etryagain => "EAI_AGAIN",
    }
}

impl Errno {
    /// Linux's number for it (asm-generic), as SO_ERROR gives it; for the resolver's errors `getaddrinfo`'s.
    pub const fn number(self) -> i64 {
        match self {
            Errno::Ebadf => 9,
            Errno::Eagain => 11,
            Errno::Einval => 22,
            Errno::Epipe => 32,
            Errno::Edestaddrreq => 89,
            Errno::Emsgsize => 90,
            Errno::Enoprotoopt => 92,
            Errno::Eopnotsupp => 95,
            Errno::Eaddrinuse => 98,
            Errno::Eaddrnotavail => 99,
            Errno::Enetunreach => 101,
            Errno::Econnaborted => 103,
            Errno::Econnreset => 104,
            Errno::Eisconn => 106,
            Errno::Enotconn => 107,
            Errno::Etimedout => 110,
            Errno::Econnrefused => 111,
            Errno::Ehostunreach => 113,
            Errno::Ealready => 114,
            Errno::Einprogress => 115,
            Errno::Enoname => -2,
            Errno::Etryagain => -3,
        }
    }
}
