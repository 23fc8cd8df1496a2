//! Mirrors of what CAs are asked about X.509 certificates. Everything here goes away by itself.

use domain::inquiry::*;
use domain::model::*;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::shape;
use crate::wire::{As, Bin, Hex, Many, Opt, Time};

shape!(InquiryItem => Inquiry, InquiryStateItem => InquiryState, QuestionItem => Question, PieceItem => Piece);
shape!(PieceKindItem => PieceKind, CauseItem => Cause);

#[derive(Deserialize, Serialize)]
#[serde(remote = "Inquiry")]
pub(crate) struct InquiryItem {
    #[serde(with = "As::<Hex>")]
    id: Sha256,
    #[serde(with = "As::<Time>")]
    at: Timestamp,
    #[serde(with = "As::<Time>")]
    until: Timestamp,
    #[serde(with = "As::<InquiryStateItem>")]
    state: InquiryState,
    version: Version,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "InquiryState", rename_all = "snake_case")]
pub(crate) enum InquiryStateItem {
    Asked(#[serde(with = "As::<QuestionItem>")] Question),
    Answered(#[serde(with = "As::<Many<PieceItem>>")] Vec<Piece>),
    Failed(#[serde(with = "As::<CauseItem>")] Cause),
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Question")]
pub(crate) struct QuestionItem {
    #[serde(with = "As::<Many<Bin>>")]
    path: Vec<Vec<u8>>,
    valid_at: i64,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Piece")]
pub(crate) struct PieceItem {
    #[serde(with = "As::<PieceKindItem>")]
    kind: PieceKind,
    #[serde(with = "As::<Hex>")]
    sha256: Sha256,
    size: u64,
    #[serde(with = "As::<Time>")]
    this_update: Timestamp,
    #[serde(with = "As::<Opt<Time>>")]
    next_update: Option<Timestamp>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "PieceKind", rename_all = "snake_case")]
pub(crate) enum PieceKindItem {
    Ocsp,
    Crl,
}

/// The names are those of [`Cause::code`].
#[derive(Deserialize, Serialize)]
#[serde(remote = "Cause")]
pub(crate) enum CauseItem {
    #[serde(rename = "path-untrusted")]
    Untrusted,
    #[serde(rename = "no-address")]
    NoAddress,
    #[serde(rename = "host-not-allowed")]
    HostNotAllowed,
    #[serde(rename = "no-answer")]
    NoAnswer,
    #[serde(rename = "answer-unusable")]
    Unusable,
}
