//! House rules and flows.
