//! Lambda function intake.
