//! cargo xtask: test, tidy, bench, release.

fn main() {}
