//! Arithmetic modulo 2^32 (RFC 9293, 3.4): "before" means by less than half the space.

/// a < b.
pub const fn before(a: u32, b: u32) -> bool {
    a != b && b.wrapping_sub(a) < 1 << 31
}

/// a =< b.
pub(super) const fn not_after(a: u32, b: u32) -> bool {
    a == b || before(a, b)
}

/// The later of the two.
pub(super) const fn later(a: u32, b: u32) -> u32 {
    if before(a, b) { b } else { a }
}

/// The earlier of the two.
pub(super) const fn earlier(a: u32, b: u32) -> u32 {
    if before(a, b) { a } else { b }
}

/// How far `b` lies beyond `a`; nothing if it does not.
pub(super) const fn beyond(a: u32, b: u32) -> u32 {
    if before(a, b) { b.wrapping_sub(a) } else { 0 }
}
