//! What the command answers, prints and writes.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use pades::{ReportKind, Unread, Verdict};
use sha2::{Digest as _, Sha256};

use super::args::instant;
use super::judging::{Extent, FILE_LIMIT, Fault, answers, guarded, judging};
use super::matter::{Matter, read};
use super::printing::{plain, short_time, table, width};
use super::records::write_records;
use super::roots::{TRUST_LIMIT, anchors_in, read_anchors};
use super::*;
use crate::disk::Disk;

/// The answer about what is no archive.
fn answer(path: &Path, question: &Question, limit: Duration) -> Answer {
    answers(path, question, limit).pop().expect("an answer")
}

fn question() -> Question {
    Question { roots: Roots::default(), at: 1_795_417_531, profile: Profile::Auto }
}

fn scan(name: &str) -> Answer {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scans").join(name);
    answer(&path, &question(), TIME_LIMIT)
}

/// Decision 43: unsigned is invalid with its reason, an untrusted chain cannot be told.
#[test]
fn verdicts_become_exit_statuses() {
    let (unsigned, untrusted) = (scan("libreoffice.pdf"), scan("da-ky.pdf"));
    assert_eq!(unsigned.report.reasons.first().map(|reason| reason.code.as_str()), Some("no-signature"));
    assert_eq!(untrusted.report.verdict, Verdict::Indeterminate);
    assert_eq!(status(&[scan("da-ky.pdf")]), 2);
    assert_eq!(status(&[untrusted, unsigned]), 1);
    assert_eq!(status(&[scan("da-ky.pdf"), scan("missing.pdf")]), 3);
    assert_eq!(status(&[scan("libreoffice.pdf"), scan("missing.pdf")]), 1, "an invalid file is the graver news");
    assert_eq!(status(&[scan("README.md")]), 1, "what is no PDF is refused with a reason");
}

/// Contract §2: one object, every key in its place, also for a file that cannot be opened.
#[test]
fn the_object_has_the_shape_of_the_contract() {
    let object = document(&[scan("da-ky.pdf"), scan("missing.pdf")]);
    let signed = &object["files"][0];
    for key in ["file", "verdict", "kind", "sha256", "size", "reasons", "signatures"] {
        assert!(!signed[key].is_null(), "{key}");
    }
    let one = &signed["signatures"][0];
    for (key, value) in
        [("kind", "signature"), ("integrity", "intact"), ("covers", "whole_file"), ("changes_after", "none")]
    {
        assert_eq!(one[key], value, "{key}");
    }
    assert_eq!(object["files"][1]["kind"], "unreadable");
    assert_eq!(object["files"][1]["reasons"][0]["code"], "file-unreadable");
    assert!(
        object["files"][1]["reasons"][0]["text"]["vi"].as_str().is_some_and(|text| text.starts_with("Không mở được"))
    );
}

/// Contract §2: every key stands there, null where there is nothing to say, whatever the file is.
#[test]
fn every_key_of_the_contract_stands_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ho-so.zip");
    let mut damaged = archive(&[("a.pdf", b"%PDF-1.7 and some more text")]);
    damaged[45] ^= 0xff;
    std::fs::write(&path, damaged).expect("written");
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/situations/hop-le.pdf");
    let (copy, damaged) = (answer(&copy, &question(), TIME_LIMIT), answer(&path, &question(), TIME_LIMIT));
    assert!(copy.json()["number"].is_object());
    let others = ["da-ky.pdf", "libreoffice.pdf", "README.md", "missing.pdf"].map(scan);
    for one in others.iter().chain([&damaged]) {
        assert_eq!(one.json().get("number"), Some(&Value::Null), "{}", one.report.file);
    }
    let has = |object: &Value, keys: &str| {
        for key in keys.split(' ') {
            assert!(object.get(key).is_some(), "{key}: {object}");
        }
    };
    for object in others.iter().chain([&damaged, &copy]).map(Answer::json) {
        has(&object, "file verdict kind sha256 size reasons signatures number");
        for reason in object["reasons"].as_array().expect("reasons") {
            has(reason, "code text");
            has(&reason["text"], "vi en");
        }
        for one in object["signatures"].as_array().expect("signatures") {
            has(one, "field kind role integrity covers changes_after indication sub_indication level certificate_path");
            has(one, "revocation signed_at time_source signer");
            has(&one["signer"], "subject organisation serial issuer valid_from valid_to");
        }
    }
    has(&copy.json()["number"], "number book year suffix unit_code");
}

/// Digest and length are those of the file, or null: never those of no bytes.
#[test]
fn what_was_not_read_is_not_told() {
    let empty = hex::encode(Sha256::digest(b""));
    let missing = scan("missing.pdf").json();
    assert!(missing["sha256"].is_null() && missing["size"].is_null(), "{missing}");
    let folder = tempfile::tempdir().expect("a folder");
    let long = folder.path().join("long.pdf");
    let made = File::create(&long).and_then(|file| file.set_len(FILE_LIMIT + 7));
    made.expect("a sparse file");
    let long = answer(&long, &question(), TIME_LIMIT).json();
    assert!(long["sha256"].is_null(), "{long}");
    assert_eq!(long["size"], FILE_LIMIT + 7);
    let none = || Ok(question().refuse_unread("", "reader-failed", ""));
    let slow = move |_: &Matter, _: &str| {
        std::thread::sleep(Duration::from_secs(3));
        none()
    };
    let broken = move |_: &Matter, _: &str| if std::hint::black_box(true) { panic!("on purpose") } else { none() };
    let file = b"%PDF-1.7 of nobody";
    let path = folder.path().join("nobody.pdf");
    std::fs::write(&path, file).expect("written");
    let (disk, limit) = (|| Matter::Disk(Disk::open(&path).expect("a file")), Duration::from_millis(20));
    let answers = [
        judging(disk(), "a.pdf".into(), question(), limit, slow),
        judging(disk(), "a.pdf".into(), question(), TIME_LIMIT, broken),
    ];
    for object in answers.map(|answer| answer.json()) {
        assert_eq!(object["sha256"], hex::encode(Sha256::digest(file)));
        assert_ne!(object["sha256"], empty);
        assert_eq!(object["size"], file.len());
    }
    let unread = |_: &Matter, _: &str| Err(Unread("on purpose".to_owned()));
    let unread = judging(disk(), "a.pdf".into(), question(), TIME_LIMIT, unread);
    assert_eq!((unread.report.verdict, status(&[unread])), (Verdict::Indeterminate, 2));
    let unread = judging(disk(), "a.pdf".into(), question(), TIME_LIMIT, |_, _| Err(Unread(String::new()))).json();
    assert!(unread["sha256"].is_null() && unread["reasons"][0]["code"] == "file-unreadable", "{unread}");
    assert_eq!(unread["size"], file.len());
    let nothing = folder.path().join("empty.pdf");
    std::fs::write(&nothing, b"").expect("written");
    assert_eq!(answer(&nothing, &question(), TIME_LIMIT).json()["sha256"], empty, "an empty file has that digest");
}

/// A fault of ours, or a file that takes for ever, is an answer.
#[test]
fn faults_and_slowness_are_answers() {
    assert_eq!(guarded(TIME_LIMIT, || 7), Ok(7));
    assert_eq!(
        guarded(TIME_LIMIT, || if std::hint::black_box(true) {
            panic!("on purpose")
        }),
        Err(Fault::Broken)
    );
    let wait = || std::thread::sleep(Duration::from_secs(3));
    assert_eq!(guarded(Duration::from_millis(20), wait), Err(Fault::Slow));
    let report = question().refuse_unread("a.pdf", "reader-failed", "");
    assert_eq!((report.verdict, report.kind), (Verdict::Indeterminate, ReportKind::Unreadable));
}

/// The five situations of a clerk, to the byte: what the terminal shows, the JSON object and the record. The copies were made by
/// the tests of `pades` (`SITUATIONS_OUT`); `SITUATIONS_WRITE=1` writes what is expected here anew, to be looked at.
#[test]
fn the_five_situations() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/situations");
    let anchors = read_anchors(&folder.join("trust.pem")).expect("a root");
    let soon = 1_795_421_131;
    let cases = [
        ("hop-le", "hop-le", soon, 0),
        ("bi-sua", "bi-sua", soon, 1),
        ("mot-chu-ky", "mot-chu-ky", soon, 1),
        ("het-han", "hop-le", soon + 200 * 86_400, 0),
        ("chua-ro-thu-hoi", "chua-ro-thu-hoi", soon, 2),
    ];
    for (name, file, at, exit) in cases {
        let copy = Matter::Disk(Disk::open(&folder.join(format!("{file}.pdf"))).expect("a copy"));
        let question = Question { roots: Roots::of_anchors(anchors.clone()), at, profile: Profile::Auto };
        let report = question.judge(&copy, &format!("{file}.pdf")).expect("readable");
        let answers = [Answer { report, read: Extent::Whole }];
        assert_eq!(status(&answers), exit, "{name}");
        let made = [
            ("txt", table(&answers, false).into_bytes()),
            ("json", format!("{:#}\n", document(&answers)).into_bytes()),
            ("bien-ban.pdf", compose::report(&answers[0].json()).expect("a record")),
        ];
        for (kind, made) in made {
            let path = folder.join(format!("{name}.{kind}"));
            if std::env::var_os("SITUATIONS_WRITE").is_some() {
                std::fs::write(&path, &made).expect("written");
            }
            assert!(std::fs::read(&path).expect("what is expected") == made, "{} differs", path.display());
        }
    }
}

/// The record is written where it is wanted, and never over the judged file.
#[test]
fn records_are_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("a.pdf");
    std::fs::write(&copy, b"no PDF").expect("written");
    let one = || answer(&copy, &question(), TIME_LIMIT);
    let given = [copy.clone()];
    assert!(write_records(&copy, &given, &[one()]).is_err());
    let out = folder.path().join("out.pdf");
    write_records(&out, &given, &[one()]).expect("written");
    assert!(std::fs::read(&out).expect("a record").starts_with(b"%PDF-"));
    let many = folder.path().join("many");
    write_records(&many, &given, &[one(), one()]).expect("written");
    assert_eq!(std::fs::read_dir(&many).expect("a folder").count(), 2);
    // A file to be judged that stands where a record would go, by its own name or another; and an archive named by what is in it.
    let inside = many.join("002-a.bien-ban.pdf");
    std::fs::write(&inside, b"no PDF either").expect("written");
    let linked = folder.path().join("linked.pdf");
    std::os::unix::fs::symlink(&inside, &linked).expect("a link");
    let mut of_archive = one();
    of_archive.report.file.push_str("/b.pdf");
    for (out, given, answers) in [
        (&many, vec![copy.clone(), inside.clone()], vec![one(), one()]),
        (&many, vec![copy.clone(), linked.clone()], vec![one(), one()]),
        (&copy, vec![copy.clone()], vec![of_archive]),
    ] {
        assert!(write_records(out, &given, &answers).is_err(), "{}", out.display());
    }
    assert_eq!(std::fs::read(&inside).expect("as it was"), b"no PDF either");
    assert_eq!(std::fs::read(&copy).expect("as it was"), b"no PDF");
}

/// Names that lead to one file without a symbolic link are one file too.
#[test]
fn a_record_does_not_reach_a_judged_file_by_another_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let (copy, other) = (folder.path().join("a.pdf"), folder.path().join("b.pdf"));
    std::fs::write(&copy, b"no PDF").expect("written");
    std::fs::hard_link(&copy, &other).expect("a second name");
    let found = answer(&copy, &question(), TIME_LIMIT);
    assert!(write_records(&other, std::slice::from_ref(&copy), &[found]).is_err());
    assert_eq!(std::fs::read(&copy).expect("as it was"), b"no PDF");
}

/// What was given to judge by is kept like what is judged.
#[test]
fn a_record_does_not_replace_a_root() {
    let folder = tempfile::tempdir().expect("a folder");
    let situations = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/situations");
    let root = folder.path().join("trust.pem");
    std::fs::copy(situations.join("trust.pem"), &root).expect("a root");
    let args = VerifyArgs {
        json: true,
        trust: vec![root.clone()],
        trust_list: None,
        pin: Vec::new(),
        at: None,
        offline: false,
        profile: None,
        report: Some(root.clone()),
        files: vec![situations.join("hop-le.pdf")],
    };
    assert_eq!(run(&args), ExitCode::from(3));
    assert!(read_anchors(&root).is_ok_and(|anchors| !anchors.is_empty()));
}

/// An earlier record is replaced as a whole, with its rights and behind its link; whoever has it under another name keeps it. A device
/// takes a record too.
#[test]
fn an_earlier_record_is_replaced_whole() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("a.pdf"), b"no PDF").expect("written");
    let write = |out: &Path| {
        let found = answer(&at("a.pdf"), &question(), TIME_LIMIT);
        write_records(out, &[at("a.pdf")], &[found]).expect("written");
    };
    std::fs::write(at("record.pdf"), b"an earlier record").expect("written");
    std::fs::set_permissions(at("record.pdf"), std::fs::Permissions::from_mode(0o600)).expect("rights");
    std::fs::hard_link(at("record.pdf"), at("kept.pdf")).expect("a second name");
    std::os::unix::fs::symlink(at("record.pdf"), at("link.pdf")).expect("a link");
    write(&at("link.pdf"));
    assert!(at("link.pdf").is_symlink());
    assert!(std::fs::read(at("record.pdf")).expect("a record").starts_with(b"%PDF-"));
    assert_eq!(std::fs::metadata(at("record.pdf")).expect("a record").permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read(at("kept.pdf")).expect("as it was") == b"an earlier record");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 4, "nothing else is left");
    write(Path::new("/dev/null"));
}

/// Pipes, folders and endless devices are not read; a file over the limit is refused unread.
#[test]
fn only_regular_files_of_bounded_length_are_read() {
    for path in ["/dev/zero", env!("CARGO_MANIFEST_DIR")].map(Path::new) {
        assert!(read(path, TRUST_LIMIT).is_err() && Disk::open(path).is_err(), "{}", path.display());
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    assert!(matches!(read(&manifest, 10), Ok(None)));
    assert!(matches!(read(&manifest, TRUST_LIMIT), Ok(Some(_))));
}

/// What files say about themselves does not steer the terminal, and letters with marks do not shift the columns.
#[test]
fn lines_are_aligned_and_harmless() {
    assert_eq!(plain("a\u{1b}[31mb\u{202e}c\n"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}");
    assert_eq!((width("Nguyễn"), width("Nguye\u{302}\u{303}n")), (6, 6));
    assert_eq!(short_time("2026-11-23T14:05:31+07:00").as_deref(), Some("23/11/2026 14:05"));
    let text = table(&[scan("libreoffice.pdf"), scan("da-ky.pdf")], true);
    let arrows: Vec<usize> = text.lines().filter_map(|line| line.find('→').map(|at| width(&line[..at]))).collect();
    assert!(matches!(arrows.as_slice(), [one, other] if one == other), "{text}");
    assert!(text.ends_with("2 tệp · 0 hợp lệ · 1 không · 1 chưa rõ  exit 1\n"), "{text}");
}

/// F12: no name in a file makes a column of its own.
#[test]
fn a_name_cannot_pass_for_other_columns() {
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/situations/hop-le.pdf");
    let mut found = answer(&copy, &question(), TIME_LIMIT);
    found.report.verdict = Verdict::Valid;
    found.report.file = "a.zip/b.pdf  HỢP LỆ".to_owned();
    let number = found.report.number.as_mut().expect("a number");
    number.suffix = "SCT/BS  UBND X  ký 01/01/2020 08:00".to_owned();
    found.report.signatures[0].field = "Leader  TOTAL-PASSED".to_owned();
    for signer in found.report.signatures.iter_mut().filter_map(|one| one.signer.as_mut()) {
        signer.subject = format!("CN=UBND X”  ký 01/01/2020 08:00  dấu thời gian ✔{}", "a".repeat(30_000));
    }
    let text = table(&[found], true);
    assert!(text.contains("· “Leader  TOTAL-PASSED”  "), "{text}");
    let line = text.lines().next().expect("a line");
    for quoted in [
        "“a.zip/b.pdf  HỢP LỆ”",
        "- “SCT/BS  UBND X  ký 01/01/2020 08:00”",
        "“UBND X'  ký 01/01/2020 08:00  dấu thời gian ✔aaa",
        "aaa…”  ký 23/11/2026 ",
    ] {
        assert!(line.contains(quoted), "{quoted}: {line}");
    }
    assert!(line.chars().count() < 400, "{line}");
}

/// A folder gives what its files hold; a file without an X.509 certificate is a mistake of the caller.
#[test]
fn anchors_come_from_files_and_folders() {
    let missing = read_anchors(Path::new("/nowhere.pem"));
    assert!(missing.is_err_and(|error| error.contains("/nowhere.pem")));
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    assert!(read_anchors(&manifest).is_err());
    assert!(read_anchors(Path::new(env!("CARGO_MANIFEST_DIR"))).is_err());
    assert!(anchors_in(&[0x30, 0x82]).is_err());
}

/// Contract §2: an instant is RFC 3339; what is not is told in both languages, with what is missing and how it should look.
#[test]
fn wrong_instants_are_explained() {
    assert_eq!(instant("2026-11-23T14:05:31+07:00").map(Timestamp::as_second), Ok(1_795_417_531));
    assert_eq!(instant("2026-11-23T07:05:31Z").map(Timestamp::as_second), Ok(1_795_417_531));
    for (text, vi, en) in [
        ("2026-11-23", "chỉ có ngày", "a day alone"),
        ("2026-11-23T14:05:31", "thiếu múi giờ", "the offset is missing"),
        ("23/11/2026", "không phải thời điểm", "not an instant"),
        ("2026-13-45T99:00:00Z", "không phải thời điểm", "not an instant"),
        ("", "không phải thời điểm", "not an instant"),
        ("now", "không phải thời điểm", "not an instant"),
    ] {
        let why = instant(text).expect_err(text);
        assert!(why.contains(vi) && why.contains(en) && why.matches("2026-11-23T14:05:31+07:00").count() == 2, "{why}");
    }
}

/// An archive of these files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a file");
        writer.write_all(bytes).expect("bytes");
    }
    writer.finish().expect("an archive").into_inner()
}

/// The dossier of a clerk (as `POST /v1/verifications` takes it): each file answers for itself, under the archive's name; what is
/// damaged or beyond the bounds is told.
#[test]
fn a_dossier_is_opened_within_bounds() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ho-so.zip");
    let situation = |name: &str| {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/situations").join(name)).expect("a copy")
    };
    let anchors = anchors_in(&situation("trust.pem")).expect("a root");
    let question = Question { roots: Roots::of_anchors(anchors), at: 1_795_421_131, profile: Profile::Auto };
    let judge = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("written");
        answers(&path, &question, TIME_LIMIT)
    };
    let (valid, altered) = (situation("hop-le.pdf"), situation("bi-sua.pdf"));
    let found = judge(&archive(&[("a/hop-le.pdf", &valid), ("bi-sua.pdf", &altered), ("ghi-chu.txt", b"no PDF")]));
    let verdicts: Vec<Verdict> = found.iter().map(|one| one.report.verdict).collect();
    assert_eq!(verdicts, [Verdict::Valid, Verdict::Invalid, Verdict::Invalid]);
    assert!(found[0].report.file.ends_with("ho-so.zip/a/hop-le.pdf"), "{}", found[0].report.file);
    assert_eq!(found[0].json()["sha256"], hex::encode(Sha256::digest(&valid)));
    assert_eq!((status(&found), status(&judge(&archive(&[("hop-le.pdf", &valid)])))), (1, 0));
    // F25: "valid" in one line of many does not say that a register knows the copy.
    assert!(
        table(&found, true).contains("no register is asked") && !table(&found[1..], true).contains("register is asked")
    );

    let many: Vec<String> = (0..101).map(|n| format!("{n}.pdf")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    let codes =
        |found: &[Answer]| -> Vec<String> { found.iter().map(|one| one.report.reasons[0].code.clone()).collect() };
    let zeros = vec![0; 11 << 20];
    for (refused, code) in [
        (archive(&many), "pdf-too-complex"),
        (archive(&[("a.pdf", &zeros)]), "pdf-too-complex"),
        (archive(&[("ho-so/", b"")]), "file-unreadable"),
        (b"PK\x03\x04 and nothing".to_vec(), "file-unreadable"),
    ] {
        let found = judge(&refused);
        assert_eq!((codes(&found), status(&found)), (vec![code.to_owned()], 2), "not misuse");
    }
    // F11: what hides a file is not opened, and both languages say why.
    let hidden = judge(&[archive(&[("bi-sua.pdf", &altered)]), archive(&[("hop-le.pdf", &valid)])].concat());
    assert_eq!((codes(&hidden), status(&hidden)), (vec!["file-unreadable".to_owned()], 2));
    let said = &hidden[0].report.reasons[0].text;
    assert!(
        said.vi.contains("mỗi phần mềm có thể thấy những tệp khác nhau / ") && said.en.ends_with("files in it)."),
        "{said:?}"
    );
    let mut damaged = archive(&[("a.pdf", b"%PDF-1.7 and some more text")]);
    damaged[45] ^= 0xff;
    let damaged = judge(&damaged);
    assert_eq!((codes(&damaged), status(&damaged)), (vec!["file-unreadable".to_owned()], 2));
    assert!(damaged[0].json()["sha256"].is_null() && damaged[0].json()["size"].is_null());
    let mut second = archive(&[("hop-le.pdf", &valid), ("a.pdf", b"%PDF-1.7 and some more text")]);
    let place = second.windows(4).rposition(|piece| piece == b"PK\x03\x04").expect("its head");
    second[place + 45] ^= 0xff;
    let second = judge(&second);
    let verdicts: Vec<Verdict> = second.iter().map(|one| one.report.verdict).collect();
    assert_eq!((verdicts.as_slice(), status(&second)), (&[Verdict::Valid, Verdict::Indeterminate][..], 2));
}

/// docs/TRUST_LISTS.md: a signed list in the place of roots. Only a list by a pinned key is taken, and only what it lists is lawful.
#[test]
fn a_signed_trust_list_is_taken_under_its_pin() {
    let now = 1_795_421_131;
    let pki = local::testpki::TestPki::open(None, "http://127.0.0.1:9", now).expect("a PKI");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("list.p7m");
    std::fs::write(&path, pki.trust_list().expect("a list")).expect("written");
    let open = |pins: &[&str]| {
        let pins: Vec<String> = pins.iter().map(|pin| (*pin).to_owned()).collect();
        Roots::of_list(&path, &pins, now)
    };
    let other = "00".repeat(32);
    let roots = open(&[&other, &pki.trust_list_pin()]).expect("one of the keys is pinned");
    let wanted = pki::Certificate::from_pem_many(&pki.trust_pem()).expect("PEM");
    assert_eq!(roots.anchors, wanted);
    assert!(roots.test && roots.list.is_some() && !roots.issuers.is_empty());
    let refusal = |pins: &[&str]| open(pins).expect_err("refused");
    assert!(refusal(&[&other]).contains("trust-list-signer"));
    assert!(refusal(&["zz"]).contains("--pin zz"));
    // What another root vouches for is not lawful under this list.
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/situations/hop-le.pdf");
    let found = answer(&copy, &Question { roots, at: now, profile: Profile::Auto }, TIME_LIMIT);
    assert_eq!(found.report.verdict, Verdict::Indeterminate);
    std::fs::write(&path, b"no list").expect("written");
    assert!(refusal(&[&other]).contains("trust-list-malformed"));
}

/// What an archive calls its entries need not be a name that a file system takes.
#[test]
fn a_record_has_a_name_that_a_file_can_have() {
    let folder = tempfile::tempdir().expect("a folder");
    let named =
        |name: String| Answer { report: question().refuse_unread(&name, "reader-failed", ""), read: Extent::Whole };
    let answers =
        [named(format!("ho-so.zip/{}.pdf", "ả".repeat(300))), named("ho-so.zip/a\0b\n.pdf".into()), named("..".into())];
    write_records(folder.path(), &[], &answers).expect("written");
    let mut names: Vec<String> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    assert_eq!(names[0], format!("001-{}.bien-ban.pdf", "ả".repeat(66)));
    assert_eq!(names[1..], ["002-a_b_.bien-ban.pdf", "003-.bien-ban.pdf"]);
}

/// api.md §2.6: of a changed file the pages are told, in both languages; what a later revision may change is not.
#[test]
fn changed_pages_are_told() {
    let one = |n, judgement, said: &str| pades::RevisionReport {
        n,
        after_signature: 1,
        judgement,
        pages_changed: vec![2],
        further_pages: 0,
        text: pades::Text { vi: format!("trang 2 {said}"), en: format!("page 2 {said}") },
    };
    let mut found = scan("da-ky.pdf");
    found.report.revisions = vec![
        one(2, pades::Judgement::Allowed, "được phép"),
        one(3, pades::Judgement::NotAllowed, "\u{1b}đã bị thay đổi"),
        one(4, pades::Judgement::Unclear, "không rõ"),
    ];
    let text = table(&[found], true);
    let lines: Vec<&str> = text.lines().filter(|line| line.contains('≠')).collect();
    let expected = [
        "   ≠ trang 2 \u{fffd}đã bị thay đổi / page 2 \u{fffd}đã bị thay đổi",
        "   ≠ trang 2 không rõ / page 2 không rõ",
    ];
    assert_eq!(lines, expected);
}

/// An office below a province names the province as its organisation; the seal is the office's.
#[test]
fn a_seal_is_shown_by_its_own_name() {
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/situations/hop-le.pdf");
    let mut found = answer(&copy, &question(), TIME_LIMIT);
    found.report.verdict = Verdict::Valid;
    for signer in found.report.signatures.iter_mut().filter_map(|one| one.signer.as_mut()) {
        signer.organisation = Some("UBND tỉnh Mẫu".to_owned());
    }
    let text = table(&[found], true);
    let line = text.lines().next().expect("a line");
    assert!(line.contains("UBND xã Thử Nghiệm") && !line.contains("tỉnh"), "{line}");
}
