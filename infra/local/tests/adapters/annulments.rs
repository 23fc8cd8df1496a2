//! The published list of annulments (R111): written with them, read page by page.

use domain::model::PublicCopy;
use domain::ports::{Records as _, Write};
use jiff::Timestamp;
use store::{Listed, Span, Table};

use crate::cloud::cloud;
use crate::table_samples as sample;
use crate::table_samples::at;

async fn table() -> Table {
    let cloud = cloud().await;
    Table::new(&cloud.sdk, cloud.state.output("TableName").expect("a table"))
}

async fn annul(table: &Table, test: u8, thing: u8, second: i64) -> PublicCopy {
    let sealed = sample::public(test, thing, thing.into(), &[test * 8 + thing], 1);
    table.commit(vec![Write::PublicCopy(sealed.clone())]).await.expect("sealed");
    let annulled = PublicCopy { annulled_at: Some(at(second)), version: 2, ..sealed };
    table.commit(vec![Write::PublicCopy(annulled.clone())]).await.expect("annulled");
    annulled
}

async fn page(table: &Table, unit_code: &str, after: Option<&str>, limit: u16) -> Vec<Listed> {
    let span = Span { unit_code: Some(unit_code), since: Timestamp::UNIX_EPOCH, before: at(100_000), after, limit };
    table.annulments(&span).await.expect("a page")
}

/// What is annulled while somebody pages comes behind what was read; nothing is skipped, nothing comes twice.
#[tokio::test]
async fn paging_is_stable_while_copies_are_annulled() {
    const T: u8 = 21;
    let table = table().await;
    // Two of one instant, and not in the order of their numbers.
    let mut wanted = Vec::new();
    for (thing, second) in [(4, 10), (2, 20), (3, 20), (1, 30)] {
        wanted.push(annul(&table, T, thing, second).await);
    }
    let code = wanted[0].unit_code.clone();
    let mut seen = page(&table, &code, None, 2).await;
    assert_eq!(seen.len(), 2);
    wanted.push(annul(&table, T, 5, 40).await);
    for _ in 0..2 {
        let after = seen.last().map(|line| line.place.clone());
        seen.extend(page(&table, &code, after.as_deref(), 2).await);
    }
    let copies: Vec<_> = seen.into_iter().map(|line| line.copy).collect();
    assert_eq!(copies, wanted);
}

#[tokio::test]
async fn a_span_has_its_first_instant_and_not_its_last() {
    const T: u8 = 22;
    let table = table().await;
    for (thing, second) in [(1, 10), (2, 20), (3, 30)] {
        annul(&table, T, thing, second).await;
    }
    let code = sample::public(T, 1, 1, &[], 1).unit_code;
    let between = async |since, before, after: Option<&str>| {
        let span = Span { unit_code: Some(&code), since: at(since), before: at(before), after, limit: 10 };
        let all = table.annulments(&span).await.expect("a page");
        all.iter().map(|line| line.copy.number.number).collect::<Vec<_>>()
    };
    assert_eq!(between(10, 30, None).await, [1, 2]);
    assert_eq!(between(11, 31, None).await, [2, 3]);
    assert_eq!(between(20, 20, None).await, [] as [u32; 0]);
    let first = page(&table, &code, None, 1).await;
    assert_eq!(between(30, 40, Some(&first[0].place)).await, [3], "a cursor does not lead back before `since`");
}

/// Every office's list is its own; the whole has them all. A copy that is archived after its annulment keeps its one line, which tells
/// of its last file.
#[tokio::test]
async fn one_line_for_a_copy_in_the_list_of_its_office_and_in_the_whole() {
    const T: u8 = 23;
    let table = table().await;
    let annulled = annul(&table, T, 1, 500_000).await;
    let other = annul(&table, 24, 1, 500_000).await;
    let archived = PublicCopy { digests: vec![annulled.digests[0], [0x77; 32]], version: 3, ..annulled.clone() };
    table.commit(vec![Write::PublicCopy(archived.clone())]).await.expect("archived");
    let all = async |unit_code: Option<&str>| {
        let span = Span { unit_code, since: at(500_000), before: at(500_001), after: None, limit: 10 };
        let all = table.annulments(&span).await.expect("a page");
        all.into_iter().map(|line| line.copy).collect::<Vec<_>>()
    };
    assert_eq!(all(Some(&annulled.unit_code)).await, std::slice::from_ref(&archived));
    assert_eq!(all(None).await, [archived, other]);
    assert_eq!(all(Some("000.00.99.H99")).await, []);
}
