//! Lambda function numbering. Wiring only.

fn main() {}
