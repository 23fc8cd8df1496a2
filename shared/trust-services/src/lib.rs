//! TSA, OCSP, CRL and AIA over HTTP, with limits.
