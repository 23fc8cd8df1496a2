//! Scans of every kind become pages, upright and of the right size; what must not become a page is refused with its code (R35–R38).

mod batch;
mod hostile;
mod look;
mod read;
mod record;
mod refusals;
mod scans;
mod table;
