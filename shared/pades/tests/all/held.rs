//! A file of which only the end is held is signed as the whole file is, whatever its size.

use pades::*;
use sha2::Digest as _;

use crate::common::{judge, *};

/// Beginning and end of a file, as a bucket gives them.
fn held(file: &[u8], midstate: &Midstate) -> Held<'static> {
    let at = usize::try_from(midstate.at).expect("an offset");
    Held::new(midstate, file[..at.min(HEAD)].to_vec(), file[at..].to_vec()).expect("a state")
}

/// [`base`] with a large picture before everything else.
fn large() -> Vec<u8> {
    let picture = format!("9 0 obj\n<</Length {}>>\nstream\n{}\nendstream\nendobj\n", 300_000, "0".repeat(300_000));
    let body = "1 0 obj\n<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R>>\nendobj\n\
        2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n\
        3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[4 0 R 5 0 R]/Resources<</XObject<</Scan 9 0 R>>>>>>\nendobj\n\
        4 0 obj\n<</Type/Annot/Subtype/Widget/FT/Sig/T(Leader)/F 132/Rect[50 50 250 150]/P 3 0 R>>\nendobj\n\
        5 0 obj\n<</Type/Annot/Subtype/Widget/FT/Sig/T(Seal)/F 132/Rect[300 50 500 150]/P 3 0 R/Lock 7 0 R>>\nendobj\n\
        6 0 obj\n<</Fields[4 0 R 5 0 R]/SigFlags 3>>\nendobj\n\
        7 0 obj\n<</Type/SigFieldLock/Action/All>>\nendobj\n\
        8 0 obj\nnull\nendobj\n";
    let objects = format!("%PDF-1.7\n{picture}{body}");
    let place = |number: u32| objects.find(&format!("\n{number} 0 obj")).expect("an object") + 1;
    let rows: String = (1..=9).map(|number| format!("{:010} 00000 n \n", place(number))).collect();
    let xref = objects.len();
    format!(
        "{objects}xref\n0 10\n0000000000 65535 f \n{rows}trailer\n<</Size 10/Root 1 0 R/ID[<00><00>]>>\nstartxref\n{xref}\n%%EOF\n"
    )
    .into_bytes()
}

fn plan<'p>(who: &'p Identity, field: &'p str) -> SignaturePlan<'p> {
    SignaturePlan {
        field,
        chain: &who.chain,
        name: "Nguyễn Văn Mẫu",
        reason: "",
        location: "",
        signed_at: "D:20261123140531+07'00'",
        appearance: Some(appearance()),
        // The longest: a reader looks back from it the farthest.
        token_room: 64 << 10,
        ecopy: (field == "Seal").then(facts),
    }
}

/// The end of `file` with one more signature, made from its end alone, and the whole made from the whole.
fn signed(pki: &Pki, (file, end): (&[u8], &Held<'_>), who: &Identity, field: &str) -> (Vec<u8>, Held<'static>) {
    let plan = plan(who, field);
    let (whole, revision) = (prepare(file, &plan).expect("prepared"), prepare_revision(end, &plan).expect("prepared"));
    assert_eq!(Prepared { file: [file, &revision.tail].concat(), ..whole.clone() }, whole);
    assert_eq!((&whole.contents, &whole.signed_attributes), (&revision.contents, &revision.signed_attributes));
    let raw = who.key.sign(&whole.signed_attributes);
    let token = pki.token(timestamp_imprint(&raw), NOW);
    let signed =
        Signed { attributes: &whole.signed_attributes, signature: &raw, chain: &who.chain, token: Some(&token) };
    let finished = finish(&whole.file, whole.contents.clone(), &signed).expect("signed");
    let tail = finish_revision(end, &revision.tail, revision.contents, &signed).expect("signed");
    assert_eq!([file, &tail].concat(), finished);
    (finished, end.extended(&tail))
}

/// Leader, seal and archive, each made from the end alone: byte by byte what is made from the whole file, and no byte of the picture is
/// looked at.
#[test]
fn what_is_signed_from_the_end_is_what_is_signed_from_the_whole() {
    let (pki, base) = (Pki::new(), large());
    let midstate = freeze(&base);
    assert!(midstate.at > 260_000 && base.len() as u64 - midstate.at < 40_000, "{midstate:?} of {}", base.len());
    let end = held(&base, &midstate);
    assert_eq!(end.sha256(), Beginning::of(&base).sha256);
    let (signed_file, end) = signed(&pki, (&base, &end), &pki.leader, "Leader");
    let leader = Expected {
        field: "Leader",
        signer_der: pki.leader.chain[0].der(),
        base: Beginning::of(&base),
        at: NOW + 60,
        anchors: &pki.anchors(),
    };
    assert_eq!(recheck_signature(&end, &leader), Ok(()));
    verify_signature(&signed_file, &leader).expect("the door opens");
    // As another process reads it: the state is that of the base.
    let end = held(&signed_file, &midstate);
    let (sealed, end) = signed(&pki, (&signed_file, &end), &pki.agency, "Seal");
    let base = Beginning::of(&signed_file);
    let seal = Expected { field: "Seal", signer_der: pki.agency.chain[0].der(), base, ..leader.clone() };
    verify_signature(&sealed, &seal).expect("the door opens");
    assert_eq!(recheck_signature(&end, &seal), Ok(()));
    let code = recheck_signature(&end, &leader).expect_err("it is not the last one any more").code;
    assert_eq!(code, "byte-range-gap");
    let whole = prepare_archive(&sealed, &LongTerm::default()).expect("prepared");
    let revision = prepare_archive_revision(&end, &LongTerm::default(), 0).expect("prepared");
    assert_eq!([sealed.as_slice(), &revision.tail].concat(), whole.file);
    assert_eq!(
        end.extended(&revision.tail).signed_digest(revision.contents),
        signed_digest(&whole.file, whole.contents)
    );
}

/// What is said of an archive by its end is what is said of the whole; a byte that is signed and held and changed is noticed.
#[test]
fn an_archive_is_looked_at_by_its_end() {
    let (pki, base) = (Pki::new(), large());
    let midstate = freeze(&base);
    let (signed_file, _) = signed(&pki, (&base, &held(&base, &midstate)), &pki.leader, "Leader");
    let (sealed, _) = signed(&pki, (&signed_file, &held(&signed_file, &midstate)), &pki.agency, "Seal");
    let mut file = archive(&pki, &sealed, NOW + 120);
    let anchors = pki.anchors();
    let signers = [("Leader", pki.leader.chain[0].der()), ("Seal", pki.agency.chain[0].der())];
    let expected =
        ExpectedArchive { sealed: Beginning::of(&sealed), signers: &signers, at: NOW + 180, anchors: &anchors };
    let until = verify_archive(&file, &expected).expect("the door opens").until();
    assert_eq!(recheck_archive(&held(&file, &midstate), &expected), Ok(until));
    let (swapped, none) = ([("Leader", signers[1].1), ("Seal", signers[0].1)], []);
    assert!(
        recheck_archive(&held(&file, &midstate), &ExpectedArchive { signers: &swapped, ..expected.clone() }).is_err()
    );
    assert!(recheck_archive(&held(&file, &midstate), &ExpectedArchive { anchors: &none, ..expected.clone() }).is_err());
    assert!(recheck_archive(&held(&sealed, &midstate), &expected).is_err(), "it has no time-stamp over everything");
    for at in [usize::try_from(midstate.at).expect("an offset") + 5_000, signed_file.len() - 200, sealed.len() - 200] {
        file[at] ^= 1;
        assert!(recheck_archive(&held(&file, &midstate), &expected).is_err(), "{at}");
        file[at] ^= 1;
    }
}

/// A state of another file, a place that is none, a beginning or an end that is not whole: nothing of it verifies.
#[test]
fn a_wrong_state_makes_nothing_that_verifies() {
    let (pki, base) = (Pki::new(), large());
    let midstate = freeze(&base);
    let mut words = midstate.words;
    words[31] ^= 1;
    let other = held(&base, &Midstate { words, ..midstate });
    assert_ne!(other.sha256(), Beginning::of(&base).sha256);
    let plan = plan(&pki.leader, "Leader");
    let revision = prepare_revision(&other, &plan).expect("it is not noticed here");
    let raw = pki.leader.key.sign(&revision.signed_attributes);
    let signed =
        Signed { attributes: &revision.signed_attributes, signature: &raw, chain: &pki.leader.chain, token: None };
    let tail = finish_revision(&other, &revision.tail, revision.contents.clone(), &signed).expect("nor here");
    assert_eq!(judge(&[base.as_slice(), &tail].concat(), &pki).verdict, Verdict::Invalid);
    assert!(finish_revision(&held(&base, &midstate), &revision.tail, revision.contents, &signed).is_err());

    let at = usize::try_from(midstate.at).expect("an offset");
    let (head, end) = (base[..HEAD].to_vec(), base[at..].to_vec());
    assert!(Held::new(&Midstate { at: midstate.at + 1, ..midstate }, head.clone(), end.clone()).is_err());
    assert!(Held::new(&midstate, head[1..].to_vec(), end.clone()).is_err());
    let short = Held::new(&midstate, head, end[..end.len() - 1].to_vec()).expect("a state");
    assert_ne!(short.sha256(), Beginning::of(&base).sha256);
}

/// The form in which a state is kept is ours, whatever the library's is: FIPS 180-4 §5.3.3 and the state after one block of zeros.
#[test]
fn the_form_of_a_state_is_frozen() {
    let hex = |midstate: Midstate| hex::encode(midstate.words);
    assert_eq!(hex(Midstate::start()), "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19");
    let held = Held::new(&Midstate::start(), Vec::new(), vec![0; 64]).expect("a state");
    assert_eq!(hex::encode(held.sha256()), "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
}

/// What cannot be held in part is held whole.
#[test]
fn a_file_that_is_not_understood_is_held_whole() {
    for file in [&b""[..], b"%PDF-1.7\n", b"no PDF at all", &large()[..1000]] {
        assert_eq!(freeze(file), Midstate::start());
    }
}

/// What was hashed before, for the file or for what is made of it, changes no digest, in whatever order it is asked for.
#[test]
fn what_is_known_changes_no_digest() {
    let file = large();
    let midstate = freeze(&file);
    let tail: Vec<u8> = (0..9_000_u32).map(|at| (at % 251) as u8).collect();
    let more = vec![3; 500];
    let whole = [file.as_slice(), &tail, &more].concat();
    let plain = |contents: std::ops::Range<usize>| {
        sha2::Sha256::new().chain_update(&whole[..contents.start]).chain_update(&whole[contents.end..]).finalize()
    };
    let gaps = [
        file.len() - 40..file.len() - 20,
        file.len()..file.len() + 7,
        file.len() - 3..file.len() + 3,
        file.len() + 100..file.len() + 8_000,
        whole.len() - 10..whole.len(),
    ];
    for asked in 0..4 {
        let base = held(&file, &midstate);
        if asked & 1 == 1 {
            assert_eq!(base.sha256(), <[u8; 32]>::from(sha2::Sha256::digest(&file)));
        }
        let first = base.extended(&tail);
        if asked & 2 == 2 {
            assert_eq!(first.sha256(), <[u8; 32]>::from(sha2::Sha256::digest([file.as_slice(), &tail].concat())));
        }
        let second = first.extended(&more);
        for gap in gaps.clone() {
            assert_eq!(second.signed_digest(gap.clone()), <[u8; 32]>::from(plain(gap)), "{asked}");
        }
        assert_eq!(second.sha256(), <[u8; 32]>::from(sha2::Sha256::digest(&whole)), "{asked}");
        assert_eq!(base.clone().sha256(), <[u8; 32]>::from(sha2::Sha256::digest(&file)), "{asked}");
    }
}
