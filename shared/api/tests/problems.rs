//! The pages of the problem types are made from the catalogue; `UPDATE_EXPECT=1` rewrites them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use api::{CODES, Code};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/problems")
}

/// One page: what happened, what to do, how it looks, in both languages.
fn page(code: &Code) -> String {
    let mut page = format!(
        "# {}\n\n<!-- made from api::CODES: UPDATE_EXPECT=1 cargo test -p api --test problems -->\n\n",
        code.code
    );
    let _ = writeln!(
        page,
        "HTTP {}{}\n",
        code.status,
        code.retry_after_s.map_or_else(String::new, |s| format!(", `Retry-After: {s}`"))
    );
    let _ = writeln!(page, "**Nguyên nhân.** {}.\n\n**Cách xử lý.** {}\n", code.title.0, code.action.0);
    let _ = writeln!(page, "**Cause.** {}.\n\n**What to do.** {}\n", code.title.1, code.action.1);
    let example = serde_json::to_string_pretty(&example(code)).expect("JSON");
    let _ = writeln!(page, "```json\n{example}\n```");
    page
}

fn example(code: &Code) -> Value {
    json!({
        "type": format!("https://docs.ctdt.example.vn/errors/{}", code.code), "code": code.code, "title": code.title.0,
        "status": code.status, "detail": code.title.0, "action": code.action.0, "instance": "/v1/…", "request_id": "req_…",
    })
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a person asks this test to rewrite the pages")]
fn every_code_has_its_page_and_every_page_its_code() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let folder = folder();
    let mut wanted = BTreeSet::new();
    for code in CODES {
        let path = folder.join(format!("{}.md", code.code));
        let page = page(code);
        if update {
            std::fs::write(&path, &page).expect("write a page");
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(there, page, "docs/problems/{}.md is not what the catalogue says: UPDATE_EXPECT=1", code.code);
        wanted.insert(format!("{}.md", code.code));
    }
    let pages = std::fs::read_dir(&folder).expect("docs/problems");
    let there: BTreeSet<String> =
        pages.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(there, wanted, "a page without a code");
}
