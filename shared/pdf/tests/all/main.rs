//! The reader and the incremental writer, on files written by hand for each rule.

mod files;
mod hostile;
mod increments;
mod objects;
mod readings;
mod revisions;
mod sources;
mod structure;
