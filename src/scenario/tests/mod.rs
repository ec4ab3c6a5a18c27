//! The language as a whole.

use super::*;

const SIMS: [(&str, &str); 8] = [
    ("handshake", include_str!("../../../sims/handshake.toml")),
    ("handshake-syn-lost", include_str!("../../../sims/handshake-syn-lost.toml")),
    ("handshake-syn-ack-lost", include_str!("../../../sims/handshake-syn-ack-lost.toml")),
    ("socket-api-flow", include_str!("../../../sims/socket-api-flow.toml")),
    ("full-duplex", include_str!("../../../sims/full-duplex.toml")),
    ("half-close", include_str!("../../../sims/half-close.toml")),
    ("udp-echo", include_str!("../../../sims/udp-echo.toml")),
    ("router", include_str!("../../../sims/router.toml")),
];

#[test]
fn the_sims_load() {
    for (name, text) in SIMS {
        let loaded = load(name, text);
        assert!(loaded.is_ok(), "{}", loaded.unwrap_err());
    }
}
