//! The pictures of handwritten signatures and seals: found again whenever a signature shows them.
//!
//! Takes none from anybody ([`crate::office`] does). A picture that is gone or is not what was taken holds up nobody: the copy is made without
//! it, since what counts is the digital signature. A bucket that does not answer is a fault like any other, so that two runs make the same bytes.

use compose::{FACSIMILE_BYTES, Facsimile};
use domain::model::{Sha256, Stored};
use domain::ports::{Fault, Objects};

use crate::support::sha256;

/// The picture of this digest at its path, if there is one that may be drawn.
pub(crate) async fn picture(
    objects: &impl Objects,
    (path, digest): (String, Sha256),
    of: Facsimile,
) -> Result<Option<Vec<u8>>, Fault> {
    // No more than may be drawn; one that is longer has another digest then.
    let file = Stored { path, sha256: digest, size: FACSIMILE_BYTES, midstate: None, etag: None };
    let png = objects.part(&file, 0..FACSIMILE_BYTES).await?;
    Ok(png.filter(|png| sha256(&[png]) == digest && compose::facsimile(png, of).is_ok()))
}
