//! Lambda function delivery.
