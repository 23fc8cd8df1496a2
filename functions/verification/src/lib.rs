//! Lambda function verification.
