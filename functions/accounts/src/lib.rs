//! Lambda function accounts.
