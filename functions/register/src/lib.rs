//! Lambda function register.
