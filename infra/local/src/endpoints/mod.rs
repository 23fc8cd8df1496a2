//! The embedded services. Each listens on its own loopback port and speaks the protocol of the AWS service, so that
//! the ordinary SDK is used everywhere and no line of a function differs from production (decision 15).

pub mod dynamodb;
pub mod kms;
pub mod s3;
pub mod ses;
