//! The house rules that a machine can check: arrows, thin mains, words, template, rights, routes, licences, documents.
//!
//! Reads the sources and `cargo metadata`; starts nothing and needs no network. Every finding says what to do.

mod arrows;
mod documents;
mod folders;
mod house;
mod licences;
mod rights;
mod routes;
mod sources;
mod template;
