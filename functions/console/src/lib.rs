//! Lambda function console.
