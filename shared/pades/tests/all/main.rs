//! Copies are made, judged, attacked; foreign files are judged as their sources say.

mod afresh;
mod attacks;
mod catalogue;
mod common;
mod containers;
mod corpora;
mod cycle;
#[path = "../../../pki/tests/all/edits.rs"]
mod edits;
mod past;
mod rules;
mod situations;
mod sources;
