//! Copies are made, judged, attacked; foreign files are judged as their sources say.

mod afresh;
mod attacks;
mod catalogue;
mod common;
mod corpora;
mod cycle;
mod past;
mod rules;
mod situations;
mod sources;
