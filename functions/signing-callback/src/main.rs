//! Lambda function signing-callback. Wiring only.

fn main() {}
