//! Lambda function register. Wiring only.

fn main() {}
