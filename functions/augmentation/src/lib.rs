//! Lambda function augmentation.
