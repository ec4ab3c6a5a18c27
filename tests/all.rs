//! All integration tests, in one binary.

mod socket_api;
