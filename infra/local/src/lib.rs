//! The local cloud: DynamoDB, S3, KMS, SES, test PKI, stream pump and router.
