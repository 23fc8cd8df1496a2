//! Peak memory of judging a file on disk (limits.md T4), and of verifying one that we have made (T8): of a process that does nothing else,
//! beside what it had before it began.
//!
//! The files are made here: a certified copy of a scan of 40 pages, and a small copy to which somebody appended 600 MB. Nothing is asserted:
//! figures are read by people.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;

use domain::copy::CopyState;
use pades::{Beginning, ExpectedArchive, LEADER_FIELD, Policy, Profile, SEAL_FIELD, Source, Unread, verify_archive};
use pki::Certificate;
use pki::path::Evidence;
use serde_json::{Value, json};
use testkit::{base, copy_of, office, receive, request_seal, sign_until, submit, sweep};

const PAGES: usize = 40;
const MB: usize = 1_000_000;

/// A file that is read where it is asked.
struct Disk(File, usize);

impl Source for Disk {
    fn len(&self) -> usize {
        self.1
    }

    fn read_at(&self, offset: usize, into: &mut [u8]) -> Result<usize, Unread> {
        self.0.read_at(into, offset as u64).map_err(|error| Unread(error.to_string()))
    }
}

/// A line of what the kernel tells about this process, kilobytes.
fn kernel_kb(line: &str) -> u64 {
    let told = std::fs::read_to_string("/proc/self/status").expect("Linux tells a process's memory");
    let value = told.lines().find_map(|text| text.strip_prefix(line)?.split_whitespace().nth(1));
    value.and_then(|text| text.parse().ok()).expect("kilobytes")
}

fn disk(path: &str) -> Disk {
    let file = File::open(path).expect("a file");
    let len = usize::try_from(file.metadata().expect("a length").len()).expect("a length");
    Disk(file, len)
}

/// Where the signers' X.509 certificates lie, beside the roots.
fn signers(roots: &Path) -> String {
    roots.with_file_name("signers.pem").display().to_string()
}

fn roots_in(path: &str) -> Vec<Certificate> {
    Certificate::from_pem_many(&std::fs::read_to_string(path).expect("roots")).expect("roots")
}

/// A process that is measured: whoever made an archive verifies it before it is recorded.
fn door(path: &str, roots: &str, at: &str, sealed: &str) {
    let (file, anchors, at) = (disk(path), roots_in(roots), at.parse().expect("seconds"));
    let (size, sha256) = sealed.split_once(':').expect("the sealed file");
    let sha256 = hex::decode(sha256).expect("a digest").try_into().expect("a digest");
    let sealed = Beginning { size: size.parse().expect("a length"), sha256 };
    // Every process has keys of its own: these are those of the one that made the file.
    let signers = roots_in(&signers(Path::new(roots)));
    let [leader, agency] = signers.as_slice() else { panic!("two signers") };
    let signers = [(LEADER_FIELD, leader.der()), (SEAL_FIELD, agency.der())];
    let expected = ExpectedArchive { sealed, signers: &signers, at, anchors: &anchors };
    let (idle, len) = (kernel_kb("VmHWM"), file.1);
    let opened = verify_archive(pades::File::Source(&file), &expected).map(|archive| archive.level());
    println!(
        "{}",
        json!({"idle": idle, "peak": kernel_kb("VmHWM"), "verdict": opened.expect("it opens"), "bytes": len})
    );
}

/// A process that is measured.
fn judge(path: &str, roots: &str, at: &str) {
    let (anchors, extra, file) = (roots_in(roots), Evidence::default(), disk(path));
    let (at, profile, len) = (at.parse().expect("seconds"), Profile::Ecopy, file.1);
    let policy = Policy { anchors: &anchors, at, profile, extra: &extra, register: None, test_anchors: false };
    let idle = kernel_kb("VmHWM");
    let report = pades::judge_source(&file, "a.pdf", &policy, None).expect("a readable file");
    println!("{}", json!({"idle": idle, "peak": kernel_kb("VmHWM"), "verdict": report.verdict, "bytes": len}));
}

/// What is in no dictionary of a compressor: the bytes of an image.
fn noise(size: usize, seed: usize) -> Vec<u8> {
    let mut state = seed as u64 | 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..size).map(next).collect()
}

/// The paper of [`base`] with more pages, each an image.
fn scan(size: usize) -> Vec<u8> {
    let mut file = base("Bản sao");
    let text = String::from_utf8_lossy(&file).into_owned();
    let previous =
        text.rsplit("startxref").next().and_then(|rest| rest.split_whitespace().next()).expect("a startxref");
    let mut offsets = Vec::new();
    let mut kids = "3 0 R".to_owned();
    for page in 0..PAGES {
        let number = 20 + 2 * page;
        kids.push_str(&format!(" {number} 0 R"));
        offsets.push((number, file.len()));
        let image = number + 1;
        let page_text = format!(
            "{number} 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</I {image} 0 R>>>>>>\nendobj\n"
        );
        file.extend(page_text.into_bytes());
        offsets.push((image, file.len()));
        let data = noise(size / PAGES, page);
        let head = format!(
            "{image} 0 obj\n<</Type/XObject/Subtype/Image/Width 2480/Height 3508/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/DCTDecode/Length {}>>\nstream\n",
            data.len()
        );
        file.extend(head.into_bytes());
        file.extend(data);
        file.extend(b"\nendstream\nendobj\n");
    }
    offsets.push((2, file.len()));
    file.extend(format!("2 0 obj\n<</Type/Pages/Count {}/Kids[{kids}]>>\nendobj\n", PAGES + 1).into_bytes());
    let section = file.len();
    file.extend(table(&offsets, previous, section).into_bytes());
    file
}

fn table(offsets: &[(usize, usize)], previous: &str, section: usize) -> String {
    let mut text = "xref\n".to_owned();
    for (number, offset) in offsets {
        text.push_str(&format!("{number} 1\n{offset:010} 00000 n \n"));
    }
    let size = offsets.iter().map(|(number, _)| number + 1).max().unwrap_or(0);
    format!("{text}trailer\n<</Size {size}/Root 1 0 R/Prev {previous}>>\nstartxref\n{section}\n%%EOF\n")
}

/// A copy of this paper with both signatures, time-stamps and evidence.
struct Made {
    file: Vec<u8>,
    /// The instant to judge it at.
    at: i64,
    /// Length and digest of the sealed file in it.
    sealed: String,
}

fn archived(paper: Vec<u8>) -> Made {
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, paper);
    sign_until(&world, &copy);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a seal");
    sweep(&world);
    let CopyState::Sealed { sealed, archived: Some(archived), .. } = copy_of(&world, &copy).state else {
        panic!("no archive")
    };
    let file = world.object(&archived.path).expect("an archived copy").to_vec();
    let at = world.now().as_second() + 600;
    Made { file, at, sealed: format!("{}:{}", sealed.size, hex::encode(sealed.sha256)) }
}

/// Writes a copy and an update behind it that brings six images of 100 MB.
fn append(path: &Path, copy: &[u8]) -> std::io::Result<()> {
    let text = String::from_utf8_lossy(copy);
    let previous = text.rsplit("startxref").next().and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(copy)?;
    let (mut at, mut offsets, piece) = (copy.len(), Vec::new(), noise(MB, 7));
    for number in 900..906 {
        offsets.push((number, at));
        let head = format!("{number} 0 obj\n<</Filter/DCTDecode/Length {}>>\nstream\n", 100 * MB);
        out.write_all(head.as_bytes())?;
        for _ in 0..100 {
            out.write_all(&piece)?;
        }
        out.write_all(b"\nendstream\nendobj\n")?;
        at += head.len() + 100 * MB + 18;
    }
    out.write_all(table(&offsets, previous, at).as_bytes())?;
    out.flush()
}

/// `sealed`: for the door, else for the judge.
fn measure(case: &str, path: &Path, roots: &Path, at: i64, sealed: Option<&str>) {
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program);
    child.arg(if sealed.is_some() { "door" } else { "judge" }).args([path, roots]).arg(at.to_string()).args(sealed);
    let child = child.output().expect("a child");
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    let told: Value = serde_json::from_slice(&child.stdout).expect("its figures");
    let mb = |key: &str| told[key].as_u64().map_or(0.0, |kb| (kb as f64 * 1.024 / 10.0).round() / 100.0);
    let (peak, idle) = (mb("peak"), mb("idle"));
    println!(
        "{}",
        json!({"bench": "memory", "case": case, "value": peak, "unit": "MB_peak", "baseline": "idle", "baseline_value": idle,
            "ratio": ((peak / idle) * 1000.0).round() / 1000.0, "bytes": told["bytes"], "verdict": told["verdict"]})
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["judge", path, roots, at] => return judge(path, roots, at),
        ["door", path, roots, at, sealed] => return door(path, roots, at, sealed),
        _ => {}
    }
    let folder = std::env::temp_dir().join(format!("ctdt-memory-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (path, roots) = (folder.join("a.pdf"), folder.join("roots.pem"));
    let pem: String = testkit::trees().anchors().iter().map(Certificate::to_pem).collect();
    std::fs::write(&roots, pem).expect("written");
    let ours = &testkit::trees().ours;
    let pem: String = [&ours.leader, &ours.agency_p256].map(|who| who.leaf().to_pem()).concat();
    std::fs::write(signers(&roots), pem).expect("written");
    for (case, size) in [("small", 40), ("98MB", 98 * MB)] {
        let Made { file, at, sealed } = archived(scan(size));
        std::fs::write(&path, file).expect("written");
        measure(case, &path, &roots, at, None);
        measure(&format!("made_{case}"), &path, &roots, at, Some(&sealed));
    }
    let Made { file, at, .. } = archived(scan(40));
    append(&path, &file).expect("written");
    measure("600MB_appended", &path, &roots, at, None);
    std::fs::remove_dir_all(&folder).expect("removed");
}
