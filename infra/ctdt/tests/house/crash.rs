//! The power goes off in the middle of the job (F1–F3): started again, it ends with one number and one valid file.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::client::{Call, Client};
use crate::job::*;
use crate::stack::Stack;

/// Where in the job the process dies.
#[derive(Clone, Copy, Debug)]
enum Moment {
    AfterReceipt,
    AfterUpload,
    AfterSubmission,
    AfterPrompt,
    AfterConfirmation,
    LeaderFinishing,
    AfterSealRequest,
    WhileSealing(u64),
}

/// Ten different moments, each on a fresh folder.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_crashes_leave_one_number_and_one_file() {
    let moments = [
        Moment::AfterReceipt,
        Moment::AfterUpload,
        Moment::AfterSubmission,
        Moment::AfterPrompt,
        Moment::AfterConfirmation,
        Moment::LeaderFinishing,
        Moment::AfterSealRequest,
        Moment::WhileSealing(30),
        Moment::WhileSealing(120),
        Moment::WhileSealing(400),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    // One folder for all: keys are made once, and every job must also find the work of those before it undisturbed.
    for (index, moment) in moments.into_iter().enumerate() {
        let number = crash_and_finish(folder.path(), moment).await;
        assert_eq!(number, index as u64 + 1, "{moment:?}");
    }
}

async fn crash_and_finish(folder: &Path, moment: Moment) -> u64 {
    let stack = Stack::with_data(folder);
    let client = stack.client().await;
    let seen = until(&client, moment).await;
    stack.kill();

    let stack = Stack::with_data(folder);
    let client = stack.client().await;
    let copy = finish(&client, seen).await;
    let number = archived(&client, &copy).await["number"].as_u64().expect("a number");
    let report = report(&client, file(&client, &copy).await).await;
    assert_eq!(report["verdict"], "valid", "{report}");
    assert_eq!(stack.stop(), 0);
    number
}

/// What the desk remembers when the light comes back.
#[derive(Default)]
struct Seen {
    case: Option<String>,
    upload: Option<String>,
    copy: Option<String>,
    session: Option<String>,
    confirmed: bool,
    seal: Option<String>,
}

async fn until(client: &Client, moment: Moment) -> Seen {
    let mut seen = Seen::default();
    match moment {
        Moment::AfterReceipt => {
            seen.case = Some(receive(client, &walk_in("mau@example.com")).await);
            return seen;
        }
        Moment::AfterUpload => {
            seen.case = Some(receive(client, &walk_in("mau@example.com")).await);
            seen.upload = Some(upload(client, "clerk", "image/png", scan(7)).await);
            return seen;
        }
        _ => {}
    }
    let (case, copies) = submitted(client, "mau@example.com", 1).await;
    (seen.case, seen.copy) = (Some(case), copies.first().cloned());
    if matches!(moment, Moment::AfterSubmission) {
        return seen;
    }
    seen.session = Some(ask_leader(client, &copies).await.text("/id"));
    if matches!(moment, Moment::AfterPrompt) {
        return seen;
    }
    confirm(client).await;
    seen.confirmed = true;
    match moment {
        Moment::AfterConfirmation => return seen,
        Moment::LeaderFinishing => {
            let session = seen.session.clone().unwrap_or_default();
            client.by("leader", Call::get(format!("/v1/sign-sessions/{session}"))).await.is(200);
            return seen;
        }
        _ => {}
    }
    let session = seen.session.clone().unwrap_or_default();
    assert_eq!(ended(client, "leader", &session).await["state"], "done");
    seen.seal = Some(client.by("seal_keeper", seal(&copies)).await.is(202).text("/id"));
    if let Moment::WhileSealing(wait_ms) = moment {
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
    seen
}

/// Goes on from wherever things stand.
async fn finish(client: &Client, seen: Seen) -> String {
    let case = seen.case.expect("a dossier");
    let copy = match seen.copy {
        Some(copy) => copy,
        None => desk(client, &case, seen.upload).await,
    };
    let copies = [copy.clone()];
    match (seen.session, seen.confirmed) {
        (None, _) => signed(client, &copies).await,
        (Some(session), confirmed) => {
            if !confirmed {
                confirm(client).await;
            }
            assert_eq!(ended(client, "leader", &session).await["state"], "done");
        }
    }
    let session = match seen.seal {
        Some(session) => session,
        None => client.by("seal_keeper", seal(&copies)).await.is(202).text("/id"),
    };
    let ended = ended(client, "seal_keeper", &session).await;
    assert_eq!(ended["state"], "done", "{ended}");
    copy
}

/// The desk's part on a dossier that was just received.
async fn desk(client: &Client, case: &str, ready: Option<String>) -> String {
    let at = |path: &str| format!("/v1/cases/{case}/{path}");
    let etag = version(client, case).await;
    client.by("clerk", Call::put(at("checklist"), &no_grounds()).on(&etag)).await.is(200);
    let upload = match ready {
        Some(upload) => upload,
        None => upload(client, "clerk", "image/png", scan(7)).await,
    };
    let etag = version(client, case).await;
    let copy = client.by("clerk", Call::post(at("copies"), &original(&upload)).on(&etag)).await.is(201);
    let worded = json!({"template_id": "default", "placement": "auto"});
    let path = format!("/v1/copies/{}/attestation", copy.text("/id"));
    client.by("clerk", Call::put(path.as_str(), &worded).on(&copy.etag())).await.is(200);
    client.by("clerk", Call::post(at("fee"), &fee(1)).on(&version(client, case).await)).await.is(200);
    client.by("clerk", Call::post(at("submit"), &json!({})).on(&version(client, case).await)).await.is(200);
    copy.text("/id")
}
