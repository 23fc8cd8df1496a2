//! Lambda function numbering.
