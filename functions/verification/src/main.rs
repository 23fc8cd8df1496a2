//! Lambda function verification. Wiring only.

fn main() {}
