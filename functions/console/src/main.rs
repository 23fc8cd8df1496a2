//! Lambda function console. Wiring only.

fn main() {}
