//! Lambda function accounts. Wiring only.

fn main() {}
