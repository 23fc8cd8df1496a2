//! Thin mains, short functions, words, and what cores may not ask.

use regex_lite::Regex;

use crate::arrows::PURE;
use crate::sources::{files, functions, is_for_tests, no, text, without_tests, workspace};

/// Lines of a function's `main.rs` (house.md §3.4).
const MAIN_LINES: usize = 60;
/// Lines of one function (house.md, manners).
const FUNCTION_LINES: usize = 70;

/// What cores never ask, and what they get instead.
const ASKED: &[(&str, &str)] = &[
    ("SystemTime::now", "take `now` as an argument"),
    ("Instant::now", "take `now` as an argument"),
    ("Timestamp::now", "take `now` as an argument"),
    ("Zoned::now", "take `now` as an argument"),
    ("env::var", "take the setting as an argument"),
    ("rand::", "take random bytes as an argument"),
    ("getrandom", "take random bytes as an argument"),
    ("SystemRandom", "take random bytes as an argument"),
    ("thread_rng", "take random bytes as an argument"),
    ("std::net", "cores do not talk"),
    ("std::fs", "take bytes as an argument"),
    ("std::process", "cores start nothing"),
    ("std::thread", "cores do not wait"),
];

/// Names of things of ours, and what to say instead. Our act is an attestation; a certificate is X.509.
const NAMES: &[(&str, &str)] = &[
    (r"(?i)certif(y|ied|ication)", "our act is `attest…`, a permission of a PDF is `doc_mdp`"),
    (r"(?i)manager|helper|utils?$|utils?_|^util", "say what it does"),
];
/// Words before a name that is being defined.
const DEFINING: &[&str] = &["fn ", "struct ", "enum ", "trait ", "mod ", "const ", "static ", "type ", "union "];
/// What other documents have named: contract.md §2, RFC 5280.
const NAMES_OF_OTHERS: &[&str] = &["CertifiedCopy", "certified_copy"];
/// Where X.509 certificates are made, read or judged: there, and only there, things may be called so.
const X509: &[&str] = &["shared/pki/", "shared/pades/", "shared/remote-signing/", "infra/local/", "infra/simpki/"];

fn sources() -> Vec<String> {
    let mut all = Vec::new();
    for under in ["functions", "infra", "shared", "tests"] {
        all.extend(files(under, &[".rs"]));
    }
    all
}

/// This file spells the words it forbids.
fn is_this(path: &str) -> bool {
    path.starts_with("tests/tidy/")
}

#[test]
fn mains_only_wire() {
    let mut findings = Vec::new();
    for function in functions() {
        let path = format!("functions/{function}/src/main.rs");
        let lines = text(&path).lines().count();
        if lines >= MAIN_LINES {
            findings.push(format!("{path} has {lines} lines: the work belongs into casework"));
        }
    }
    no(findings);
}

#[test]
fn cores_ask_nobody() {
    let mut findings = Vec::new();
    for package in workspace().ours().filter(|package| PURE.contains(&package.name.as_str())) {
        for path in files(&format!("{}/src", package.folder), &[".rs"]) {
            let source = without_tests(&text(&path));
            for (line, number) in code_lines(&source) {
                let asked = ASKED.iter().filter(|(words, _)| line.contains(words));
                findings.extend(asked.map(|(words, instead)| format!("{path}:{number}: {words}: {instead}")));
            }
        }
    }
    no(findings);
}

/// Lines that are not comments, with their numbers.
fn code_lines(source: &str) -> impl Iterator<Item = (&str, usize)> {
    source.lines().zip(1..).filter(|(line, _)| !line.trim_start().starts_with("//"))
}

#[test]
fn names_say_what_things_are() {
    let definition = Regex::new(r"\b(?:fn|struct|enum|trait|mod|const|static|type|union) ([A-Za-z_][A-Za-z0-9_]*)");
    let definition = definition.expect("a pattern");
    let banned: Vec<_> = NAMES.iter().map(|(p, say)| (Regex::new(p).expect("a pattern"), *say)).collect();
    let mut findings = Vec::new();
    for path in sources().into_iter().filter(|path| !is_this(path)) {
        let source = text(&path);
        let stem = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        let defined = code_lines(&source).filter(|(line, _)| DEFINING.iter().any(|word| line.contains(word)));
        let defined = defined.filter_map(|(line, number)| {
            definition.captures(line).and_then(|found| found.get(1)).map(|name| (name.as_str().to_owned(), number))
        });
        for (name, number) in defined.chain([(stem, 0)]) {
            if NAMES_OF_OTHERS.contains(&name.as_str()) {
                continue;
            }
            for (pattern, say) in &banned {
                if pattern.is_match(&name) {
                    findings.push(format!("{path}:{number}: {name}: {say}"));
                }
            }
            let lower = name.to_lowercase();
            if lower.contains("certificate")
                && !X509.iter().any(|home| path.starts_with(home))
                && !is_test(&path, number)
            {
                findings.push(format!("{path}:{number}: {name}: outside pki say whose credential it is"));
            }
        }
    }
    no(findings);
}

/// Names of tests may say what they test.
fn is_test(path: &str, number: usize) -> bool {
    let source = text(path);
    is_for_tests(path) || without_tests(&source).lines().count() < number
}

#[test]
fn keys_are_spelled_in_one_place() {
    let key = Regex::new(
        r#""(UNIT|USER|APPT|SLOT|UPLOAD|CASE|DOC|SESSION|REG|COPY|PUBNO|DIGEST|OUTBOX|HISTORY|IDEM|QUEUE|DUE|ACCOUNT)#"#,
    );
    let key = key.expect("a pattern");
    let mut findings = Vec::new();
    for path in sources().into_iter().filter(|path| !path.starts_with("shared/store/src/") && !is_for_tests(path)) {
        for (line, number) in text(&path).lines().zip(1..) {
            if line.contains("#") && key.is_match(line) {
                findings.push(format!("{path}:{number}: keys are made by store::keys"));
            }
        }
    }
    no(findings);
}

#[test]
fn nothing_is_left_open() {
    let open = Regex::new(r"\b(TODO|FIXME|XXX|HACK)\b").expect("a pattern");
    let named = Regex::new(r"issue \d+").expect("a pattern");
    let mut all = sources();
    all.extend(files("", &[".md", ".yaml", ".toml", ".js", ".css"]));
    let mut findings = Vec::new();
    for path in all.into_iter().filter(|path| !is_this(path)) {
        for (line, number) in text(&path).lines().zip(1..) {
            let marked = ["TODO", "FIXME", "XXX", "HACK"].iter().any(|mark| line.contains(mark));
            if marked && open.is_match(line) && !named.is_match(line) {
                findings.push(format!("{path}:{number}: an open point names its issue"));
            }
            if path.ends_with(".rs") && line.contains("[allow(") {
                findings.push(format!("{path}:{number}: #[expect(lint, reason = …)] instead of allow"));
            }
        }
    }
    no(findings);
}

#[test]
fn functions_are_short() {
    let head = Regex::new(r"^(\s*)(?:pub(?:\([a-z]+\))? )?(?:const )?(?:async )?fn ([a-z_0-9]+)").expect("a pattern");
    let mut findings = Vec::new();
    // A test tells a story from its beginning to its end.
    for path in sources().into_iter().filter(|path| !is_for_tests(path)) {
        let source = text(&path);
        let mut open: Option<(String, String, usize)> = None;
        for (line, number) in source.lines().zip(1..) {
            if line.contains("fn ")
                && let Some(found) = head.captures(line)
            {
                let (indent, name) = (&found[1], &found[2]);
                open = (!line.ends_with('}') && !line.ends_with(';'))
                    .then(|| (format!("{indent}}}"), name.to_owned(), number));
            } else if let Some((close, name, from)) = &open
                && line == close
            {
                if number - from >= FUNCTION_LINES {
                    findings.push(format!("{path}:{from}: {name} has {} lines", number - from + 1));
                }
                open = None;
            }
        }
    }
    no(findings);
}

#[test]
fn every_problem_is_in_the_catalogue() {
    let made = Regex::new(r#"Problem::new\(\s*"([a-z0-9-]+)""#).expect("a pattern");
    let codes = text("shared/api/src/codes.rs");
    let mut findings = Vec::new();
    for path in files("functions", &[".rs"]).into_iter().chain(files("shared/api/src", &[".rs"])) {
        let source = text(&path);
        for code in made.captures_iter(&source).filter_map(|found| found.get(1)) {
            if !codes.contains(&format!("\"{}\",", code.as_str())) {
                findings.push(format!("{path}: `{}` is not in api::CODES", code.as_str()));
            }
        }
    }
    no(findings);
}
