//! `objects` against the S3 endpoint. Touches decision 11 (create-only) and api.md §5.7 (uploads go straight to the store).

use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::ChecksumMode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::model::Stored;
use domain::ports::{Created, Fault, File, Objects, Presigned};
use objects::Bucket;
use reqwest::{Method, Response, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::cloud::{Cloud, NOBODY, all_at, cloud};
use crate::script::{Script, line};

fn name(cloud: &Cloud) -> String {
    cloud.state.output("DocumentsBucket").expect("a bucket").to_owned()
}

async fn bucket() -> Bucket {
    let cloud = cloud().await;
    Bucket::new(&cloud.sdk, name(cloud))
}

fn raw(cloud: &Cloud) -> Client {
    let config = aws_sdk_s3::config::Builder::from(&cloud.sdk).force_path_style(true);
    Client::from_conf(config.build())
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Sends a body through a link with its headers, changed by name; `None` leaves a header out.
async fn send(link: &Presigned, body: &[u8], changes: &[(&str, Option<&str>)]) -> Response {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let mut request = client.request(Method::PUT, &link.url);
    for (name, value) in &link.headers {
        let value = match changes.iter().find(|(changed, _)| changed == name) {
            Some((_, changed)) => changed.map(str::to_owned),
            None => Some(value.clone()),
        };
        // The client counts the body itself.
        if let Some(value) = value.filter(|_| name != "content-length") {
            request = request.header(name, value);
        }
    }
    request.body(body.to_vec()).send().await.expect("an answer")
}

/// Sixteen runs make the same object: one wins, and the bytes are the winner's.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_writers_one_wins() {
    let bucket = bucket().await;
    for round in 0..8 {
        let path = format!("numbers/race-{round}.pdf");
        let runs = (0..16_u8).map(|writer| {
            let (bucket, path) = (bucket.clone(), path.clone());
            tokio::spawn(async move { bucket.create(&path, vec![writer; 5_000], "application/pdf").await })
        });
        let runs: Vec<_> = runs.collect();
        let mut winners = Vec::new();
        for (writer, run) in runs.into_iter().enumerate() {
            match run.await.expect("no panic").expect("an answer") {
                Created::New => winners.push(writer),
                Created::Existed => {}
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        let stored = bucket.read(&path, 5_000).await.expect("an answer").expect("bytes");
        assert_eq!(stored.iter().map(|b| usize::from(*b)).collect::<Vec<_>>(), vec![winners[0]; 5_000]);
    }
}

#[tokio::test]
async fn what_is_created_is_read_back_with_type_and_digest() {
    let (bucket, cloud) = (bucket().await, cloud().await);
    let bytes = b"%PDF-1.7 \xe1\xba\xa3".to_vec();
    assert_eq!(bucket.create("copies/a b/ả.pdf", bytes.clone(), "application/pdf").await, Ok(Created::New));
    assert_eq!(bucket.create("copies/a b/ả.pdf", b"other".to_vec(), "text/plain").await, Ok(Created::Existed));
    assert_eq!(bucket.read("copies/a b/ả.pdf", 100).await, Ok(Some(bytes.clone())));
    let head = raw(cloud).head_object().bucket(name(cloud)).key("copies/a b/ả.pdf");
    let head = head.checksum_mode(ChecksumMode::Enabled).send().await.expect("a head");
    assert_eq!(head.content_type(), Some("application/pdf"));
    assert_eq!(head.checksum_sha256(), Some(STANDARD.encode(digest(&bytes)).as_str()));
    assert_eq!(bucket.create("copies/empty", Vec::new(), "text/plain").await, Ok(Created::New));
    assert_eq!(bucket.read("copies/empty", 0).await, Ok(Some(Vec::new())));
}

#[tokio::test]
async fn what_is_not_there_is_none_and_what_is_too_long_is_a_fault() {
    let bucket = bucket().await;
    assert_eq!(bucket.read("numbers/none.pdf", 10).await, Ok(None));
    bucket.create("copies/ten", vec![1; 10], "text/plain").await.expect("created");
    assert_eq!(bucket.read("copies/ten", 10).await, Ok(Some(vec![1; 10])));
    let Fault(why) = bucket.read("copies/ten", 9).await.expect_err("too long");
    assert!(why.contains("longer than 9 bytes"), "{why}");
}

/// Every part but the first is asked for by its ETag: parts of two bodies are never put together.
#[tokio::test]
async fn parts_are_of_one_body() {
    let (bucket, cloud) = (bucket().await, cloud().await);
    let path = "uploads/in parts";
    bucket.create(path, b"0123456789".to_vec(), "application/pdf").await.expect("created");
    let first = bucket.part(path, 0..4, None).await.expect("an answer").expect("a part");
    assert_eq!((first.bytes.as_slice(), first.whole), (&b"0123"[..], 10));
    let etag = Some(first.etag.as_str());
    let rest = bucket.part(path, 4..100, etag).await.expect("an answer").expect("a part");
    assert_eq!((rest.bytes.as_slice(), rest.whole, &rest.etag), (&b"456789"[..], 10, &first.etag));
    let all = bucket.part(path, 0..100, etag).await.expect("an answer").expect("a part");
    assert_eq!(all.bytes, b"0123456789");
    let put = raw(cloud).put_object().bucket(name(cloud)).key(path).body(b"abcdefghij".to_vec().into());
    put.send().await.expect("exchanged");
    let Fault(why) = bucket.part(path, 4..10, etag).await.expect_err("another body");
    assert!(why.contains("PreconditionFailed"), "{why}");
    assert_eq!(bucket.part("uploads/no parts", 0..4, None).await, Ok(None));
    bucket.create("uploads/empty", Vec::new(), "application/pdf").await.expect("created");
    let empty = bucket.part("uploads/empty", 0..4, None).await.expect("an answer").expect("no bytes, but an object");
    assert_eq!((empty.bytes, empty.whole), (Vec::new(), 0));
    assert!(bucket.part(path, 10..12, None).await.is_err(), "nothing stands behind the end");
}

/// A description of bytes at a path.
fn stored(path: &str, bytes: &[u8]) -> Stored {
    Stored { path: path.to_owned(), sha256: digest(bytes), size: bytes.len() as u64, midstate: None, etag: None }
}

/// limits.md §3.4: a small object is sent again with more behind it, a large one is copied by the bucket; either exists once.
#[tokio::test]
async fn an_object_is_extended_once_whatever_its_size() {
    let (bucket, cloud) = (bucket().await, cloud().await);
    for (name_of_base, size) in
        [("copies/k l/nhỏ.pdf", 1_000), ("copies/k l/lớn.pdf", 5 << 20), ("copies/k l/x.pdf", (5 << 20) + 1)]
    {
        let before: Vec<u8> = (0..size).map(|at: u32| (at % 251) as u8).collect();
        bucket.create(name_of_base, before.clone(), "application/pdf").await.expect("created");
        let whole = [before.as_slice(), b"tail"].concat();
        let (base, file) = (stored(name_of_base, &before), stored(&format!("numbers/{size}.pdf"), &whole));
        let extend = || bucket.extend(&base, b"tail".to_vec(), &file, "application/pdf");
        assert_eq!(extend().await, Ok(Created::New), "{size}");
        assert_eq!(bucket.read(&file.path, file.size).await.expect("an answer"), Some(whole), "{size}");
        assert_eq!(bucket.read(name_of_base, base.size).await.expect("an answer"), Some(before), "{size}");
        let head = raw(cloud).head_object().bucket(name(cloud)).key(&file.path).send().await.expect("a head");
        assert_eq!(head.content_type(), Some("application/pdf"));
        assert_eq!(extend().await, Ok(Created::Existed), "{size}");
        let other = bucket.extend(&base, b"other".to_vec(), &file, "application/pdf").await;
        assert!(!matches!(other, Ok(Created::New)), "{size}: {other:?}");
        let end = bucket.read(&file.path, file.size).await.expect("an answer").expect("a file");
        assert!(end.ends_with(b"tail"), "{size}: what is there stays");
    }
}

/// F18: who was told which body of an object was verified is served from that one or not at all, and nothing is made of another.
#[tokio::test]
async fn what_was_verified_is_named_by_its_etag() {
    let (bucket, cloud) = (bucket().await, cloud().await);
    for (path, size) in [("copies/e/small.pdf", 1_000_u64), ("copies/e/large.pdf", 9 << 20)] {
        let before = vec![7; usize::try_from(size).expect("small")];
        bucket.create(path, before.clone(), "application/pdf").await.expect("created");
        let look = |limit| bucket.with_source(path, limit, Box::new(|file: File<'_>| whole(file)));
        let looked = look(size).await.expect("an answer").expect("an object");
        assert!(looked.found == before, "{path}: what is looked at is what is stored");
        assert!(matches!(look(size - 1).await, Err(Fault(why)) if why.contains("longer than")), "{path}");
        let base = Stored { etag: Some(looked.etag), ..stored(path, &before) };
        assert_eq!(Objects::part(&bucket, &base, 1..3).await, Ok(Some(vec![7, 7])));
        let put = raw(cloud).put_object().bucket(name(cloud)).key(path).body(vec![8; before.len()].into());
        put.send().await.expect("exchanged");
        assert!(
            matches!(Objects::part(&bucket, &base, 1..3).await, Err(Fault(why)) if why.contains("PreconditionFailed"))
        );
        let file = stored(&format!("{path}-more"), &[&before[..], b"tail"].concat());
        let extended = bucket.extend(&base, b"tail".to_vec(), &file, "application/pdf").await;
        assert!(matches!(&extended, Err(Fault(why)) if why.contains("PreconditionFailed")), "{path}: {extended:?}");
        assert_eq!(bucket.read(&file.path, 10 << 20).await, Ok(None), "{path}");
    }
    let none = bucket.with_source("copies/e/none.pdf", 10, Box::new(|file: File<'_>| whole(file))).await;
    assert_eq!(none, Ok(None));
}

/// All octets of a file.
fn whole(file: File<'_>) -> Vec<u8> {
    let File::Source(source) = file else { panic!("nobody has the file in memory") };
    let mut bytes = vec![0; source.len()];
    let mut at = 0;
    while at < bytes.len() {
        at += source.read_at(at, &mut bytes[at..]).expect("readable");
    }
    bytes
}

/// The base is not there; the bytes that are sent are not those of the digest; nobody answers: no object, and no "yes".
#[tokio::test]
async fn what_cannot_be_extended_is_a_fault() {
    let bucket = bucket().await;
    bucket.create("copies/m", b"base".to_vec(), "application/pdf").await.expect("created");
    let (base, file) = (stored("copies/m", b"base"), stored("copies/m2", b"basetail"));
    let gone = Stored { path: "copies/none".into(), ..base.clone() };
    assert!(bucket.extend(&gone, b"tail".to_vec(), &file, "application/pdf").await.is_err());
    let gone = Stored { size: 9 << 20, ..gone };
    assert!(bucket.extend(&gone, b"tail".to_vec(), &file, "application/pdf").await.is_err());
    assert!(bucket.extend(&base, b"tall".to_vec(), &file, "application/pdf").await.is_err(), "another digest");
    assert_eq!(bucket.read("copies/m2", 100).await, Ok(None));
    let dead = Bucket::new(&all_at(NOBODY), "b".into());
    assert!(dead.extend(&base, b"tail".to_vec(), &file, "application/pdf").await.is_err());
    assert_eq!(bucket.extend(&base, b"tail".to_vec(), &file, "application/pdf").await, Ok(Created::New));
}

/// Sixteen runs extend the same object: one wins.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_who_extend_one_wins() {
    let bucket = bucket().await;
    let before = vec![7; 5 << 20];
    let base = stored("copies/raced", &before);
    bucket.create(&base.path, before.clone(), "application/pdf").await.expect("created");
    let runs = (0..16_u8).map(|writer| {
        let (bucket, base) = (bucket.clone(), base.clone());
        let file = stored("numbers/raced.pdf", &[before.as_slice(), &[writer]].concat());
        tokio::spawn(async move { bucket.extend(&base, vec![writer], &file, "application/pdf").await })
    });
    let mut winners = Vec::new();
    for (writer, run) in runs.collect::<Vec<_>>().into_iter().enumerate() {
        if run.await.expect("no panic") == Ok(Created::New) {
            winners.push(writer);
        }
    }
    let file = bucket.read("numbers/raced.pdf", 6 << 20).await.expect("an answer").expect("a file");
    assert_eq!(winners, [usize::from(*file.last().expect("a byte"))]);
    assert_eq!(file.len(), before.len() + 1);
}

/// A server that knows no ranges, or breaks down.
#[tokio::test]
async fn what_is_no_part_is_a_fault() {
    for (status, body) in [(200, "0123456789"), (206, "0123"), (500, ""), (403, "")] {
        let script = Script::new(vec![line(status, "application/pdf", body)]);
        let bucket = Bucket::new(&all_at(&script.url()), "b".into());
        assert!(bucket.part("a", 0..4, None).await.is_err(), "{status}");
        assert!(bucket.part("a", 0..4, Some("\"a\"")).await.is_err(), "{status}");
    }
}

/// No bucket, no endpoint: neither is "there is no such object".
#[tokio::test]
async fn no_answer_is_not_no() {
    let cloud = cloud().await;
    let nowhere = Bucket::new(&cloud.sdk, "no-such-bucket".into());
    let Fault(why) = nowhere.read("a", 1).await.expect_err("no bucket");
    assert!(why.contains("NoSuchBucket"), "{why}");
    assert!(nowhere.create("a", vec![1], "text/plain").await.is_err());
    let dead = Bucket::new(&all_at(NOBODY), "b".into());
    assert!(dead.read("a", 1).await.is_err());
    assert!(dead.create("a", vec![1], "text/plain").await.is_err());
}

#[tokio::test]
async fn a_put_link_takes_exactly_the_declared_bytes_once() {
    let bucket = bucket().await;
    let bytes = b"quet ban goc".to_vec();
    let link = bucket.presign_put("uploads/ok", "image/png", 12, &digest(&bytes)).await.expect("a link");
    let answer = send(&link, &bytes, &[]).await;
    assert_eq!(answer.status(), StatusCode::OK, "{:?}", answer.text().await);
    assert_eq!(bucket.read("uploads/ok", 12).await, Ok(Some(bytes.clone())));
    assert_eq!(send(&link, &bytes, &[]).await.status(), StatusCode::PRECONDITION_FAILED, "once");
}

#[tokio::test]
async fn a_put_link_refuses_everything_else() {
    let bucket = bucket().await;
    let bytes = b"quet ban goc".to_vec();
    let link = bucket.presign_put("uploads/other", "image/png", 12, &digest(&bytes)).await.expect("a link");
    let at = |url: String| Presigned { url, ..link.clone() };
    let elsewhere = at(link.url.replace("uploads/other", "uploads/evil"));
    let longer = at(link.url.replace("X-Amz-Expires=900", "X-Amz-Expires=90000"));
    assert!(elsewhere.url != link.url && longer.url != link.url);
    let forged = STANDARD.encode(digest(b"quet ban gia"));
    let refused = [
        ("other bytes", send(&link, b"quet ban gia", &[]).await),
        (
            "other bytes with their digest",
            send(&link, b"quet ban gia", &[("x-amz-checksum-sha256", Some(&forged))]).await,
        ),
        ("no digest", send(&link, &bytes, &[("x-amz-checksum-sha256", None)]).await),
        ("fewer bytes", send(&link, b"quet ban go", &[]).await),
        ("more bytes", send(&link, b"quet ban goc.", &[]).await),
        ("another type", send(&link, &bytes, &[("content-type", Some("text/html"))]).await),
        ("no type", send(&link, &bytes, &[("content-type", None)]).await),
        ("without the condition", send(&link, &bytes, &[("if-none-match", None)]).await),
        ("another place", send(&elsewhere, &bytes, &[]).await),
        ("a longer life", send(&longer, &bytes, &[]).await),
    ];
    for (what, answer) in refused {
        let status = answer.status();
        assert!(status == StatusCode::FORBIDDEN || status == StatusCode::BAD_REQUEST, "{what}: {status}");
    }
    assert_eq!(bucket.read("uploads/other", 100).await, Ok(None), "nothing was stored");
    assert_eq!(bucket.read("uploads/evil", 100).await, Ok(None));
    assert_eq!(send(&link, &bytes, &[]).await.status(), StatusCode::OK, "the link itself is good");
}

/// The adapter's links say 900 s (its own tests); the store holds them to it.
#[tokio::test]
async fn a_link_ends() {
    let cloud = cloud().await;
    let link = |age: u64| {
        let began = SystemTime::now() - Duration::from_secs(age);
        let life = PresigningConfig::builder().start_time(began).expires_in(Duration::from_secs(900)).build();
        raw(cloud).put_object().bucket(name(cloud)).key(format!("uploads/age-{age}")).presigned(life.expect("a life"))
    };
    for (age, status) in [(600, StatusCode::OK), (1_200, StatusCode::FORBIDDEN)] {
        let request = link(age).await.expect("a link");
        let answer = send(&Presigned { url: request.uri().to_owned(), headers: Vec::new() }, b"x", &[]).await;
        assert_eq!(answer.status(), status, "{age} s");
    }
}

#[tokio::test]
async fn a_get_link_gives_a_pdf_with_its_name() {
    let bucket = bucket().await;
    bucket.create("numbers/152.pdf", b"%PDF".to_vec(), "text/html").await.expect("created");
    let link = bucket.presign_get("numbers/152.pdf", "bản sao 152.pdf").await.expect("a link");
    assert_eq!(link.headers, []);
    let answer = reqwest::get(&link.url).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(header("content-type"), "application/pdf");
    let name = "attachment; filename=\"b_n sao 152.pdf\"; filename*=UTF-8''b%E1%BA%A3n%20sao%20152.pdf";
    assert_eq!(header("content-disposition"), name);
    assert_eq!(answer.bytes().await.expect("bytes").as_ref(), b"%PDF");
    for tampered in [link.url.replace("application%2Fpdf", "text%2Fhtml"), link.url.replace("152.pdf?", "153.pdf?")] {
        assert_ne!(tampered, link.url);
        assert_eq!(reqwest::get(&tampered).await.expect("an answer").status(), StatusCode::FORBIDDEN);
    }
}
