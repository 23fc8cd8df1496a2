//! Mirrors of what `verification` keeps. Everything here goes away by itself.

use domain::ids::*;
use domain::model::*;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::shape;
use crate::wire::{As, Hex, Id, Opt, Time};

shape!(KeptReportItem => KeptReport, KeptVerdictItem => KeptVerdict, WatchItem => Watch, WatcherItem => Watcher);

#[derive(Deserialize, Serialize)]
#[serde(remote = "KeptReport")]
pub(crate) struct KeptReportItem {
    #[serde(with = "As::<Id>")]
    id: VerificationId,
    #[serde(with = "As::<Opt<Id>>")]
    owner: Option<UserId>,
    #[serde(with = "As::<Opt<Id>>")]
    copy: Option<CopyId>,
    #[serde(with = "As::<Time>")]
    at: Timestamp,
    #[serde(with = "As::<Time>")]
    until: Timestamp,
    report: String,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "KeptVerdict")]
pub(crate) struct KeptVerdictItem {
    #[serde(with = "As::<Hex>")]
    sha256: Sha256,
    trust_list: u64,
    #[serde(with = "As::<Time>")]
    at: Timestamp,
    report: String,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Watch")]
pub(crate) struct WatchItem {
    #[serde(with = "As::<Id>")]
    copy: CopyId,
    #[serde(with = "As::<Id>")]
    verification: VerificationId,
    #[serde(with = "As::<WatcherItem>")]
    who: Watcher,
    #[serde(with = "As::<Time>")]
    at: Timestamp,
    #[serde(with = "As::<Time>")]
    until: Timestamp,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Watcher", rename_all = "snake_case")]
pub(crate) enum WatcherItem {
    User(#[serde(with = "As::<Id>")] UserId),
    Email(String),
}
