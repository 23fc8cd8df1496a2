//! The record of a batch (biên bản kiểm tra theo lô): one line or two for each file, and which of the expected papers were found.
//!
//! Each file has a report of its own, which the record names; reasons and evidence stand there.

use serde_json::Value;

use super::sheet::Sheet;
use super::{AMBER, DARK_RED, GREEN, Signing, Tone, UNKNOWN, discreet, list, moment, text, withdrawn};
use crate::text::{BLACK, Cut, GREY, Ink};

/// Whether a report is one of a batch.
pub(super) fn is_one(report: &Value) -> bool {
    text(report, "kind") == "batch"
}

/// The pages below the title.
pub(super) fn pages(sheet: &mut Sheet<'_>, report: &Value, tone: &Tone, signing: Option<&Signing<'_>>) {
    head(sheet, report, tone);
    facts(sheet, report);
    if let Some(signing) = signing {
        signed_by(sheet, report, signing);
    }
    coverage(sheet, report);
    items(sheet, report);
}

fn count(report: &Value, name: &str) -> u64 {
    report.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn head(sheet: &mut Sheet<'_>, report: &Value, tone: &Tone) {
    sheet.centred(Cut::Bold, 16.0, BLACK, "BIÊN BẢN KIỂM TRA THEO LÔ");
    sheet.centred(Cut::Italic, 10.5, GREY, "Record of verification of a batch of files");
    sheet.space(8.0);
    let (total, valid) = (count(report, "total"), count(report, "valid"));
    let (invalid, unknown) = (count(report, "invalid"), count(report, "indeterminate"));
    let unjudged = count(report, "unjudged");
    sheet.banner(tone.ink, tone.ground, tone.mark, |area| {
        area.pair(
            (Cut::Bold, 18.0, tone.ink),
            &format!("{valid}/{total} tệp hợp lệ"),
            &format!("  {valid} of {total} files are valid"),
            11.0,
        );
        let vi = format!("{invalid} không hợp lệ · {unknown} chưa đủ thông tin · {unjudged} không có tệp để kiểm tra");
        area.line(Cut::Regular, 10.5, BLACK, &vi);
        let en = format!("{invalid} not valid · {unknown} cannot be told · {unjudged} with no file to judge");
        area.line(Cut::Italic, 9.0, GREY, &en);
    });
}

fn facts(sheet: &mut Sheet<'_>, report: &Value) {
    sheet.row("Mã lô", "Batch", text(report, "id"));
    sheet.row("Số tệp", "Files", &count(report, "total").to_string());
    sheet.row("Yêu cầu lúc", "Asked for at", &moment(text(report, "created_at")));
    sheet.row("Kiểm tra xong lúc", "Finished at", &moment(text(report, "ended_at")));
}

/// Who says so, and what this is not.
fn signed_by(sheet: &mut Sheet<'_>, report: &Value, signing: &Signing<'_>) {
    let (signer, at, id) = (signing.signer, moment(signing.at), text(report, "id"));
    sheet.space(5.0);
    let vi = format!(
        "Biên bản {id} do {signer} ký số lúc {at} theo giờ của dịch vụ, không có dấu thời gian; báo cáo JSON của cả lô đính kèm. \
         Đây là biên bản kiểm tra, không phải bản sao có chứng thực."
    );
    sheet.line(Cut::Regular, 9.0, BLACK, &vi);
    let en = format!(
        "Record {id}, signed by the verification service at its own time, without a time-stamp; the JSON report of the whole batch is \
         attached. This is a record of verification and not a certified copy."
    );
    sheet.line(Cut::Italic, 8.0, GREY, &en);
}

fn coverage(sheet: &mut Sheet<'_>, report: &Value) {
    let Some(coverage) = report.get("coverage").filter(|coverage| count(coverage, "expected") > 0) else { return };
    sheet.heading("Giấy tờ cần có", "Expected papers");
    for paper in list(coverage, "papers") {
        let what = [text(paper, "title"), text(paper, "type_text")];
        let what = what.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        match paper.get("item").and_then(Value::as_u64) {
            Some(at) => {
                sheet.entry((&discreet(&what), BLACK), (&format!("có, tệp {0} / found, file {0}", at + 1), GREEN))
            }
            None => sheet.entry((&discreet(&what), BLACK), ("thiếu / missing", DARK_RED)),
        }
    }
    let untitled = count(coverage, "untitled");
    if untitled > 0 {
        sheet.small(&format!(
            "{untitled} bản sao hợp lệ được cấp trước khi sổ lưu tên giấy tờ nên không đối chiếu được / {untitled} valid copies were \
             sealed before titles were kept and could not be matched"
        ));
    }
}

fn items(sheet: &mut Sheet<'_>, report: &Value) {
    sheet.heading("Từng tệp", "File by file");
    for one in list(report, "items") {
        let (word, ink) = verdict(text(one, "verdict"));
        let name = discreet(text(one, "name"));
        sheet.entry((&format!("{}. {name}", count(one, "n") + 1), BLACK), (word, ink));
        let report = one.get("verification").map_or("", |of| text(of, "id"));
        let parts = [kind(text(one, "kind")), &discreet(text(one, "title")), text(one, "number_text"), report];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if !parts.is_empty() {
            sheet.small(&parts.join(" · "));
        }
        if let Some(problem) = one.get("problem").filter(|problem| problem.is_object()) {
            let words = |lang: &str| problem.get("text").map_or("", |words| text(words, lang)).to_owned();
            sheet.small(&format!("{} / {} [{}]", words("vi"), words("en"), text(problem, "code")));
        }
        withdrawn(sheet, one, 9.0);
        let digest = one.get("sha256").and_then(Value::as_str).unwrap_or(UNKNOWN);
        sheet.small(&format!("SHA-256 {digest}"));
        sheet.space(2.5);
    }
}

fn verdict(name: &str) -> (&'static str, Ink) {
    match name {
        "valid" => ("HỢP LỆ / VALID", GREEN),
        "invalid" => ("KHÔNG HỢP LỆ / NOT VALID", DARK_RED),
        "indeterminate" => ("CHƯA ĐỦ THÔNG TIN / CANNOT BE TOLD", AMBER),
        _ => ("KHÔNG KIỂM TRA ĐƯỢC / NOT JUDGED", AMBER),
    }
}

fn kind(name: &str) -> &'static str {
    match name {
        "certified_copy" => "bản sao điện tử có chứng thực / certified electronic copy",
        "signed_pdf" => "PDF đã ký số / signed PDF",
        "unsigned" => "PDF không có chữ ký / unsigned PDF",
        "unreadable" => "không đọc được / unreadable",
        _ => "",
    }
}
