//! Lambda function appointment. Wiring only.

fn main() {}
