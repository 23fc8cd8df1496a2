use pades::{CheckResult, Reason, Report, ReportKind, Text, Verdict};

use crate::*;

const LOOKS: [Look; 2] = [Look { sandbox: true, lang: Lang::Vi }, Look { sandbox: false, lang: Lang::En }];

fn sample() -> Report {
    serde_json::from_str(include_str!("sample-report.json")).expect("the sample is a report")
}

fn printed() -> Printed {
    Printed {
        unit_code: "000.00.01.H54".into(),
        number: "152".into(),
        book: "01".into(),
        year: "2026".into(),
        suffix: "SCT/BS".into(),
        register: "/v1/copies/by-number?unit_code=000.00.01.H54&year=2026&number=152".into(),
    }
}

fn guide() -> Guide {
    let refusal = Refusal { code: "case-frozen", status: 409, title: ("Hồ sơ đã trình", "The case is frozen") };
    let call = Call {
        method: "POST",
        path: "/v1/cases/{id}/fee",
        about: ("Ghi phí", "Record the fee"),
        who: ("cán bộ tiếp nhận".into(), "the desk".into()),
        key: true,
        version: true,
        open: false,
        optional: false,
        status: 200,
        variables: vec![Variable { name: "id", kind: Some("case"), sample: "" }],
        query: vec![Variable { name: "unit", kind: Some("unit"), sample: "" }],
        takes: Takes::Json,
        body: Some("{\"amount_vnd\": 2000}".into()),
        sample: "curl \"$CTDT/v1/cases/<case>/fee\"".into(),
        refusals: vec![refusal.clone()],
    };
    let chapters = vec![Chapter { name: ("Tiếp nhận", "The desk"), calls: vec![call] }];
    Guide { address: "http://127.0.0.1:8080".into(), chapters, common: vec![refusal] }
}

fn pages(look: Look) -> Vec<String> {
    let trouble = Trouble { title: "a".into(), detail: "b".into(), action: "c".into() };
    let found = [Registered::Active("2026-11-23".into()), Registered::Annulled(None), Registered::Unknown];
    let mut all = vec![
        home(look),
        docs(look, &guide()),
        download(look, "abc", &Download::Open { masked: "m***@example.com", sent: false, trouble: None }),
        download(look, "abc", &Download::Open { masked: "m***@example.com", sent: true, trouble: Some(&trouble) }),
        download(look, "abc", &Download::Ended(&trouble)),
        download(look, "abc", &Download::Over(&trouble)),
        download(look, "", &Download::Renewed { masked: "m***@example.com" }),
        verify(look, None),
        verify(look, Some(&printed())),
        judged(look, &sample()),
        troubled(look, &trouble),
    ];
    all.extend(found.iter().map(|found| registered(look, &printed(), found)));
    let seals = found.into_iter().map(Some).chain([None]).map(Seal::Genuine);
    all.extend(seals.chain([Seal::Forged, Seal::UnknownKey]).map(|seal| scanned(look, &code(seal))));
    all
}

fn code(seal: Seal) -> Scanned {
    Scanned {
        printed: printed(),
        day: "2026-11-26".into(),
        key: "90facafe".into(),
        payload: "AGIPVSX6".into(),
        verify: "/verify?u=000%2E00%2E01%2EH54&n=152".into(),
        seal,
    }
}

/// Decision 16: a right signature of a code is no "valid", and without one the register is not shown.
#[test]
fn a_code_never_makes_a_paper_valid() {
    let page = |seal| scanned(LOOKS[0], &code(seal));
    let active = page(Seal::Genuine(Some(Registered::Active("2026-11-26".into()))));
    assert!(
        active.contains("CHỮ KÝ CỦA MÃ ĐÚNG") && active.contains("Mã không chứng minh tờ giấy trên tay"),
        "{active}"
    );
    let silent = page(Seal::Genuine(None));
    assert!(silent.contains("CHỮ KÝ CỦA MÃ ĐÚNG") && silent.contains("không hỏi được sổ chứng thực"), "{silent}");
    let annulled = page(Seal::Genuine(Some(Registered::Annulled(None))));
    assert!(annulled.contains("verdict annulled") && annulled.contains("Không tiếp nhận."), "{annulled}");
    let forged = page(Seal::Forged);
    assert!(forged.contains("CHỮ KÝ CỦA MÃ KHÔNG ĐÚNG") && forged.contains("verdict invalid"), "{forged}");
    let unknown = page(Seal::UnknownKey);
    assert!(unknown.contains("KHÔNG KIỂM TRA ĐƯỢC") && unknown.contains("verdict unsure"), "{unknown}");
    for page in [active, silent, annulled, forged, unknown] {
        assert!(!page.contains("verdict valid") && page.contains("26/11/2026"), "{page}");
        assert!(page.contains("href=\"/verify?u=000%2E00%2E01%2EH54&amp;n=152\""), "{page}");
    }
}

/// R111: by which decision, where the register has it.
#[test]
fn the_register_names_the_decision() {
    let by = Registered::Annulled(Some(("12/QĐ-UBND".into(), "2026-11-26".into())));
    for look in LOOKS {
        let page = registered(look, &printed(), &by);
        assert!(page.contains("12/QĐ-UBND") && page.contains("26/11/2026"), "{page}");
        assert!(!registered(look, &printed(), &Registered::Annulled(None)).contains("quyết định"));
    }
}

/// R64: what a later revision may not have changed is told with its pages; what it may has no line of its own.
#[test]
fn later_changes_are_told_with_their_pages() {
    let one = |n, judgement, pages: &[usize], vi: &str, en: &str| pades::RevisionReport {
        n,
        after_signature: 1,
        judgement,
        pages_changed: pages.to_vec(),
        further_pages: 0,
        text: Text { vi: vi.into(), en: en.into() },
    };
    let allowed = one(2, pades::Judgement::Allowed, &[1], "trang 1 có phần mới", "something new on page 1");
    let bad = one(3, pades::Judgement::NotAllowed, &[3], "trang 3 đã bị thay đổi", "a change on page 3");
    let report = Report { revisions: vec![allowed, bad], ..sample() };
    let [vi, en] = LOOKS.map(|look| judged(look, &report));
    assert!(vi.contains("trang 3 đã bị thay đổi") && !vi.contains("a change on page 3"), "{vi}");
    assert!(en.contains("a change on page 3") && !en.contains("đã bị thay đổi"), "{en}");
    assert!(!vi.contains("trang 1 có phần mới") && !en.contains("something new"), "{vi}");
    assert!(!judged(LOOKS[0], &sample()).contains("data-testid=\"revision\""));
}

/// R69: people know whose signature it is, not what its field is called.
#[test]
fn fields_are_called_by_those_who_signed() {
    let mut report = sample();
    for quoted in ["“Leader”", "Leader"] {
        report.summary = format!("Không được phép (chữ ký {quoted}; trang). Sai ({quoted}: x).");
        let page = judged(LOOKS[0], &report);
        assert!(page.contains("(chữ ký của lãnh đạo; trang). Sai (chữ ký của lãnh đạo: x)."), "{page}");
    }
}

/// The policy of [`HEADERS`] would stop them; so they must not be there.
#[test]
fn nothing_is_inline() {
    for page in LOOKS.into_iter().flat_map(pages) {
        assert!(!page.contains("<style") && !page.contains("style=") && !page.contains(" onclick"), "{page}");
        for script in page.split("<script").skip(1) {
            assert!(script.trim_start().starts_with("src="), "{script}");
        }
        assert_eq!(page.matches("<h1").count(), 1);
        assert_eq!(page.matches("<main").count(), 1);
    }
}

#[test]
fn pages_speak_one_language() {
    for look in LOOKS {
        for page in pages(look) {
            assert!(page.contains(&format!("<html lang=\"{}\"", look.lang.tag())));
        }
    }
    let vietnamese = verify(LOOKS[0], None);
    assert!(vietnamese.contains("Thả tệp PDF vào đây") && vietnamese.contains("/v1/verifications\""));
    let english = verify(LOOKS[1], None);
    assert!(english.contains("Drop the PDF here") && english.contains("/v1/verifications?lang=en"));
}

#[test]
fn only_a_sandbox_says_so() {
    let live = Look { sandbox: false, lang: Lang::Vi };
    assert!(home(LOOKS[0]).contains("/phone") && home(LOOKS[0]).contains("không có giá trị pháp lý"));
    assert!(!home(live).contains("/phone") && !home(live).contains("thử nghiệm"));
}

/// Who may, what it needs, a sample, the codes; Vietnamese first and English beside it.
#[test]
fn a_call_is_told_whole() {
    let page = docs(LOOKS[0], &guide());
    for part in ["/v1/cases/{id}/fee", "cán bộ tiếp nhận", ">K<", ">M<", "amount_vnd", "curl", "case-frozen", "409"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let (vietnamese, english) = (page.find("Ghi phí"), page.find("Record the fee"));
    assert!(vietnamese.is_some() && vietnamese < english, "{page}");
    assert!(
        page.contains("main-job.sh") && !docs(Look { sandbox: false, ..LOOKS[0] }, &guide()).contains("main-job.sh")
    );
}

/// One input for each part of the request, under its own name; hidden until the script can send it.
#[test]
fn a_call_has_a_form() {
    let page = docs(LOOKS[0], &guide());
    assert!(page.contains("<details class=\"call\" id=\"post-v1-cases-id-fee\">"), "{page}");
    let form = page.split("<form").nth(1).and_then(|rest| rest.split("</form>").next()).expect("a form");
    assert!(form.contains(" hidden") && form.contains("data-path=\"/v1/cases/{id}/fee\""), "{form}");
    for part in [
        "name=\"id\" data-in=\"path\" required",
        "list=\"known-case\"",
        "name=\"unit\" data-in=\"query\"",
        "name=\"Idempotency-Key\"",
        "name=\"If-Match\"",
        "<textarea name=\"body\"",
        "aria-live=\"polite\"",
        ">Gửi<",
    ] {
        assert!(form.contains(part), "{part}: {form}");
    }
    assert!(!form.contains("type=\"file\"") && !form.contains("Không cần mã"), "{form}");
    assert!(page.contains("<script src=\"/assets/docs.js\" defer>"), "{page}");
}

#[test]
fn a_file_may_also_be_json_and_an_open_call_takes_no_token() {
    let mut guide = guide();
    let call = &mut guide.chapters[0].calls[0];
    (call.takes, call.open, call.key, call.version) = (Takes::File, true, false, false);
    let page = docs(LOOKS[1], &guide);
    let form = page.split("<form").nth(1).expect("a form");
    for part in ["type=\"file\"", "type=\"radio\"", "<textarea", "data-open", "No token needed"] {
        assert!(form.contains(part), "{part}: {form}");
    }
    assert!(!form.contains("Idempotency-Key\" data-in") && !form.contains("If-Match\" data-in"), "{form}");
}

/// It says so, and the script finds where to say as whom it is sent.
#[test]
fn a_token_may_be_optional() {
    let mut guide = guide();
    let call = &mut guide.chapters[0].calls[0];
    (call.open, call.optional) = (true, true);
    let page = docs(LOOKS[0], &guide);
    assert!(page.contains("data-caller=\"maybe\"") && !page.contains("data-open"), "{page}");
    assert!(page.contains("Mã truy cập không bắt buộc; gửi với tư cách"), "{page}");
    assert!(docs(LOOKS[1], &guide).contains("Token optional; sent as"));
}

/// Sample people exist only in a sandbox; elsewhere the page says that it is meant.
#[test]
fn only_a_sandbox_offers_people_to_call_as() {
    let live = docs(Look { sandbox: false, lang: Lang::Vi }, &guide());
    assert!(
        !live.contains("/v1/sandbox") && !live.contains("id=\"as\"") && live.contains("có hiệu lực thật"),
        "{live}"
    );
    let sandbox = docs(LOOKS[0], &guide());
    assert!(sandbox.contains("data-personas=\"/v1/sandbox/personas\"") && !sandbox.contains("có hiệu lực thật"));
}

/// Names in certificates are chosen by strangers.
#[test]
fn strangers_texts_are_escaped() {
    let mut report = sample();
    report.file = "<script>alert(1)</script>.pdf".into();
    report.signatures[0].signer.as_mut().expect("a signer").organisation = Some("<img src=x onerror=alert(1)>".into());
    let page = judged(LOOKS[0], &report);
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "{page}");
}

#[test]
fn five_answers() {
    let with = |change: &dyn Fn(&mut Report)| {
        let mut report = sample();
        change(&mut report);
        Phrase::of(&report)
    };
    let because = |report: &mut Report, code: &str| {
        let text = Text { vi: String::new(), en: String::new() };
        report.reasons = vec![Reason { code: code.into(), text, params: Default::default() }];
    };
    assert_eq!(with(&|_| {}), Phrase::Valid);
    assert_eq!(with(&|r| r.verdict = Verdict::Invalid), Phrase::Invalid);
    assert_eq!(with(&|r| r.verdict = Verdict::Indeterminate), Phrase::Unsure);
    assert_eq!(with(&|r| r.kind = ReportKind::SignedPdf), Phrase::NotACopy);
    let unsigned = |r: &mut Report| (r.kind, r.verdict) = (ReportKind::Unsigned, Verdict::Invalid);
    assert_eq!(with(&unsigned), Phrase::NotACopy);
    let annulled = |r: &mut Report| {
        r.verdict = Verdict::Invalid;
        because(r, "annulled");
    };
    assert_eq!(with(&annulled), Phrase::Annulled);
    // A broken signature in another PDF is wrong, not merely another kind of file.
    let forged = |r: &mut Report| (r.kind, r.verdict) = (ReportKind::SignedPdf, Verdict::Invalid);
    assert_eq!(with(&forged), Phrase::Invalid);
    // "Cannot be told" wins over everything but an annulment.
    let unclear = |r: &mut Report| (r.kind, r.verdict) = (ReportKind::Unsigned, Verdict::Indeterminate);
    assert_eq!(with(&unclear), Phrase::Unsure);
}

#[test]
fn a_report_says_who_when_and_how_one_knows() {
    let page = judged(LOOKS[0], &sample());
    for text in [
        "HỢP LỆ",
        "Có thể tiếp nhận.",
        "Số chứng thực 152, quyển số 01/2026 - SCT/BS",
        "Nguyễn Thị Mẫu",
        "23/11/2026 14:05:31 (theo dấu thời gian)",
        "có hiệu lực lúc ký, chưa bị thu hồi",
        "01/01/2026 – 01/01/2028",
        "Cơ quan đóng dấu",
        "không có thay đổi nào sau đó",
        "Sau chữ ký của lãnh đạo chỉ có các thay đổi được phép.",
        "TOTAL-PASSED",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let english = judged(LOOKS[1], &sample());
    assert!(english.contains("Attestation no. 152") && english.contains("You may accept it."), "{english}");
    assert!(!english.contains("Có thể"), "{english}");
}

/// F12: names out of a file neither turn a line around nor fill the page.
#[test]
fn names_of_a_file_do_not_steer() {
    let hostile = format!("x\u{202e}\u{61c}\u{1b}\r\n{}", "a".repeat(9_999));
    let mut report = sample();
    report.file.clone_from(&hostile);
    for signer in report.signatures.iter_mut().filter_map(|one| one.signer.as_mut()) {
        signer.organisation = Some(hostile.clone());
        signer.issuer = format!("CN={}", "a".repeat(9_999));
    }
    for page in [judged(LOOKS[0], &report), dossier(LOOKS[1], &[report])] {
        assert!(!page.contains(['\u{202e}', '\u{61c}', '\u{1b}', '\r']), "{page}");
        assert!(
            page.contains("<bdi>x\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}aaa"),
            "the direction of a name ends with it"
        );
        assert!(page.contains("<dd>x\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}aaa"));
        assert!(page.contains(&format!("<dd>{}…</dd>", "a".repeat(300))), "the issuer");
    }
}

/// Validity is told as at signing, not as of today.
#[test]
fn a_certificate_that_was_not_in_force_is_called_so() {
    let mut report = sample();
    report.signatures[0].signed_at = Some("2028-06-01T00:00:00+07:00".into());
    assert!(judged(LOOKS[0], &report).contains("không có hiệu lực lúc ký"));
    report.signatures[0].signed_at = None;
    assert!(judged(LOOKS[0], &report).contains("chưa rõ hiệu lực lúc ký"));
}

/// What failed is open, what passed is folded.
#[test]
fn failed_checks_are_open() {
    let mut report = sample();
    report.checks[0].result = CheckResult::Fail;
    let page = judged(LOOKS[0], &report);
    let open = |result: &str| {
        page.split("<li class=\"").filter(|li| li.starts_with(result) && li.contains("<details open")).count()
    };
    assert_eq!((open("fail"), open("pass")), (1, 0), "{page}");
}

/// Weight (pages.md §6): a phone on a slow net.
#[test]
fn pages_are_light() {
    let page = judged(LOOKS[0], &sample()).len();
    assert!(page + STYLE.len() + SCRIPT.len() < 60_000, "{page}");
    assert!(SCRIPT.len() < 5_000);
    assert!(CONSOLE.len() < 17_000);
}

/// What the API answers is shown as text; nothing of it is kept, and no HTML or code is made of it.
#[test]
fn the_console_makes_text_only_and_keeps_nothing() {
    for word in ["innerHTML", "outerHTML", "insertAdjacent", "eval", "Function(", "Storage", "cookie", "DOMParser"] {
        assert!(!CONSOLE.contains(word), "{word}");
    }
}

/// Before a code was asked for there is no field for one, and an ended link has no form at all.
#[test]
fn a_link_shows_one_step_at_a_time() {
    let trouble = Trouble { title: "a".into(), detail: "b".into(), action: "c".into() };
    for look in LOOKS {
        let state = |sent| Download::Open { masked: "m***@example.com", sent, trouble: None };
        let (first, second) = (download(look, "abc", &state(false)), download(look, "abc", &state(true)));
        assert!(first.contains("/v1/downloads/abc/code") && !first.contains("/v1/downloads/abc/open"), "{first}");
        assert!(second.contains("/v1/downloads/abc/open"), "{second}");
        assert!(!download(look, "abc", &Download::Ended(&trouble)).contains("<form"));
    }
    assert!(policy_with_form_to("https://b.example").contains("form-action 'self' https://b.example;"));
}
