//! Everything that `pki` builds is read back and judged; every rule is broken once.

mod algorithms;
mod answers;
mod apart;
mod beside;
mod cms;
mod corpora;
mod edits;
mod exact;
mod hostile;
mod interner;
mod limbo;
mod lists;
mod pki;
mod policies;
mod pool;
mod pure;
mod quirks;
mod revocation;
mod rewritten;
mod trust;
mod trustlist;
mod tsp;
