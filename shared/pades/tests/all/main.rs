//! Copies are made, judged, attacked; foreign files are judged as their sources say.

mod afresh;
mod anew;
mod answers;
mod attacks;
#[path = "../../../pki/tests/all/beside.rs"]
mod beside;
mod bounds;
mod catalogue;
mod common;
mod containers;
mod corpora;
mod cycle;
mod drawing;
mod drawn;
#[path = "../../../pki/tests/all/edits.rs"]
mod edits;
mod held;
mod identity;
mod over;
mod pages;
mod past;
mod people;
mod proofs;
mod readers;
mod renewals;
mod reserve;
#[path = "../../../pki/tests/all/rewritten.rs"]
mod rewritten;
mod roles;
mod rules;
mod sections;
mod situations;
mod sources;
mod wanted;
mod wording;
mod words;
