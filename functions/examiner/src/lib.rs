//! Lambda function examiner.
