//! The bytes of a file: those that were sent, or an object that is read where it is asked.
//!
//! Does not decide by what a file is judged: [`Judge`] says that. Does not hold an object.

use std::io::Cursor;
use std::sync::Arc;

use api::Problem;
use domain::model::Sha256;
use domain::ports::Fault;
use pades::{RegisterFacts, Report};
use sha2::Digest as _;

use crate::dossier::{Dossier, File, Refused, is_zip};
use crate::{Judge, unopened};
use objects::ranged::{Object, Ranged, Reader};

/// The bytes of one file.
pub(crate) enum Body {
    /// What was sent, or came out of an archive.
    Held(Vec<u8>),
    /// An upload, or a copy of ours.
    Stored(Arc<Ranged<Object>>),
}

impl Body {
    /// Whether it begins as an archive does.
    pub(crate) fn is_zip(&self) -> bool {
        match self {
            Self::Held(bytes) => is_zip(bytes),
            Self::Stored(object) => is_zip(object.first()),
        }
    }

    /// SHA-256 of all bytes.
    pub(crate) async fn sha256(&self) -> Result<Sha256, Fault> {
        match self {
            Self::Held(bytes) => Ok(sha2::Sha256::digest(bytes).into()),
            Self::Stored(object) => object.sha256().await,
        }
    }

    /// The report about it. An object that cannot be read to its end has none.
    pub(crate) async fn report(&self, judge: &Judge, register: Option<RegisterFacts>) -> Result<Report, Fault> {
        match self {
            Self::Held(bytes) => Ok(judge.report(bytes, register)),
            Self::Stored(object) => {
                let judge = judge.clone();
                object.ask(move |source| judge.report_source(source.as_ref(), register)).await
            }
        }
    }

    /// Its files, when it is an archive.
    ///
    /// # Errors
    /// Why it is not opened.
    pub(crate) async fn files(&self) -> Result<Files<'_>, Problem> {
        match self {
            Self::Held(bytes) => Dossier::open(bytes).map(Files::Held).map_err(unopened),
            Self::Stored(object) => {
                let open = |source: &Arc<Ranged<Object>>| {
                    let reader = Reader::new(Arc::clone(source));
                    Ok(Dossier::read(reader, pades::Source::len(source.as_ref()) as u64))
                };
                let dossier = object.ask(open).await?.map_err(unopened)?;
                Ok(Files::Stored(Arc::clone(object), Some(dossier)))
            }
        }
    }
}

/// The files of an archive.
pub(crate) enum Files<'a> {
    Held(Dossier<Cursor<&'a [u8]>>),
    /// The dossier is away while it is read.
    Stored(Arc<Ranged<Object>>, Option<Dossier<Reader<Object>>>),
}

impl Files<'_> {
    /// The next one; `None` at the end.
    ///
    /// # Errors
    /// Why there is none; an archive that cannot be read to its end is not taken for a damaged one.
    pub(crate) async fn next_file(&mut self) -> Result<Option<File>, Problem> {
        let next: Result<Option<File>, Refused> = match self {
            Self::Held(dossier) => dossier.next_file(),
            Self::Stored(object, away) => {
                let Some(mut dossier) = away.take() else { return Ok(None) };
                let unpack = move |_: &Arc<Ranged<Object>>| {
                    let next = dossier.next_file();
                    Ok((dossier, next))
                };
                let (dossier, next) = object.ask(unpack).await?;
                *away = Some(dossier);
                next
            }
        };
        next.map_err(unopened)
    }
}
