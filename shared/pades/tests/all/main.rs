//! Copies are made, judged, attacked; foreign files are judged as their sources say.

mod attacks;
mod common;
mod corpora;
mod cycle;
