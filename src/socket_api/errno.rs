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
