//! In-memory ports with fates and pauses for exhaustive tests.
