//! What must never stand in a log line, in a key of table or bucket, or in an address (docs/LOGGING.md, "Never";
//! remote-signing.md §4): PINs, tokens and secrets, phones in any form, identity numbers, e-mail addresses, names of people.
//! Everything that a run of the house says and asks for is searched for them.

use std::collections::BTreeSet;
use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::client::{Call, Client};
use crate::contract::{code_in, letters};
use crate::stack::Stack;

/// How it is called in a failure, and the text. The text itself is not printed.
struct Secret(String, String);

/// The secrets of one house.
pub(crate) struct Canary(Vec<Secret>);

impl Canary {
    /// Knows what the sandbox knows of its people, and what the house has started its gateway with.
    pub(crate) async fn hatch(client: &Client, stack: &Stack) -> Self {
        let mut all = vec![
            secret("the gateway's secret for hints", local::CALLBACK_SECRET),
            secret("the gateway's token", &gateway_token(stack.pid())),
            secret("the requester's identity number", "001099009999"),
            secret("the requester's e-mail address", "nguoi.yeu.cau@example.com"),
        ];
        all.extend(forms("the requester's name", "Trần Thị Mẫu"));
        all.extend(forms("the title of a document", "Bằng tốt nghiệp"));
        let personas = client.send(Call::get("/v1/sandbox/personas")).await.is(200).json();
        let people = client.send(Call::get("/v1/sandbox/people")).await.is(200).json();
        for one in [personas, people].iter().flat_map(|list| list["data"].as_array().expect("a list")) {
            all.extend(of_one(one));
        }
        assert!(all.len() > 40, "{} secrets", all.len());
        Self(all)
    }

    /// Knows the link and the code of a letter besides.
    pub(crate) async fn with_letter(mut self, client: &Client, case: &str) -> Self {
        let letter = letters(client, 1).await[0].clone();
        let token = letter["links"][0].as_str().and_then(|link| link.rsplit('/').next()).expect("a link").to_owned();
        let asked = client.send(Call::post(format!("/v1/downloads/{token}/code"), &json!({}))).await;
        asked.is(202);
        let code = code_in(&letters(client, 2).await[1]);
        let open = Call::post(format!("/v1/downloads/{token}/open"), &json!({"code": code}));
        client.send(open).await.is(303);
        client.by("clerk", Call::get(format!("/v1/cases/{case}/deliveries"))).await.is(200);
        self.0.extend([secret("the token of a letter", &token), secret("the code of a letter", &code)]);
        self
    }

    /// Knows what a token has brought besides.
    pub(crate) fn with_token(mut self, answer: &Value) -> Self {
        for (what, name, taken) in [("signature", "signature", 0..64), ("X.509 certificate", "certificate", 200..264)] {
            // Base64 in full length is found by any part of it.
            let text = answer[name].as_str().and_then(|text| text.get(taken)).expect("base64");
            self.0.push(secret(&format!("the {what} of a token"), text));
        }
        self
    }

    /// Reads a log with every request to a service, and fails where a secret stands in what may be read there.
    pub(crate) fn sings_about(&self, log: &Path) {
        let log = std::fs::read_to_string(log).expect("a log");
        let (mut lines, mut keys, mut addresses) = (0, 0, 0);
        let mut found = BTreeSet::new();
        for line in log.lines() {
            let Some((_, label)) = line.split_once("passed on label=") else {
                lines += 1;
                // Whoever calls may put a secret of a link into an address; no address of a caller is told.
                assert!(!line.contains("answered") || !line.contains("/v1/"), "{line}");
                self.search("a log line", line, &mut found);
                continue;
            };
            let label: String = serde_json::from_str(label).unwrap_or_else(|error| panic!("{error}: {label}"));
            let [service, operation, address, body] = parts(&label);
            addresses += 1;
            self.search(&format!("an address of {service}"), address, &mut found);
            let body: Value =
                if service == "dynamodb" { serde_json::from_str(body).expect("JSON") } else { Value::Null };
            let mut texts = Vec::new();
            keys_of(operation, &body, &mut texts);
            keys += texts.len();
            for text in texts {
                self.search("a key of the table", text, &mut found);
            }
        }
        assert!(lines > 50 && keys > 500 && addresses > 500, "{lines} lines, {keys} keys, {addresses} addresses");
        assert!(found.is_empty(), "{found:#?}");
    }

    fn search(&self, place: &str, text: &str, found: &mut BTreeSet<String>) {
        let hits = self.0.iter().filter(|Secret(_, secret)| has(text, secret));
        found.extend(
            hits.map(|Secret(what, _)| format!("{what} in {place}: {}", text.split(' ').next().unwrap_or(text))),
        );
    }
}

/// A text with accents as it is, as a phone would show it, and as an address would carry it.
fn forms(what: &str, text: &str) -> [Secret; 4] {
    let escaped = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let form = escaped.replace("%20", "+");
    [text, &domain::identity::folded(text), &escaped, &form].map(|text| secret(what, text))
}

fn secret(what: &str, text: &str) -> Secret {
    assert!(text.len() >= 4, "{what}");
    Secret(what.to_owned(), text.to_owned())
}

/// What the sandbox shows of one person, wherever it stands there.
fn of_one(person: &Value) -> Vec<Secret> {
    let who = person["name"].as_str().expect("a name");
    let text = |name: &str| person[name].as_str().filter(|text| !text.is_empty());
    // The code of an office is public, and its number there.
    let hidden = |name: &str| name != "id_number" || person["id_type"] != "organisation_code";
    let mut all: Vec<Secret> = ["pin", "token", "email", "id_number"]
        .iter()
        .filter(|name| hidden(name))
        .filter_map(|name| Some(secret(&format!("{name} of {who}"), text(name)?)))
        .collect();
    if let Some(phone) = text("phone") {
        let national = phone.strip_prefix("+84").expect("a phone of Vietnam");
        let spaced = format!("{} {} {}", &national[..3], &national[3..6], &national[6..]);
        all.extend(
            [national, &format!("%2B84{national}"), &spaced].map(|form| secret(&format!("phone of {who}"), form)),
        );
    }
    // Systems and offices are persons there, too, and their names are public.
    if who.split(' ').count() == 3 {
        all.extend(forms(&format!("name of {who}"), who));
    }
    all
}

/// Whether a text holds a secret; a PIN or a code counts only where it is not a part of something longer.
fn has(text: &str, secret: &str) -> bool {
    let alone = secret.len() < 9 && secret.bytes().all(|byte| byte.is_ascii_digit());
    let ends = |at: usize| !joins(text[..at].chars().rev()) && !joins(text[at + secret.len()..].chars());
    text.match_indices(secret).any(|(at, _)| !alone || ends(at))
}

/// Whether what stands beside a number makes it a part of something longer; a full stop does so only between digits.
fn joins(mut beside: impl Iterator<Item = char>) -> bool {
    match beside.next() {
        Some('.') => beside.next().is_some_and(|sign| sign.is_ascii_digit()),
        sign => sign.is_some_and(|sign| sign.is_ascii_alphanumeric()),
    }
}

/// Service, operation, address and body of a request.
fn parts(label: &str) -> [&str; 4] {
    let mut all = label.splitn(4, ' ');
    [(); 4].map(|()| all.next().unwrap_or_default())
}

/// Keys of the table and of its index in a request: of what is written, of what is read, and of a query.
fn keys_of<'a>(operation: &str, body: &'a Value, into: &mut Vec<&'a str>) {
    let Value::Object(members) = body else {
        return body.as_array().into_iter().flatten().for_each(|one| keys_of(operation, one, into));
    };
    for (name, value) in members {
        let key = matches!(name.as_str(), "pk" | "sk" | "gsi1pk" | "gsi1sk");
        let asked = operation == "Query" && name == "ExpressionAttributeValues";
        match value["S"].as_str() {
            Some(text) if key => into.push(text),
            _ if asked => {
                into.extend(value.as_object().into_iter().flat_map(|all| all.values()).filter_map(|v| v["S"].as_str()))
            }
            _ => keys_of(operation, value, into),
        }
    }
}

/// The bearer token that the house has given its simulator, from the list of processes.
fn gateway_token(house: u32) -> String {
    let parent =
        |stat: &str| stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
    for entry in std::fs::read_dir("/proc").expect("Linux").flatten() {
        let read = |file: &str| std::fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        if parent(&read("stat")) == Some(house) {
            let command = read("cmdline");
            let words: Vec<&str> = command.split('\0').collect();
            if let Some(at) = words.iter().position(|word| *word == "--token") {
                return words[at + 1].to_owned();
            }
        }
    }
    panic!("the house has no simulator");
}

#[test]
fn a_short_number_counts_where_it_stands_alone() {
    for (text, secret, is) in [
        ("pin=246810 ", "246810", true),
        ("246810", "246810", true),
        ("a1246810", "246810", false),
        ("0.246810", "246810", false),
        ("246810.5", "246810", false),
        ("PIN 246810.", "246810", true),
        ("PIN 246810. Ky", "246810", true),
        ("pin.246810", "246810", true),
        ("sub_001099009999_x", "001099009999", true),
        ("phone+84900000001", "900000001", true),
    ] {
        assert_eq!(has(text, secret), is, "{text}");
    }
}

#[test]
fn keys_are_found_wherever_they_stand() {
    let put =
        json!({"TransactItems": [{"Put": {"Item": {"pk": {"S": "A"}, "note": {"S": "B"}, "gsi1sk": {"S": "C"}}}}]});
    let query = json!({"ExpressionAttributeValues": {":pk": {"S": "D"}, ":n": {"N": "1"}}});
    for (operation, body, keys) in [("TransactWriteItems", put, vec!["A", "C"]), ("Query", query, vec!["D"])] {
        let mut found = Vec::new();
        keys_of(operation, &body, &mut found);
        found.sort_unstable();
        assert_eq!(found, keys);
    }
}
