//! KMS adapter: the agency key.
