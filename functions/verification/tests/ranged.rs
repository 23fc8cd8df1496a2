//! Objects that are read in blocks, over a store that does everything a store may do and some things that it may not.

use std::io::{Cursor, Write as _};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use api::Problem;
use domain::ports::Fault;
use objects::Part;
use objects::ranged::{BLOCK, Bounds, HELD, Parts, Ranged, Reader};
use pades::{Policy, Profile, Report, Source as _, Unread, Verdict};
use pki::path::Evidence;
use sha2::{Digest as _, Sha256};
use verification::dossier::{Dossier, Refused};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// What happens to one read and all after it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Trouble {
    /// Fewer bytes than were asked for.
    Short,
    /// None at all.
    Empty,
    /// More bytes.
    Long,
    /// The body was exchanged, and the store says so (412).
    Refused,
    /// The body was exchanged, and the store overlooked the condition.
    Exchanged,
    /// The same ETag and another length.
    Grown,
    /// 404.
    Gone,
    /// 500.
    Broken,
    /// Nothing, for ever.
    Silent,
}

const ALL: [Trouble; 9] = [
    Trouble::Short,
    Trouble::Empty,
    Trouble::Long,
    Trouble::Refused,
    Trouble::Exchanged,
    Trouble::Grown,
    Trouble::Gone,
    Trouble::Broken,
    Trouble::Silent,
];

/// A store with one object.
#[derive(Clone, Default)]
struct Fake {
    body: Arc<Vec<u8>>,
    /// From the read with this number on.
    trouble: Option<(usize, Trouble)>,
    asked: Arc<Mutex<Vec<Range<u64>>>>,
}

impl Fake {
    fn of(body: &Arc<Vec<u8>>) -> Fake {
        Fake { body: Arc::clone(body), ..Fake::default() }
    }

    fn asked(&self) -> usize {
        self.asked.lock().expect("no panic").len()
    }

    fn honest(&self, range: &Range<u64>) -> Part {
        let at = |place: u64| usize::try_from(place).expect("small").min(self.body.len());
        let bytes = self.body[at(range.start)..at(range.end)].to_vec();
        Part { bytes, whole: self.body.len() as u64, etag: "\"a\"".into() }
    }
}

impl Parts for Fake {
    async fn part(&self, range: Range<u64>, etag: Option<&str>) -> Result<Option<Part>, Fault> {
        // An answer that came at once would hide that somebody has to wait for it.
        tokio::task::yield_now().await;
        let count = {
            let mut asked = self.asked.lock().expect("no panic");
            assert_eq!(etag, (!asked.is_empty()).then_some("\"a\""), "every read but the first names the body");
            asked.push(range.clone());
            asked.len()
        };
        let mut part = self.honest(&range);
        match self.trouble.filter(|(from, _)| count >= *from).map(|(_, trouble)| trouble) {
            None => {}
            Some(Trouble::Short) => drop(part.bytes.pop()),
            Some(Trouble::Empty) => part.bytes.clear(),
            Some(Trouble::Long) => part.bytes.push(0),
            Some(Trouble::Exchanged) => part.etag = "\"b\"".into(),
            Some(Trouble::Grown) => part.whole += 1,
            Some(Trouble::Gone) => return Ok(None),
            Some(Trouble::Refused) => return Err(Fault("read a part of an object: PreconditionFailed: -".into())),
            Some(Trouble::Broken) => return Err(Fault("read a part of an object: InternalError: -".into())),
            Some(Trouble::Silent) => std::future::pending().await,
        }
        Ok(Some(part))
    }
}

const BOUNDS: Bounds = Bounds { length: 110 << 20, time: Duration::from_secs(60), blocks: HELD };

async fn opened(fake: &Fake) -> Arc<Ranged<Fake>> {
    Ranged::open(fake.clone(), BOUNDS).await.expect("an answer").expect("an object")
}

/// A certified copy with both signatures and archive evidence, of a paper that carries images of 36 MiB; and the instant to judge it at.
fn copy() -> &'static (Arc<Vec<u8>>, i64) {
    static COPY: OnceLock<(Arc<Vec<u8>>, i64)> = OnceLock::new();
    COPY.get_or_init(|| {
        let world = testkit::office();
        let copy = testkit::receive(&world, 1);
        testkit::submit(&world, &copy, with_images(testkit::base("Ban sao")));
        testkit::sign_until(&world, &copy);
        testkit::request_seal(&world, std::slice::from_ref(&copy)).expect("a seal");
        testkit::sweep(&world);
        let files = world.paths("numbers/").into_iter().filter_map(|path| world.object(&path));
        (files.max_by_key(|file| file.len()).expect("an archived copy"), world.now().as_second())
    })
}

fn with_images(mut file: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&file).into_owned();
    let previous = text.rsplit("startxref").next().and_then(|rest| rest.split_whitespace().next());
    let (previous, mut table) = (previous.expect("a startxref"), "xref\n".to_owned());
    for number in 20..23 {
        table.push_str(&format!("{number} 1\n{:010} 00000 n \n", file.len()));
        let head = format!("{number} 0 obj\n<</Filter/DCTDecode/Length {}>>\nstream\n", 3 * BLOCK);
        file.extend(head.into_bytes());
        file.extend(pattern(3 * BLOCK, number));
        file.extend(b"\nendstream\nendobj\n");
    }
    let section = file.len();
    file.extend(
        format!("{table}trailer\n<</Size 23/Root 1 0 R/Prev {previous}>>\nstartxref\n{section}\n%%EOF\n").into_bytes(),
    );
    file
}

/// Bytes of which no two blocks are alike.
fn pattern(size: usize, seed: usize) -> Vec<u8> {
    let pieces = (0..size.div_ceil(4096)).flat_map(|piece| [(piece * 7 + (piece >> 8) * 13 + seed) as u8; 4096]);
    pieces.take(size).collect()
}

fn with_policy<T>(at: i64, act: impl FnOnce(&Policy<'_>) -> T) -> T {
    let (anchors, extra) = (testkit::trees().anchors(), Evidence::default());
    let (profile, register) = (Profile::Auto, None);
    act(&Policy { anchors: &anchors, at, profile, extra: &extra, register, test_anchors: false })
}

async fn judged(source: &Arc<Ranged<Fake>>, at: i64) -> Result<Report, Fault> {
    source.ask(move |file| with_policy(at, |policy| pades::judge_source(file.as_ref(), "a.pdf", policy, None))).await
}

fn code(fault: Fault) -> &'static str {
    Problem::from(fault).code()
}

#[tokio::test]
async fn a_file_in_blocks_has_the_report_of_a_whole_one() {
    let (good, at) = copy();
    let mut flipped = good.to_vec();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let cut = good[..good.len() - 100].to_vec();
    let longer = [&good[..], b"\n1 0 obj\n<<>>\nendobj\n"].concat();
    let cases = [
        (good.to_vec(), Some(Verdict::Valid)),
        (flipped, Some(Verdict::Invalid)),
        (cut, None),
        (longer, None),
        (testkit::scan("no signature"), None),
        (pattern(3 * BLOCK + 1, 0), None),
        (pattern(2 * BLOCK, 0), None),
        (b"%PDF-".to_vec(), None),
        (Vec::new(), None),
    ];
    for (file, verdict) in cases {
        let whole = with_policy(*at, |policy| pades::judge(&file, "a.pdf", policy));
        assert!(verdict.is_none_or(|verdict| verdict == whole.verdict), "{:?}", whole.reasons);
        let fake = Fake::of(&Arc::new(file));
        let source = opened(&fake).await;
        let report = judged(&source, *at).await.expect("a report");
        assert_eq!(report.to_json().to_string(), whole.to_json().to_string());
        let digest: [u8; 32] = Sha256::digest(fake.body.as_slice()).into();
        assert_eq!(source.sha256().await, Ok(digest));
        assert!(source.held() <= HELD, "{} blocks are held", source.held());
    }
}

/// No verdict, no digest, and what is told is that the service is not there: another try may help.
#[tokio::test]
async fn a_read_that_fails_leaves_nothing_but_a_problem() {
    let (file, at) = copy();
    for trouble in ALL {
        // The first block was had. The file has ten, and a judge who reads them all comes back for more.
        for from in [2, 3, 8, 11] {
            let fake = Fake { trouble: Some((from, trouble)), ..Fake::of(file) };
            let bounds = Bounds { time: if trouble == Trouble::Silent { MOMENT } else { BOUNDS.time }, ..BOUNDS };
            let source = Ranged::open(fake.clone(), bounds).await.expect("an answer").expect("an object");
            let fault = judged(&source, *at).await.expect_err("no verdict");
            assert_eq!(code(fault.clone()), "service-unavailable", "{trouble:?}");
            let reads = fake.asked();
            assert!(reads == from || trouble == Trouble::Silent, "{trouble:?}: {reads} reads");
            assert_eq!(source.sha256().await, Err(fault.clone()), "what failed once stays failed");
            assert_eq!(source.ask(|_| Ok(())).await, Err(fault));
            assert_eq!(fake.asked(), reads, "and nobody asks again");
        }
    }
}

/// Long enough to read some blocks.
const MOMENT: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_is_not_there_or_too_long_or_odd_is_not_opened() {
    let open = |trouble, length, time| {
        let fake = Fake { trouble, ..Fake::of(&Arc::new(pattern(BLOCK + 9, 1))) };
        Ranged::open(fake, Bounds { length, time, ..BOUNDS })
    };
    let long = BOUNDS.time;
    assert!(open(Some((1, Trouble::Gone)), 110 << 20, long).await.expect("an answer").is_none());
    assert!(open(None, BLOCK as u64 + 9, long).await.expect("an answer").is_some());
    let fault = open(None, BLOCK as u64 + 8, long).await.err().expect("too long");
    assert!(fault.0.contains("longer than"), "{fault}");
    for trouble in [Trouble::Short, Trouble::Empty, Trouble::Long, Trouble::Broken] {
        assert!(open(Some((1, trouble)), 110 << 20, long).await.is_err(), "{trouble:?}");
    }
    assert!(open(Some((1, Trouble::Silent)), 110 << 20, Duration::from_millis(20)).await.is_err());
}

/// However long the object is and wherever it is read, a constant number of blocks is held.
#[tokio::test]
async fn a_constant_number_of_blocks_is_held() {
    let fake = Fake::of(&Arc::new(pattern(25 * BLOCK + 77, 3)));
    let (source, body) = (opened(&fake).await, Arc::clone(&fake.body));
    let to_and_fro = move |source: &Arc<Ranged<Fake>>| {
        let mut state = 1_usize;
        for _ in 0..400 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 20) % source.len();
            let mut piece = [0; 5000];
            let read = source.read_at(at, &mut piece)?;
            assert!(read > 0 && piece[..read] == body[at..at + read]);
            assert!(source.held() <= HELD, "{} blocks are held", source.held());
        }
        assert_eq!(source.held(), HELD);
        assert_eq!(source.read_at(source.len(), &mut [0; 9]), Ok(0), "behind the end is nothing");
        Ok(())
    };
    source.ask(to_and_fro).await.expect("read");
    assert!(fake.asked.lock().expect("no panic").iter().all(|range| range.end - range.start <= BLOCK as u64));
}

/// What is held is not asked for again: a file of so many blocks crosses the wire once, however often it is read.
#[tokio::test]
async fn what_is_held_is_not_asked_for_again() {
    let fake = Fake::of(&Arc::new(pattern(HELD * BLOCK, 5)));
    let source = opened(&fake).await;
    for _ in 0..3 {
        source.sha256().await.expect("a digest");
    }
    assert_eq!(fake.asked(), HELD);
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in files {
        writer.start_file(*name, options).expect("a file");
        writer.write_all(bytes).expect("bytes");
    }
    writer.finish().expect("an archive").into_inner()
}

/// The names and lengths of what comes out of an archive in blocks.
async fn unpacked(source: &Arc<Ranged<Fake>>) -> Result<Result<Vec<(String, Option<usize>)>, Refused>, Fault> {
    let unpack = |source: &Arc<Ranged<Fake>>| {
        let all = || {
            let mut dossier = Dossier::read(Reader::new(Arc::clone(source)), source.len() as u64)?;
            let mut names = Vec::new();
            while let Some(file) = dossier.next_file()? {
                names.push((file.name, file.bytes.map(|bytes| bytes.len())));
            }
            Ok(names)
        };
        Ok::<_, Unread>(all())
    };
    source.ask(unpack).await
}

/// An archive that cannot be read is neither broken nor are its files damaged: nothing is said about it.
#[tokio::test]
async fn an_archive_is_read_in_blocks_and_a_failed_read_is_not_its_fault() {
    let large = pattern(9 * BLOCK, 2);
    let body = Arc::new(archive(&[("a.pdf", b"%PDF-"), ("b.bin", &large), ("c.pdf", b"%PDF-1.7")]));
    let fake = Fake::of(&body);
    let source = opened(&fake).await;
    assert_eq!(source.first(), b"PK\x03\x04");
    let names = [("a.pdf", Some(5)), ("b.bin", Some(9 * BLOCK)), ("c.pdf", Some(8))];
    let found = unpacked(&source).await.expect("readable").expect("an archive");
    assert_eq!(found, names.map(|(name, length)| (name.to_owned(), length)));
    assert!(source.held() <= HELD);
    for from in 2..=fake.asked() {
        for trouble in [Trouble::Short, Trouble::Refused, Trouble::Exchanged, Trouble::Gone] {
            let source = opened(&Fake { trouble: Some((from, trouble)), ..Fake::of(&body) }).await;
            assert_eq!(unpacked(&source).await.map_err(code), Err("service-unavailable"), "{trouble:?} from {from}");
        }
    }
    let source = opened(&Fake::of(&Arc::new(b"PK\x03\x04 and nothing".to_vec()))).await;
    assert_eq!(unpacked(&source).await, Ok(Err(Refused::Broken)));
}

/// A panic ends the request that caused it, as it does where files are judged that were sent.
#[tokio::test]
async fn a_panic_goes_on_where_it_was_asked_for() {
    let source = opened(&Fake::of(&Arc::new(pattern(9, 0)))).await;
    let asked = Arc::clone(&source);
    let ended = tokio::spawn(async move { asked.ask::<()>(|_| panic!("on purpose")).await }).await;
    assert!(ended.is_err_and(|error| error.is_panic()));
    assert!(source.sha256().await.is_ok());
}
