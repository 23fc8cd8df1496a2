//! Lambda function examiner. Wiring only.

fn main() {}
