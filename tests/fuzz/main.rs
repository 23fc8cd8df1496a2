//! Seeded mutations of files and structures (house rule 11): whatever comes in, an answer goes out, in bounded time.
//!
//! Deterministic: one seed is one input. A failure names its seed. No coverage guidance and no nightly compiler; that is for long
//! runs elsewhere. In `cargo test` it is a short run, in `cargo xtask fuzz` as long as one likes, one target per kind of input:
//! `FUZZ_SECONDS` (of CPU, of each target), `FUZZ_RUNS`, `FUZZ_SEED`, and `CORPORA` for a folder of more signed files.

mod chance;
mod mutate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use chance::Chance;
use pades::{Policy, Profile, Verdict};
use pki::Certificate;
use pki::path::{self, Evidence, Purpose};
use rustix::time::{ClockId, clock_gettime};

/// Inputs of a run that nobody asked for by time.
const RUNS: u64 = 300;
/// The longest answer that passes, in CPU of its thread. Honest files of this size take milliseconds; tests are built half optimised.
const SLOW: Duration = Duration::from_secs(5);
/// When an answer is not waited for any longer, by the clock: much later, for a run in the background may get little CPU.
const HANG: Duration = Duration::from_secs(600);
/// Files of the corpora above this are left to the corpora's own test.
const LARGE: u64 = 200_000;
/// 2026-11-23 14:05:45 +07:00, within the lifetime of the corpus.
const NOW: i64 = 1_795_417_545;

/// What an input is: a target of its own each, since a parser that is slow to reach would get no share of a common run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Pdf,
    Picture,
    Cms,
    X509,
    Ocsp,
    Crl,
    Tsp,
}

/// Which structure a DER file of the corpus holds, by the start of its name.
const STRUCTURES: [(&str, Kind); 5] = [
    ("certificate", Kind::X509),
    ("crl", Kind::Crl),
    ("ocsp-response", Kind::Ocsp),
    ("signed-data", Kind::Cms),
    ("timestamp-token", Kind::Tsp),
];

struct Seed {
    name: String,
    kind: Kind,
    bytes: Vec<u8>,
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

fn kind(path: &Path) -> Option<Kind> {
    match path.extension()?.to_str()? {
        "pdf" => Some(Kind::Pdf),
        "jpg" | "png" | "tif" => Some(Kind::Picture),
        "der" => {
            let name = path.file_name()?.to_str()?;
            STRUCTURES.iter().find(|(start, _)| name.starts_with(start)).map(|(_, kind)| *kind)
        }
        _ => None,
    }
}

/// The files of a folder and below, by name, so that a seed means the same everywhere.
fn collect(folder: &Path, limit: u64, into: &mut Vec<Seed>) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, limit, into);
        } else if let Some(kind) = kind(&path)
            && path.metadata().is_ok_and(|facts| facts.len() <= limit)
        {
            let bytes = std::fs::read(&path).expect("a readable file");
            into.push(Seed { name: path.display().to_string(), kind, bytes });
        }
    }
}

/// Files of a kind, our own first, and how many those are.
fn corpus(kind: Kind) -> (Vec<Seed>, usize) {
    let mut seeds = Vec::new();
    collect(&here(), u64::MAX, &mut seeds);
    collect(&here().join("../../scans"), u64::MAX, &mut seeds);
    // Encrypted files, which the empty password opens.
    collect(&here().join("../../../shared/pdf/tests/vectors"), u64::MAX, &mut seeds);
    seeds.retain(|seed| seed.kind == kind);
    let ours = seeds.len();
    match std::env::var_os("CORPORA") {
        Some(folder) => {
            for part in ["dss", "own", "pyhanko-parser", "pyhanko-static", "pyhanko-runtime", "attack", "misc"] {
                collect(&Path::new(&folder).join(part), LARGE, &mut seeds);
            }
        }
        None if kind != Kind::Pdf => {}
        None => println!("SKIPPED: fuzzing starts from our own files only; CORPORA names a folder with foreign ones"),
    }
    seeds.retain(|seed| seed.kind == kind);
    (seeds, ours)
}

fn anchors() -> Vec<Certificate> {
    let pem = std::fs::read_to_string(here().join("roots.pem")).expect("the roots of the corpus");
    Certificate::from_pem_many(&pem).expect("roots")
}

/// Everything that reads a file from outside. The answers do not matter, but for one: a changed copy is never valid.
fn read_pdf(bytes: &[u8], anchors: &[Certificate], genuine: &Genuine) {
    let extra = Evidence::default();
    for profile in [Profile::Auto, Profile::General] {
        let policy = Policy { anchors, at: NOW, profile, extra: &extra, register: None, test_anchors: false };
        let report = pades::judge(bytes, "a.pdf", &policy);
        assert!(
            report.verdict != Verdict::Valid || genuine.is_untouched(bytes),
            "a changed file is valid: {:?}",
            report.reasons
        );
    }
    let _ = pades::evidence_wanted(&pades::Held::whole(bytes));
    second_reader(bytes);
    let _ = compose::inspect(bytes, "application/pdf");
}

/// The reader that scans for objects, on every file: the judge asks it only for what the first one cannot open.
fn second_reader(bytes: &[u8]) {
    let limits = pdf::Limits::default();
    let put_together = pdf::Document::rebuild(bytes, &limits);
    for document in [pdf::Document::open(bytes, &limits), put_together].into_iter().flatten() {
        let _ = document.readings();
        for page in document.pages().unwrap_or_default().iter().take(4) {
            let _ = document.page_content(page);
        }
        let _ = (document.signatures(), document.unaccounted(), document.is_locked());
    }
}

/// Every parser of structures, whatever the file was: what lies where is the sender's choice.
fn read_der(bytes: &[u8]) {
    if let Ok(certificate) = Certificate::from_der(bytes) {
        let _ = (certificate.to_pem(), certificate.sha256());
    }
    let _ = Certificate::from_pem_many(&String::from_utf8_lossy(bytes));
    let _ = pki::cms::SignedData::parse(bytes);
    let _ = pki::crl::Crl::parse(bytes);
    let _ = pki::ocsp::Response::parse(bytes);
    let _ = pki::tsp::Token::parse(bytes);
    let _ = pki::issue::TimestampRequest::parse(bytes);
    let _ = pki::issue::OcspRequest::parse(bytes);
    let _ = pdf::parse_object(bytes);
    let _ = pdf::decode_text(bytes);
}

/// A person's path from the corpus: somebody to ask about with evidence out of a file.
struct Person([Certificate; 3]);

impl Person {
    fn read() -> Person {
        let one = |name: &str| {
            let der = std::fs::read(here().join(name)).expect("a certificate of the corpus");
            Certificate::from_der(&der).expect("readable")
        };
        Person([one("certificate-leader.der"), one("certificate.der"), one("certificate-root.der")])
    }

    /// Every use of a structure: as the one that is asked about, as an issuer, as an answer, as a list.
    fn asks(&self, bytes: &[u8]) {
        let [leaf, issuer, root] = &self.0;
        let anchors = std::slice::from_ref(root);
        let mut pool = vec![issuer.clone()];
        if let Ok(one) = Certificate::from_der(bytes) {
            for purpose in [Purpose::Signing, Purpose::Timestamping, Purpose::OcspSigning] {
                let _ = path::build(&one, &pool, anchors, NOW, purpose);
            }
            pool.insert(0, one);
        }
        let _ = path::build(leaf, &pool, anchors, NOW, Purpose::Signing);
        let evidence = Evidence { certificates: pool, ocsps: vec![bytes.to_vec()], crls: vec![bytes.to_vec()] };
        let _ = path::revocation(&self.0, &evidence, NOW);
    }
}

/// The one file that is valid, and where its last signature stands: only there a change may go unnoticed (hexadecimal case, padding).
struct Genuine {
    bytes: Vec<u8>,
    gap: std::ops::Range<usize>,
}

impl Genuine {
    fn read() -> Genuine {
        let bytes = std::fs::read(here().join("certified-copy.pdf")).expect("the certified copy");
        let text = String::from_utf8_lossy(&bytes);
        let at = text.rfind("/ByteRange").expect("a signature");
        let range: Vec<usize> = text
            .get(at..)
            .and_then(|rest| rest.split(['[', ']']).nth(1))
            .expect("a range")
            .split_whitespace()
            .map(|number| number.parse().expect("a number"))
            .collect();
        let [_, start, end, _] = range.as_slice() else { panic!("four numbers") };
        // The last file of the corpus that this reads is ASCII up to the streams, so offsets in text may differ: numbers are absolute.
        let gap = *start..*end;
        Genuine { bytes, gap }
    }

    fn is_untouched(&self, other: &[u8]) -> bool {
        other.len() == self.bytes.len()
            && other.get(..self.gap.start) == self.bytes.get(..self.gap.start)
            && other.get(self.gap.end..) == self.bytes.get(self.gap.end..)
    }
}

struct Asked {
    runs: Option<u64>,
    seconds: Option<u64>,
    seed: u64,
}

impl Asked {
    fn from_environment() -> Asked {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        Asked { runs: number("FUZZ_RUNS"), seconds: number("FUZZ_SECONDS"), seed: number("FUZZ_SEED").unwrap_or(1) }
    }

    fn goes_on(&self, done: u64, spent: Duration) -> bool {
        match (self.runs, self.seconds) {
            (Some(runs), _) => done < runs,
            (None, Some(seconds)) => spent.as_secs() < seconds,
            (None, None) => done < RUNS,
        }
    }
}

/// Ends the process when one input takes for ever: nothing else could. Ends itself with its target, whose last input is no longer read then.
fn watch(kind: Kind, current: Weak<Mutex<(u64, Instant)>>) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let Some(current) = current.upgrade() else { return };
            let (seed, since) = *current.lock().expect("a lock");
            if since.elapsed() > HANG {
                eprintln!("seed {seed} hangs: {}", repeat(kind, seed));
                std::process::exit(101);
            }
        }
    });
}

/// CPU of this thread so far.
fn cpu() -> Duration {
    let told = clock_gettime(ClockId::ThreadCPUTime);
    // Unwrap safety: a thread's CPU is no negative time.
    Duration::try_from(told).expect("time that was spent")
}

/// Mutates files of one kind for as long as was asked, and reads each.
fn survives(kind: Kind) {
    let (asked, anchors, genuine) = (Asked::from_environment(), anchors(), Genuine::read());
    let person = Person::read();
    let (seeds, ours) = corpus(kind);
    let begun = cpu();
    let current = Arc::new(Mutex::new((asked.seed, Instant::now())));
    watch(kind, Arc::downgrade(&current));
    let trace = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-seed-{kind:?}"));
    let (mut done, mut slowest) = (0, (Duration::ZERO, 0));
    while asked.goes_on(done, cpu() - begun) {
        let seed = asked.seed + done;
        let since = cpu();
        *current.lock().expect("a lock") = (seed, Instant::now());
        // A stack that overflows takes the process with it: the seed is found here.
        std::fs::write(&trace, seed.to_string()).expect("a trace");
        let mut chance = Chance::new(seed);
        // Half of the inputs come from our own files, however many others there are.
        let among = if chance.below(2) == 0 { ours } else { seeds.len() };
        let start = seeds.get(chance.below(among)).expect("a corpus");
        let other = seeds.get(chance.below(seeds.len())).expect("a corpus");
        let input = match kind {
            Kind::Pdf => mutate::pdf(&start.bytes, &other.bytes, &mut chance),
            Kind::Picture => mutate::bytes(&start.bytes, &mut chance),
            _ => mutate::der(&start.bytes, &mut chance),
        };
        let survived = catch_unwind(AssertUnwindSafe(|| match kind {
            Kind::Pdf => read_pdf(&input, &anchors, &genuine),
            Kind::Picture => drop(compose::inspect(&input, "")),
            _ => {
                read_der(&input);
                person.asks(&input);
            }
        }));
        let (took, repeat) = (cpu() - since, repeat(kind, seed));
        assert!(survived.is_ok(), "seed {seed}, from {}: {repeat}", start.name);
        assert!(took < SLOW, "seed {seed}, from {}, took {took:?}: {repeat}", start.name);
        slowest = slowest.max((took, seed));
        done += 1;
    }
    println!(
        "{kind:?}: {done} mutations of {} files survived in {} s of CPU; the slowest took {:?} (seed {})",
        seeds.len(),
        (cpu() - begun).as_secs(),
        slowest.0,
        slowest.1
    );
}

fn repeat(kind: Kind, seed: u64) -> String {
    let name = format!("{kind:?}").to_lowercase();
    format!("FUZZ_RUNS=1 FUZZ_SEED={seed} cargo test -p tests --test fuzz {name}_survives")
}

#[test]
fn pdf_survives() {
    survives(Kind::Pdf);
}

#[test]
fn picture_survives() {
    survives(Kind::Picture);
}

#[test]
fn cms_survives() {
    survives(Kind::Cms);
}

#[test]
fn x509_survives() {
    survives(Kind::X509);
}

#[test]
fn ocsp_survives() {
    survives(Kind::Ocsp);
}

#[test]
fn crl_survives() {
    survives(Kind::Crl);
}

#[test]
fn tsp_survives() {
    survives(Kind::Tsp);
}

/// A judge that rejects everything would pass the run above.
#[test]
fn the_corpus_itself_is_accepted() {
    let (anchors, genuine, extra) = (anchors(), Genuine::read(), Evidence::default());
    let policy = Policy {
        anchors: &anchors,
        at: NOW,
        profile: Profile::Auto,
        extra: &extra,
        register: None,
        test_anchors: false,
    };
    let report = pades::judge(&genuine.bytes, "a.pdf", &policy);
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
    let Person([leaf, issuer, root]) = Person::read();
    let path = path::build(&leaf, std::slice::from_ref(&issuer), std::slice::from_ref(&root), NOW, Purpose::Signing);
    assert!(path.is_trusted(), "{:?}", path.outcome);
    let answer = std::fs::read(here().join("ocsp-response.der")).expect("an answer");
    let list = std::fs::read(here().join("crl.der")).expect("a list");
    let evidence = Evidence { ocsps: vec![answer], crls: vec![list], ..Evidence::default() };
    let revocation = path::revocation(&[leaf, issuer, root], &evidence, NOW);
    assert!(revocation.is_good(), "{:?}", revocation.refused);
    assert!(Certificate::from_der(&std::fs::read(here().join("certificate.der")).expect("a file")).is_ok());
    for (name, parsed) in [
        ("crl.der", (|der: &[u8]| pki::crl::Crl::parse(der).is_ok()) as fn(&[u8]) -> bool),
        ("ocsp-response.der", |der| pki::ocsp::Response::parse(der).is_ok()),
        ("signed-data.der", |der| pki::cms::SignedData::parse(der).is_ok()),
        ("timestamp-token.der", |der| pki::tsp::Token::parse(der).is_ok()),
    ] {
        assert!(parsed(&std::fs::read(here().join(name)).expect("a file")), "{name}");
    }
}

/// Every single bit of a sample of bytes, and every way to cut the file: never valid, never a panic.
#[test]
fn a_flipped_bit_is_never_valid() {
    let (anchors, genuine) = (anchors(), Genuine::read());
    let mut chance = Chance::new(7);
    for _ in 0..100 {
        let mut bytes = genuine.bytes.clone();
        let place = chance.below(bytes.len());
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= 1 << chance.below(8);
        }
        read_pdf(&bytes, &anchors, &genuine);
        read_pdf(genuine.bytes.get(..place).unwrap_or_default(), &anchors, &genuine);
    }
}
