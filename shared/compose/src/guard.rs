//! The one door through which files meet the decoders of others: a panic inside becomes a refusal.
//!
//! Hides no fault of ours: what is not about one file goes out as `compose-failed`, and the panic's own message went to the log before it
//! got here. Memory that runs out and stacks that overflow come past; the limits of each reader stand against those.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Kind, Unusable};

/// What a file of this kind is called when its decoder lost its head over it.
pub(crate) fn lost(kind: Kind) -> Unusable {
    let why = "the decoder gave up".to_owned();
    if kind == Kind::Pdf { Unusable::PdfBroken(why) } else { Unusable::ImageBroken(why) }
}

/// Does the work, or says `otherwise`. Whoever calls gives up with the answer, so what was changed half way is never seen.
pub(crate) fn guarded<T>(otherwise: Unusable, work: impl FnOnce() -> Result<T, Unusable>) -> Result<T, Unusable> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(otherwise))
}

/// As [`guarded`], where no single file can be named.
pub(crate) fn whole<T>(work: impl FnOnce() -> Result<T, Unusable>) -> Result<T, Unusable> {
    guarded(Unusable::Compose("a panic".to_owned()), work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_answer() {
        let stumbles = || -> Result<(), Unusable> { panic!("an assertion of a decoder") };
        assert_eq!(guarded(lost(Kind::Tiff), stumbles).expect_err("refused").code(), "image-broken");
        assert_eq!(guarded(lost(Kind::Pdf), stumbles).expect_err("refused").code(), "pdf-broken");
        assert_eq!(whole(stumbles).expect_err("refused").code(), "compose-failed");
        assert_eq!(guarded(lost(Kind::Pdf), || Ok(7)), Ok(7));
        assert_eq!(guarded::<()>(lost(Kind::Pdf), || Err(Unusable::TooLarge)), Err(Unusable::TooLarge));
    }
}
