//! Lambda function delivery. Wiring only.

fn main() {}
