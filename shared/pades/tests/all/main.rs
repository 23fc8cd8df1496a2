//! Copies are made, judged, attacked; foreign files are judged as their sources say.

mod afresh;
mod attacks;
#[path = "../../../pki/tests/all/beside.rs"]
mod beside;
mod catalogue;
mod common;
mod containers;
mod corpora;
mod cycle;
mod drawn;
#[path = "../../../pki/tests/all/edits.rs"]
mod edits;
mod identity;
mod over;
mod past;
mod proofs;
mod readers;
mod rules;
mod situations;
mod sources;
mod words;
