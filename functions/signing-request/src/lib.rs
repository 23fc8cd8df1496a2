//! Lambda function signing-request.
