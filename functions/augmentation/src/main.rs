//! Lambda function augmentation. Wiring only.

fn main() {}
