//! A scan that no function carries: the bucket copies it from signature to signature (limits.md §3.4).

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::client::Call;
use crate::job::*;
use crate::stack::Stack;

/// A page of 300 dpi in which no two pixels are alike: nothing makes it smaller.
fn noise() -> Vec<u8> {
    let mut state = 1_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let pixels: Vec<u8> = (0..2480 * 3508).map(next).collect();
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, 2480, 3508);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: 11_811, yppu: 11_811, unit: png::Unit::Meter }));
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).expect("a PNG");
    out
}

/// T7: from the preview to the archive each file is the one before with more behind it; each is put together by the bucket (its ETag tells
/// how many parts it has), and the last one is valid.
#[tokio::test]
async fn t7_a_large_scan_is_copied_by_the_bucket() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let scan = noise();
    assert!(scan.len() > 8_000_000);
    let (_, copies) = submitted_scans(&client, "mau@example.com", vec![scan]).await;
    let copy = &copies[0];
    let preview = client.by("leader", Call::get(format!("/v1/copies/{copy}/preview.pdf"))).await.is(303);
    let shown = client.send(Call::get(preview.header("location"))).await.is(200);
    assert_eq!(preview.header("repr-digest"), format!("sha-256=:{}:", base64(&Sha256::digest(&shown.body))));
    assert!(shown.header("etag").ends_with("-2\""), "{}", shown.header("etag"));
    let body = json!({"purpose": "leader_sign", "copy_ids": copies, "method": "sim"});
    let session = client.by("leader", Call::post("/v1/sign-sessions", &body)).await.is(202).text("/id");
    confirm(&client).await;
    assert_eq!(ended(&client, "leader", &session).await["state"], "done");
    let session = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    assert_eq!(ended(&client, "seal_keeper", &session).await["state"], "done");
    archived(&client, copy).await;
    let link = client.by("clerk", Call::get(format!("/v1/copies/{copy}/file"))).await.is(303);
    let file = client.send(Call::get(link.header("location"))).await.is(200);
    assert!(file.header("etag").ends_with("-2\""), "{}", file.header("etag"));
    // What the leader was shown ends with room for the signature; up to there the file begins with it.
    let same = shown.body.iter().zip(&file.body).take_while(|(one, other)| one == other).count();
    assert!(same > 8_000_000 && same < shown.body.len(), "{same} of {}", shown.body.len());
    let declared = Call::post("/v1/uploads", &declared("application/pdf", &file.body));
    let upload = client.by("clerk", declared).await.is(201);
    put(&client, &upload, file.body).await.is(200);
    let body = json!({"upload_id": upload.text("/id")});
    let report = client.by("clerk", Call::post("/v1/verifications", &body)).await.is(200).json();
    assert_eq!(report["verdict"], "valid", "{report}");
}
