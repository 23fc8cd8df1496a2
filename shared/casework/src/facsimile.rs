//! The pictures of handwritten signatures and seals: taken from an office once, found again whenever a signature shows them.
//!
//! Does not ask for rights (the caller has). A picture that is gone or is not what was taken holds up nobody: the copy is made without it,
//! since what counts is the digital signature. A bucket that does not answer is a fault like any other, so that two runs make the same bytes.

use compose::{FACSIMILE_BYTES, Facsimile, Unusable};
use domain::ids::{UnitId, UserId};
use domain::model::{Sha256, Stored, Unit, User};
use domain::paths;
use domain::ports::{Fault, Objects, Records, Write};
use domain::refusal::Refusal;

use crate::Halt;
use crate::support::{self, Commit, ROUNDS, commit, contention, create, sha256};

/// Whose picture it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Owner<'a> {
    /// The unit's seal.
    Seal,
    /// The handwritten signature of one of its leaders.
    Leader(&'a UserId),
}

/// Takes a picture and shows it on what is submitted from now on. Copies that were submitted before keep what they have.
///
/// # Errors
/// [`Refusal`] `validation-failed` with what is wrong with the picture, `not-found` for somebody who signs nothing there; faults of the ports.
pub async fn adopt(
    records: &impl Records,
    objects: &impl Objects,
    unit: &UnitId,
    owner: Owner<'_>,
    png: Vec<u8>,
) -> Result<Sha256, Halt> {
    let of = match owner {
        Owner::Seal => Facsimile::Seal,
        Owner::Leader(_) => Facsimile::Signature,
    };
    compose::facsimile(&png, of).map_err(|unusable| refused(&unusable))?;
    let digest = sha256(&[&png]);
    for _ in 0..ROUNDS {
        let office = support::unit(records, unit).await?;
        let write = match owner {
            Owner::Seal => Write::Unit(Unit { seal_picture: Some(digest), ..office }),
            Owner::Leader(user) if office.leaders.contains(user) => {
                let user = support::user(records, user).await?;
                Write::User(User { signature_picture: Some(digest), ..user })
            }
            Owner::Leader(_) => return Err(Refusal::NotFound.into()),
        };
        create(objects, &paths::picture(unit, &digest), png.clone(), "image/png").await?;
        if commit(records, vec![write]).await == Commit::Written {
            return Ok(digest);
        }
    }
    Err(contention())
}

fn refused(unusable: &Unusable) -> Refusal {
    Refusal::Invalid { pointer: "/picture".into(), code: "picture-unusable", detail: unusable.vi() }
}

/// The picture of this digest, if there is one that may be drawn.
pub(crate) async fn picture(
    objects: &impl Objects,
    unit: &UnitId,
    digest: Option<&Sha256>,
    of: Facsimile,
) -> Result<Option<Vec<u8>>, Fault> {
    let Some(digest) = digest else { return Ok(None) };
    // No more than may be drawn; one that is longer has another digest then.
    let path = paths::picture(unit, digest);
    let file = Stored { path, sha256: *digest, size: FACSIMILE_BYTES, midstate: None, etag: None };
    let png = objects.part(&file, 0..FACSIMILE_BYTES).await?;
    Ok(png.filter(|png| sha256(&[png]) == *digest && compose::facsimile(png, of).is_ok()))
}
