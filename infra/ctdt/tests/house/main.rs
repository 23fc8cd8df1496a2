//! The house from outside: the program `ctdt` as a process, driven over HTTP only (contract.md §3 and §4).

mod batches;
mod canary;
mod client;
mod contract;
mod crash;
mod crowd;
mod desk;
mod entry;
mod faults;
mod foreign;
mod guide;
mod hints;
mod job;
mod lambda;
mod large;
mod ministack;
mod office;
mod outage;
mod published;
mod qr;
mod refusals;
mod sandbox;
mod scenarios;
mod stack;
mod table;
mod verifying;
