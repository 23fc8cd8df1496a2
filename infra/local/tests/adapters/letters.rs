//! `mail` against the SES endpoint.

use domain::ids::DeliveryId;
use domain::ports::{Fault, Letter, Mail as _};
use mail::Ses;

use crate::cloud::{NOBODY, all_at, cloud};

fn letter(to: &str) -> Letter {
    Letter {
        id: DeliveryId::new([9; 16]),
        to: to.into(),
        subject: "Bản sao chứng thực điện tử".into(),
        text: "Mở liên kết:\nhttps://vi-du.example.vn/d/abc".into(),
    }
}

#[tokio::test]
async fn a_letter_arrives_as_it_was_written() {
    let cloud = cloud().await;
    let ses = Ses::new(&cloud.sdk, "khong-tra-loi@vi-du.example.vn".into());
    ses.send(&letter("adapters@example.invalid")).await.expect("taken");
    let letters = cloud.mailbox.letters();
    let mut found = letters.iter().filter(|letter| letter.to == "adapters@example.invalid");
    let arrived = found.next().expect("a letter");
    assert_eq!(arrived.subject, "Bản sao chứng thực điện tử");
    assert!(arrived.text.contains("https://vi-du.example.vn/d/abc"), "{}", arrived.text);
    assert!(found.next().is_none(), "one letter");
}

/// An address is personal: it is not in what the operator reads.
#[tokio::test]
async fn a_fault_does_not_tell_the_address() {
    let dead = Ses::new(&all_at(NOBODY), "a@example.vn".into());
    let Fault(why) = dead.send(&letter("rieng-tu@example.invalid")).await.expect_err("no answer");
    assert!(!why.contains("rieng-tu"), "{why}");
}
