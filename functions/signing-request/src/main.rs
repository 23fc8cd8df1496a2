//! Lambda function signing-request. Wiring only.

fn main() {}
