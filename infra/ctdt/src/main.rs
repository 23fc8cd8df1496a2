//! The program ctdt: demo, dev, verify, simpki.

fn main() {}
