//! Everything that `pki` builds is read back and judged; every rule is broken once.

mod cms;
mod corpora;
mod hostile;
mod limbo;
mod pki;
mod revocation;
mod trust;
mod trustlist;
mod tsp;
