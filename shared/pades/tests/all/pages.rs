//! On which pages a later revision changed something (R64, api.md §2.4 `revisions[]`).

use pades::*;

use crate::common::{judge, *};
use crate::over::doc_mdp;
use crate::rules::{FORM, PAGE, Signed, TEXT, stream};

/// Objects of the document: three pages, 1 and 2 under a node that gives them their resources, 3 with its own; a text field with widgets on
/// pages 1 and 3, an empty signature field on page 2.
fn objects() -> Vec<String> {
    let page = |parent: u32, content: u32, annotations: &str, more: &str| {
        format!("<</Type/Page/Parent {parent} 0 R/Contents {content} 0 R/Annots[{annotations}]{more}>>")
    };
    let widget = |more: &str| format!("<</Type/Annot/Subtype/Widget/F 4/Rect[60 100 260 180]{more}>>");
    let content = || stream("", "BT /F1 14 Tf 60 760 Td (Don) Tj ET");
    vec![
        "<</Type/Catalog/Pages 2 0 R/AcroForm 12 0 R>>".to_owned(),
        "<</Type/Pages/Count 3/Kids[3 0 R 6 0 R]/MediaBox[0 0 595 842]>>".to_owned(),
        "<</Type/Pages/Parent 2 0 R/Count 2/Kids[4 0 R 5 0 R]/Resources<</Font<</F1 10 0 R>>>>>>".to_owned(),
        page(3, 7, "14 0 R", ""),
        page(3, 8, "16 0 R", "/Resources<</Font<</F1 11 0 R>>>>"),
        page(2, 9, "15 0 R", "/Resources<</Font<</F1 10 0 R>>>>"),
        content(),
        content(),
        content(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
        "<</Type/Font/Subtype/Type1/BaseFont/Courier>>".to_owned(),
        "<</Fields[13 0 R 16 0 R]/SigFlags 1>>".to_owned(),
        "<</FT/Tx/T(t)/V(cu)/Kids[14 0 R 15 0 R]>>".to_owned(),
        widget("/Parent 13 0 R"),
        widget("/Parent 13 0 R"),
        widget("/FT/Sig/T(A)"),
    ]
}

fn three() -> Signed {
    Signed::of(&classic(&objects()))
}

/// The only later revision.
fn only(signed: &Signed, file: &[u8]) -> RevisionReport {
    let report = signed.report(file);
    match report.revisions.as_slice() {
        [only] => only.clone(),
        other => panic!("{other:?}"),
    }
}

fn forbidden(signed: &Signed, changed: &[(u32, &str)]) -> Vec<usize> {
    let one = only(signed, &append(&signed.file, changed));
    assert_eq!((one.n, one.after_signature, one.judgement), (3, 1, Judgement::NotAllowed), "{changed:?}");
    one.pages_changed
}

/// What a page draws is the page's, whichever object holds it: its content, its fonts, what it takes over from above.
#[test]
fn r64_a_change_of_what_is_drawn_names_its_pages() {
    let signed = three();
    let other = stream("", "BT /F1 14 Tf 60 760 Td (Khac) Tj ET");
    assert_eq!(forbidden(&signed, &[(8, &other)]), [2]);
    assert_eq!(forbidden(&signed, &[(7, &other), (9, &other)]), [1, 3]);
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Symbol>>";
    assert_eq!(forbidden(&signed, &[(10, font)]), [1, 3], "by the node above, and by the page itself");
    assert_eq!(forbidden(&signed, &[(11, font)]), [2]);
    let node = objects()[2].replace("/F1 10", "/F1 11");
    assert_eq!(forbidden(&signed, &[(3, &node)]), [1], "page 2 has resources of its own");
    let turned = objects()[2].replace("/Count 2", "/Count 2/Rotate 90");
    assert_eq!(forbidden(&signed, &[(3, &turned)]), [1, 2]);
}

#[test]
fn r64_a_field_is_where_its_widgets_are() {
    let signed = three();
    assert_eq!(forbidden(&signed, &[(13, &objects()[12].replace("(t)", "(u)"))]), [1, 3]);
    assert_eq!(forbidden(&signed, &[(15, &objects()[14].replace("/F 4", "/F 2"))]), [1, 3], "of the same field");
    assert_eq!(forbidden(&signed, &[(12, "<</Fields[16 0 R]/SigFlags 3>>")]), [1, 3], "removed");
    // A group of fields is where the fields below it are.
    let mut grouped = objects();
    grouped[11] = "<</Fields[17 0 R 16 0 R]/SigFlags 1>>".to_owned();
    grouped[12] = grouped[12].replace("/FT/Tx", "/FT/Tx/Parent 17 0 R");
    grouped.push("<</T(g)/Kids[13 0 R]>>".to_owned());
    let grouped = Signed::of(&classic(&grouped));
    assert_eq!(forbidden(&grouped, &[(17, "<</T(h)/Kids[13 0 R]>>")]), [1, 3]);
    assert_eq!(forbidden(&grouped, &[(17, "<</T(g)/Kids[13 0 R]/Ff 1>>")]), [1, 3], "of the group alone");
}

/// Pages that came, went or changed places have the numbers that a reader shows.
#[test]
fn r64_a_changed_page_tree_names_what_came_and_what_went() {
    let signed = three();
    let root = |kids: &str| format!("<</Type/Pages/Count 3/Kids[{kids}]/MediaBox[0 0 595 842]>>");
    let new = "<</Type/Page/Parent 2 0 R/Contents 9 0 R>>";
    assert_eq!(forbidden(&signed, &[(2, &root("3 0 R 40 0 R 6 0 R")), (40, new)]), [3], "before the last");
    assert_eq!(forbidden(&signed, &[(2, &root("3 0 R 40 0 R")), (40, new)]), [3], "for another");
    assert_eq!(forbidden(&signed, &[(2, &root("3 0 R"))]), [3], "the last one went");
    assert_eq!(forbidden(&signed, &[(2, &root("6 0 R 3 0 R"))]), [1, 2, 3], "another order");
    // The same pages under another node, which gives page 1 no font, and page 3 with another content.
    let moved = [
        (2, root("41 0 R 6 0 R")),
        (41, "<</Type/Pages/Parent 2 0 R/Count 2/Kids[4 0 R 5 0 R]>>".to_owned()),
        (6, objects()[5].replace("/Contents 9", "/Contents 42")),
        (42, stream("", "q Q")),
    ];
    let moved: Vec<(u32, &str)> = moved.iter().map(|(id, text)| (*id, text.as_str())).collect();
    assert_eq!(forbidden(&signed, &moved), [1, 3]);
    let numbered = append(&signed.file, &[(2, &root("40 0 R 3 0 R 6 0 R")), (40, new), (9, &stream("", "q Q"))]);
    assert_eq!(only(&signed, &numbered).pages_changed, [1, 4], "page 3 is page 4 now");
    // Page 3 is met before it is known how many there are before it.
    let longer = "<</Type/Pages/Parent 2 0 R/Count 3/Kids[4 0 R 5 0 R 40 0 R]/Resources<</Font<</F1 10 0 R>>>>>>";
    let longer = [(2, &*root("41 0 R 6 0 R")), (41, longer), (40, new), (9, &*stream("", "q Q"))];
    assert_eq!(only(&signed, &append(&signed.file, &longer)).pages_changed, [3, 4]);
}

/// What was freed is missed by the pages that drew with it; what belongs to no page has none.
#[test]
fn r64_what_is_freed_is_missed_on_its_pages() {
    let signed = three();
    let text = String::from_utf8_lossy(&signed.file).into_owned();
    let last = text.rsplit("startxref\n").next().and_then(|rest| rest.lines().next()).expect("an offset").to_owned();
    let freeing = |number: u32| {
        let at = signed.file.len();
        let table = format!(
            "xref\n{number} 1\n0000000000 00001 f \ntrailer\n<</Size 60/Root 1 0 R/Prev {last}>>\nstartxref\n{at}\n%%EOF\n"
        );
        only(&signed, &[&signed.file[..], table.as_bytes()].concat())
    };
    assert_eq!(freeing(7).pages_changed, [1]);
    assert_eq!(freeing(10).pages_changed, [1, 3]);
    let catalog =
        only(&signed, &append(&signed.file, &[(1, &objects()[0].replace("/Pages", "/OpenAction[4 0 R/Fit]/Pages"))]));
    assert_eq!((catalog.judgement, catalog.pages_changed.len()), (Judgement::NotAllowed, 0));
    assert_eq!(catalog.text.vi, "Phiên bản 3 của tệp có thay đổi không được phép.");
    assert_eq!(catalog.text.en, "Revision 3 of the file has a change that is not permitted.");
}

/// R69: clerks are told the pages in both languages, wherever the change is told.
#[test]
fn r69_the_pages_stand_in_the_sentences() {
    let signed = three();
    let other = stream("", "BT /F1 14 Tf 60 760 Td (Khac) Tj ET");
    let told = |changed: &[(u32, &str)]| {
        let report = signed.report(&append(&signed.file, changed));
        let reason = report.reasons.iter().find(|reason| reason.code == "later-change-not-allowed").expect("a reason");
        assert_eq!(report.summary, reason.text.vi, "{:?}", report.reasons);
        (reason.clone(), report.revisions[0].text.clone())
    };
    let (reason, revision) = told(&[(8, &other)]);
    assert!(reason.text.vi.starts_with("Sau khi ký, trang 2 đã bị thay đổi"), "{}", reason.text.vi);
    assert!(reason.text.en.contains("after signing, on page 2 ("), "{}", reason.text.en);
    assert_eq!((reason.params["page"].as_str(), reason.params["where"].as_str()), ("2", "trang 2"));
    assert_eq!(reason.params["where_en"], "page 2");
    assert_eq!(revision.vi, "Phiên bản 3 của tệp: trang 2 đã bị thay đổi mà không được phép.");
    assert_eq!(revision.en, "Revision 3 of the file has a change that is not permitted, on page 2.");
    let (reason, _) = told(&[(7, &other), (8, &other), (9, &other)]);
    assert!(reason.text.vi.contains("các trang 1, 2 và 3 đã bị"), "{}", reason.text.vi);
    assert!(reason.text.en.contains("on pages 1, 2 and 3 ("), "{}", reason.text.en);
    let (reason, _) = told(&[(1, &objects()[0].replace("/Pages", "/OpenAction[4 0 R/Fit]/Pages"))]);
    assert!(!reason.params.contains_key("where") && !reason.text.vi.contains("trang"), "{reason:?}");
}

/// What is allowed and shows has its pages too, and is no alarm.
#[test]
fn r64_what_is_allowed_and_shows_has_its_page() {
    let signed = Signed::new("");
    let new = stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<</Font<</F1 5 0 R>>>>",
        "BT /F1 9 Tf (moi) Tj ET",
    );
    let filled = append(&signed.file, &[(9, &format!("<<{TEXT}/V(moi)/AP<</N 20 0 R>>>>")), (20, &new)]);
    let one = only(&signed, &filled);
    assert_eq!((one.judgement, one.pages_changed.as_slice()), (Judgement::Allowed, &[1][..]));
    assert!(
        one.text.vi.contains("trang 1 có phần mới được phép") && one.text.en.ends_with("on page 1."),
        "{:?}",
        one.text
    );
    let noted = doc_mdp(3);
    let note = "<</Type/Annot/Subtype/Text/F 4/Rect[0 0 9 9]/Contents(x)>>";
    let page = format!("<<{PAGE}/Annots[7 0 R 8 0 R 9 0 R 60 0 R]>>");
    let one = only(&noted, &append(&noted.file, &[(3, &page), (60, note)]));
    assert_eq!((one.judgement, one.pages_changed.as_slice()), (Judgement::Allowed, &[1][..]));
    let silent = only(&signed, &append(&signed.file, &[(60, "(x)")]));
    assert_eq!((silent.judgement, silent.pages_changed.len()), (Judgement::Allowed, 0));
    assert_eq!(silent.text.en, "Revision 3 of the file holds only permitted changes.");
    let locked = Signed::new("/Lock<</Type/SigFieldLock/Action/All>>");
    let filled = append(&locked.file, &[(9, &format!("<<{TEXT}/V(moi)/AP<</N 20 0 R>>>>")), (20, &new)]);
    let one = only(&locked, &filled);
    assert_eq!((one.judgement, one.pages_changed.as_slice()), (Judgement::NotAllowed, &[1][..]), "the lock");
    let defaults = format!("<<{FORM}/Fields[7 0 R 8 0 R 9 0 R]/NeedAppearances true>>");
    let one = only(&locked, &append(&locked.file, &[(6, &defaults)]));
    assert_eq!((one.judgement, one.pages_changed.len()), (Judgement::NotAllowed, 0), "of no field");
}

/// The revisions of a copy: the seal shows on its page, the evidence on none; what a copy may not have is told by itself.
#[test]
fn r68_the_revisions_of_a_copy() {
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    let told = |file: &[u8]| -> Vec<(usize, usize, Judgement, Vec<usize>)> {
        let revisions = judge(file, &pki).revisions;
        revisions.into_iter().map(|one| (one.n, one.after_signature, one.judgement, one.pages_changed)).collect()
    };
    use Judgement::{Allowed, NotAllowed, NotOfACopy};
    let honest = [(3, 1, Allowed, vec![1]), (4, 2, Allowed, vec![]), (5, 2, Allowed, vec![])];
    let count = told(&archived).len();
    assert_eq!(told(&archived), honest[..count], "{count}");
    assert!(told(&make(&pki).signed).is_empty(), "nothing is behind the only signature");
    let note = append(&archived, &[(5, "<</Type/Font/Subtype/Type1/BaseFont/Symbol>>")]);
    assert_eq!(told(&note).last(), Some(&(count + 3, 3, NotAllowed, vec![1])));
    let marked = "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/MarkInfo<</Marked true>>>>";
    let marked = append(&make(&pki).sealed, &[(1, marked)]);
    assert_eq!(told(&marked).last(), Some(&(4, 2, NotOfACopy, vec![])));
    let said = judge(&marked, &pki).revisions.pop().expect("a revision").text;
    assert_eq!(said.vi, "Phiên bản 4 của tệp có thay đổi mà bản sao chứng thực không được có.");
    assert_eq!(said.en, "Revision 4 of the file has a change that a certified copy may not have.");
}

/// What two readers may see differently is in a revision too: nobody says that it is allowed.
#[test]
fn f_a_revision_that_can_be_read_in_two_ways_is_unclear() {
    let signed = Signed::new("");
    let hidden = stream("", "BT (gia) Tj ET");
    let inside = stream("", &format!("\n4 0 obj\n{hidden}\nendobj\n"));
    let file = append(&signed.file, &[(80, &inside)]);
    assert!(codes(&signed.report(&file)).contains(&"later-change-unclear"));
    let one = only(&signed, &file);
    assert_eq!((one.judgement, one.pages_changed.len()), (Judgement::Unclear, 0));
    assert_eq!(one.text.vi, "Phiên bản 3 của tệp có thay đổi không giải thích được.");
    let header = append(&signed.file, &[(80, "(x)\nendobj\n%PDF-1.7\n81 0 obj (y)")]);
    assert_ne!(only(&signed, &header).judgement, Judgement::Allowed);
}

/// However many pages: the first 64, and how many more.
#[test]
fn r64_the_list_of_pages_has_an_end() {
    let pages = 80;
    let kids: String = (0..pages).map(|at| format!("{} 0 R ", 10 + at)).collect();
    let mut many = vec![
        "<</Type/Catalog/Pages 2 0 R/AcroForm 3 0 R>>".to_owned(),
        format!("<</Type/Pages/Count {pages}/Kids[{kids}]/MediaBox[0 0 595 842]>>"),
        "<</Fields[5 0 R]/SigFlags 1>>".to_owned(),
        stream("", "BT /F1 14 Tf 60 760 Td (Don) Tj ET"),
        "<</Type/Annot/Subtype/Widget/F 4/Rect[0 0 0 0]/FT/Sig/T(A)>>".to_owned(),
        "null".to_owned(),
        "null".to_owned(),
        "null".to_owned(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let page = "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 9 0 R>>>>>>";
    many.extend((0..pages).map(|_| page.to_owned()));
    let signed = Signed::of(&classic(&many));
    let one = only(&signed, &append(&signed.file, &[(4, &stream("", "q Q"))]));
    assert_eq!(one.pages_changed, (1..=64).collect::<Vec<usize>>());
    assert_eq!(one.further_pages, 16);
    assert!(one.text.vi.contains("các trang 1, 2, 3, 4, 5, 6, 7, 8 và 72 trang khác"), "{}", one.text.vi);
    assert!(one.text.en.contains("pages 1, 2, 3, 4, 5, 6, 7, 8 and 72 others"), "{}", one.text.en);
}
