//! The bench where signatures are made and looked at: `compose`, `pades` and `pki` behind one trait.
//!
//! Everything here is a pure function of its arguments. It is a trait only so that the exhaustive flow tests can remember
//! what they computed before; there is no other implementation than [`Workbench`] and a memory around it, so a
//! [`Verified`] is always the verifier's own.

use std::ops::Range;
use std::sync::Arc;

use compose::Unusable;
use domain::ids::CopyId;
use domain::model::{Look, Number, Unit, User};
use domain::ports::{Fault, File};
use domain::series::{Series, Written};
use domain::time;
use jiff::Timestamp;
use pades::{
    Beginning, EcopyFacts, Expected, ExpectedArchive, Held, LEADER_FIELD, LongTerm, Rejection, Revision, SEAL_FIELD,
    SignaturePlan, Signed, Verified, VerifiedArchive,
};
use pki::Certificate;

/// What a leader's revision is made of.
#[derive(Clone, Copy, Debug)]
pub struct LeaderMark<'a> {
    /// Who signs; its credential's chain is embedded.
    pub leader: &'a User,
    /// What is shown of the leader.
    pub look: &'a Look,
    /// A PNG of the handwritten signature.
    pub picture: Option<&'a [u8]>,
    /// Where.
    pub unit: &'a Unit,
    /// Octets for the time-stamp token; 0: the usual.
    pub token_room: usize,
    /// The claimed time: when the leader opened the preview, so that what was opened is what is signed, byte by byte.
    pub at: Timestamp,
}

/// What a seal's revision is made of. Stored facts only: two sealers make the same bytes.
#[derive(Clone, Copy, Debug)]
pub struct SealMark<'a> {
    /// Whose seal; its chain is embedded.
    pub unit: &'a Unit,
    /// The number.
    pub number: &'a Number,
    /// How number and day are written.
    pub written: &'a Written,
    /// What the field shows as the office's name.
    pub unit_name: &'a str,
    /// A PNG of the seal.
    pub picture: Option<&'a [u8]>,
    /// Which copy.
    pub copy: &'a CopyId,
    /// Octets for the time-stamp token; 0: the usual.
    pub token_room: usize,
    /// The legal moment: the printed date and the claimed time.
    pub decided_at: Timestamp,
    /// The text of the signed QR code, which commits to the scan set (decisions 9 and 16).
    pub qr: &'a str,
}

/// A field's sides are read again as differences of corners that are written to a hundredth of a point.
const ROUNDING: f32 = 0.02;

/// The bench. A clone of it is the same bench, for whoever looks at a file elsewhere ([`domain::ports::Objects::with_source`]).
pub trait Workshop: Clone + Send + Sync + 'static {
    /// The configured roots.
    fn anchors(&self) -> &[Certificate];

    /// The leader's revision behind the base, without its signature.
    ///
    /// # Errors
    /// [`Fault`]: base, texts or X.509 certificates are unusable.
    fn prepare_leader(&self, base: &Held<'_>, mark: &LeaderMark<'_>) -> Result<Revision, Fault>;

    /// The seal's revision behind the signed file, without its signature.
    ///
    /// # Errors
    /// [`Fault`], as above.
    fn prepare_seal(&self, signed: &Held<'_>, mark: &SealMark<'_>) -> Result<Revision, Fault>;

    /// Embeds signature and timestamp in a revision behind `base`.
    ///
    /// # Errors
    /// [`Fault`]: the structure cannot be built or does not fit.
    fn finish(
        &self,
        base: &Held<'_>,
        revision: &[u8],
        contents: Range<usize>,
        parts: &Parts<'_>,
    ) -> Result<Vec<u8>, Fault>;

    /// Whether a signature is good by itself, before its file exists and whenever that is asked again. Opens no door.
    ///
    /// # Errors
    /// [`Rejection`] with the first rule that fails.
    fn recheck(&self, file: &Held<'_>, expected: &Expectation<'_>) -> Result<(), Rejection>;

    /// The guarded door for a signature.
    ///
    /// # Errors
    /// [`Rejection`] with the first rule that fails.
    fn verify(&self, file: File<'_>, expected: &Expectation<'_>) -> Result<Verified, Rejection>;

    /// `/DSS` and an empty document timestamp with `token_room` octets for its token (0: the usual), behind the sealed file.
    ///
    /// # Errors
    /// [`Fault`].
    fn prepare_archive(&self, sealed: &Held<'_>, material: &LongTerm<'_>, token_room: usize)
    -> Result<Revision, Fault>;

    /// As [`Workshop::recheck`] for the long-term level; until when it proves itself, Unix seconds.
    ///
    /// # Errors
    /// [`Rejection`] with the first rule that fails.
    fn recheck_archive(&self, file: &Held<'_>, expected: &ArchiveExpectation<'_>) -> Result<i64, Rejection>;

    /// The guarded door for the long-term level.
    ///
    /// # Errors
    /// [`Rejection`] with the first rule that fails.
    fn verify_archive(&self, file: File<'_>, expected: &ArchiveExpectation<'_>) -> Result<VerifiedArchive, Rejection>;
}

/// What goes into a CMS structure.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// DER of the signed attributes.
    pub attributes: &'a [u8],
    /// The raw signature value.
    pub signature: &'a [u8],
    /// X.509 chain, DER, leaf first.
    pub chain: &'a [Vec<u8>],
    /// DER of the timestamp token.
    pub token: &'a [u8],
}

/// What a signature must be.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// Its field.
    pub field: &'a str,
    /// DER of the signer's X.509 certificate.
    pub signer: &'a [u8],
    /// What the signer was shown: the file begins with it.
    pub base: Beginning,
    /// The instant.
    pub at: Timestamp,
}

/// What an archived file must be.
#[derive(Clone, Copy, Debug)]
pub struct ArchiveExpectation<'a> {
    /// It begins with this.
    pub sealed: Beginning,
    /// Field and DER of the signer's X.509 certificate, in the order of signing.
    pub signers: &'a [(&'a str, &'a [u8])],
    /// The instant.
    pub at: Timestamp,
}

/// The real bench.
#[derive(Clone, Debug)]
pub struct Workbench {
    anchors: Arc<[Certificate]>,
}

impl Workbench {
    /// A bench that trusts `anchors`.
    pub fn new(anchors: Vec<Certificate>) -> Self {
        Self { anchors: anchors.into() }
    }

    fn expected<'e>(&'e self, expected: &Expectation<'e>) -> Expected<'e> {
        let Expectation { field, signer: signer_der, base, at } = *expected;
        Expected { field, signer_der, base, at: at.as_second(), anchors: &self.anchors }
    }

    fn expected_archive<'e>(&'e self, expected: &ArchiveExpectation<'e>) -> ExpectedArchive<'e> {
        let ArchiveExpectation { sealed, signers, at } = *expected;
        ExpectedArchive { sealed, signers, at: at.as_second(), anchors: &self.anchors }
    }
}

fn fault(what: &str) -> impl Fn(&dyn std::fmt::Display) -> Fault {
    let what = what.to_owned();
    move |error| Fault(format!("{what}: {error}"))
}

/// DER to X.509, leaf first.
pub(crate) fn chain_of(ders: &[Vec<u8>]) -> Result<Vec<Certificate>, Fault> {
    ders.iter().map(|der| Certificate::from_der(der).map_err(|e| fault("chain")(&e))).collect()
}

/// Width and height of an empty signature field, in points.
fn field_size(file: &Held<'_>, name: &str) -> Result<(f32, f32), Fault> {
    let (width, height) = pades::field_size(file, name).map_err(|e| fault("fields")(&e))?;
    Ok((width as f32, height as f32))
}

/// What the composer drew, for whoever puts it into a revision.
fn drawn(appearance: &compose::Appearance) -> pades::Appearance<'_> {
    let compose::Appearance { size, content, typefaces, picture } = appearance;
    let picture = picture.as_ref().map(|pixels| {
        let compose::Pixels { name, width, height, rgb, alpha } = pixels;
        pades::Pixels { name, width: *width, height: *height, rgb, alpha }
    });
    pades::Appearance { size: (f64::from(size.0), f64::from(size.1)), content, typefaces, picture }
}

/// `D:20261123140531+07'00'` (ISO 32000-2 §7.9.4).
pub(crate) fn pdf_date(at: Timestamp) -> String {
    time::civil(at).strftime("D:%Y%m%d%H%M%S+07'00'").to_string()
}

/// `2026-11-23T14:05:31+07:00`.
fn iso_time(at: Timestamp) -> String {
    time::civil(at).strftime("%Y-%m-%dT%H:%M:%S+07:00").to_string()
}

/// What the leader's field shows.
fn leader_drawing(size: (f32, f32), mark: &LeaderMark<'_>) -> Result<compose::Appearance, Unusable> {
    let text = compose::LeaderText {
        name: &mark.look.name,
        title_line: &mark.look.title.text(),
        organisation: Some(Look::unit_name(Some(mark.look), mark.unit)),
        // ISO 8601 with the zone of Vietnam (NĐ 30/2020, Annex I).
        signed_at_text: &iso_time(mark.at),
        picture: mark.picture,
    };
    compose::leader_appearance(size, &text)
}

/// What the seal's field shows.
fn seal_drawing(size: (f32, f32), mark: &SealMark<'_>) -> Result<compose::Appearance, Unusable> {
    let text = compose::SealText {
        number: &mark.written.number(mark.number.number),
        book: &format!("{}/{}", mark.number.book, mark.number.year),
        suffix: &mark.number.suffix,
        date_text: &mark.written.day(time::day(mark.decided_at)),
        unit_name: mark.unit_name,
        qr_payload: mark.qr,
        picture: mark.picture,
    };
    compose::seal_appearance(size, &text)
}

/// The base of a copy, of which both signatures were drawn for trial: what could not be drawn once people have signed is told now, and so is a
/// place that our own judge would call wrong. Where nobody chose the place, the wording gets a page of its own instead.
///
/// # Errors
/// As [`compose::base`]; [`Unusable::TextUnusable`] for what a signature could not show; [`Unusable::PlacementCoversContent`] when a field would
/// lie over text, over the other one or over a quarter of its page.
pub fn base(
    spec: &compose::BaseSpec<'_>,
    of: (&CopyId, &Look),
    by: (&User, &Unit),
    now: Timestamp,
) -> Result<compose::Base, Unusable> {
    let base = standing(spec)?;
    rehearse(&base, of, by, now)?;
    Ok(base)
}

/// The base, with its fields where a judge lets them stand.
fn standing(spec: &compose::BaseSpec<'_>) -> Result<compose::Base, Unusable> {
    let base = compose::base(spec)?;
    if stands_free(&base)? {
        return Ok(base);
    }
    if spec.placement != compose::Placement::Auto || base.placement.added_page {
        return Err(Unusable::PlacementCoversContent);
    }
    let behind = compose::Placement::At { page: base.pages + 1, x: 0.0, y: 0.0, w: 0.0, h: 0.0 };
    let base = compose::base(&compose::BaseSpec { placement: behind, ..spec.clone() })?;
    if stands_free(&base)? { Ok(base) } else { Err(Unusable::PlacementCoversContent) }
}

/// The judge's own look at both fields.
fn stands_free(base: &compose::Base) -> Result<bool, Unusable> {
    pades::fields_stand_free(&Held::whole(&base.pdf)).map_err(|error| Unusable::Compose(error.to_string()))
}

/// Draws both signatures of a copy, as they will be, before anybody is asked for one: with the longest number and the longest code that may come,
/// under every series that the office has settled for today and later. Pictures take no room from what is written.
fn rehearse(
    base: &compose::Base,
    (copy, look): (&CopyId, &Look),
    (leader, unit): (&User, &Unit),
    now: Timestamp,
) -> Result<(), Unusable> {
    let size = |rect: compose::Rect| (rect.w - ROUNDING, rect.h - ROUNDING);
    let mark = LeaderMark { leader, look, picture: None, unit, token_room: 0, at: now };
    leader_drawing(size(base.leader_rect), &mark)?;
    // Small letters make the larger code.
    let longest = "a".repeat(compose::QR_BYTES);
    let today = time::day(now);
    let later = unit.later_series.iter().filter(|(from, _)| *from > today);
    for Series { suffix, book, written } in
        std::iter::once(unit.series_on(today)).chain(later.map(|(_, series)| series.clone()))
    {
        let number = Number { number: u32::MAX, book, year: today.year(), suffix };
        let mark = SealMark {
            unit,
            number: &number,
            written: &written,
            unit_name: Look::unit_name(Some(look), unit),
            picture: None,
            copy,
            token_room: 0,
            // Two digits for day and month.
            decided_at: time::instant(today.last_of_year().at(12, 0, 0, 0)),
            qr: &longest,
        };
        seal_drawing(size(base.seal_rect), &mark)?;
    }
    Ok(())
}

impl Workshop for Workbench {
    fn anchors(&self) -> &[Certificate] {
        &self.anchors
    }

    fn prepare_leader(&self, base: &Held<'_>, mark: &LeaderMark<'_>) -> Result<Revision, Fault> {
        let credential = mark.leader.credential.as_ref().ok_or_else(|| Fault("no credential".into()))?;
        let chain = chain_of(&credential.chain)?;
        let size = field_size(base, LEADER_FIELD)?;
        let appearance = leader_drawing(size, mark).map_err(|e| fault("leader appearance")(&e))?;
        let plan = SignaturePlan {
            field: LEADER_FIELD,
            chain: &chain,
            name: &mark.look.name,
            reason: "Chứng thực bản sao đúng với bản chính",
            location: &mark.unit.place,
            signed_at: &pdf_date(mark.at),
            appearance: Some(drawn(&appearance)),
            token_room: mark.token_room,
            ecopy: None,
        };
        pades::prepare_revision(base, &plan).map_err(|e| fault("prepare leader")(&e))
    }

    fn prepare_seal(&self, signed: &Held<'_>, mark: &SealMark<'_>) -> Result<Revision, Fault> {
        let chain = chain_of(&mark.unit.seal_chain)?;
        let number = mark.number;
        let size = field_size(signed, SEAL_FIELD)?;
        let appearance = seal_drawing(size, mark).map_err(|e| fault("seal appearance")(&e))?;
        let plan = SignaturePlan {
            field: SEAL_FIELD,
            chain: &chain,
            name: mark.unit_name,
            reason: "Cấp số chứng thực và đóng dấu cơ quan",
            location: &mark.unit.place,
            signed_at: &pdf_date(mark.decided_at),
            appearance: Some(drawn(&appearance)),
            token_room: mark.token_room,
            ecopy: Some(EcopyFacts {
                number: u64::from(number.number),
                book: number.book.clone(),
                year: u32::try_from(number.year).map_err(|e| fault("year")(&e))?,
                suffix: number.suffix.clone(),
                unit_code: mark.unit.code.clone(),
                copy_id: mark.copy.to_string(),
            }),
        };
        pades::prepare_revision(signed, &plan).map_err(|e| fault("prepare seal")(&e))
    }

    fn finish(
        &self,
        base: &Held<'_>,
        revision: &[u8],
        contents: Range<usize>,
        parts: &Parts<'_>,
    ) -> Result<Vec<u8>, Fault> {
        let chain = chain_of(parts.chain)?;
        let Parts { attributes, signature, token, .. } = *parts;
        let signed = Signed { attributes, signature, chain: &chain, token: Some(token) };
        pades::finish_revision(base, revision, contents, &signed).map_err(|e| fault("finish")(&e))
    }

    fn recheck(&self, file: &Held<'_>, expected: &Expectation<'_>) -> Result<(), Rejection> {
        pades::recheck_signature(file, &self.expected(expected))
    }

    fn verify(&self, file: File<'_>, expected: &Expectation<'_>) -> Result<Verified, Rejection> {
        pades::verify_signature(file, &self.expected(expected))
    }

    fn prepare_archive(
        &self,
        sealed: &Held<'_>,
        material: &LongTerm<'_>,
        token_room: usize,
    ) -> Result<Revision, Fault> {
        pades::prepare_archive_revision(sealed, material, token_room).map_err(|e| fault("prepare archive")(&e))
    }

    fn recheck_archive(&self, file: &Held<'_>, expected: &ArchiveExpectation<'_>) -> Result<i64, Rejection> {
        pades::recheck_archive(file, &self.expected_archive(expected))
    }

    fn verify_archive(&self, file: File<'_>, expected: &ArchiveExpectation<'_>) -> Result<VerifiedArchive, Rejection> {
        pades::verify_archive(file, &self.expected_archive(expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ISO 32000-2 §7.9.4, with Vietnam's offset.
    #[test]
    fn a_claimed_time_has_its_zone() {
        assert_eq!(pdf_date(Timestamp::UNIX_EPOCH), "D:19700101070000+07'00'");
    }

    /// R47: the leader's signature shows the moment with the zone, not the day alone (NĐ 30/2020, Annex I).
    #[test]
    fn the_shown_time_has_its_zone() {
        let at = "2026-11-23T17:30:00Z".parse::<Timestamp>().expect("a moment");
        assert_eq!(iso_time(at), "2026-11-24T00:30:00+07:00");
    }
}
