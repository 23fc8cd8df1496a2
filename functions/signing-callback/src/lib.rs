//! Lambda function signing-callback.
