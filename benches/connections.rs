//! Whole connections a second.

fn main() {}
