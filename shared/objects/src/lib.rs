//! S3 adapter.
