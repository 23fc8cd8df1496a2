//! Lambda function intake. Wiring only.

fn main() {}
