//! Lambda function appointment.
