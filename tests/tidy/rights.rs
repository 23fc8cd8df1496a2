//! Rights of the functions: known words, no more than the code asks for, and the whole list frozen in rights.txt.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use regex_lite::Regex;
use serde_yaml_ng::Value;

use crate::sources::{bodies, files, no, reached, root, sources, text, without_tests, workspace};
use crate::template::{deployed, events, list, pairs, words};

/// Actions of the services that we use, as the service authorisation reference spells them.
const KNOWN: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:Decrypt",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:GenerateDataKey",
    "kms:GetKeyPolicy",
    "kms:GetPublicKey",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:Sign",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "s3:PutObjectRetention",
    "ses:SendEmail",
    "sqs:SendMessage",
];

/// Call of a port → what the adapter then asks of AWS.
const ASKS: &[(&str, &[&str])] = &[
    (
        r"\.(unit|user|appointment|slot|upload|case|copy|session|unwanted|breaker|counter|entry|public_copy|public_by_number|public_by_digest|public_by_link|kept_report|kept_verdict|batch|batch_plan|paper|inquiry)\(",
        &["dynamodb:GetItem"],
    ),
    (r"\.(units|queue|account_copies|due|open_sessions)\(", &["dynamodb:Query", "dynamodb:BatchGetItem"]),
    (r"\.(slots|deliveries|events|watchers)\(", &["dynamodb:Query"]),
    (r"\.(keep_report|keep_verdict|watch)\(", &["dynamodb:PutItem"]),
    (r"\.told\(", &["dynamodb:DeleteItem"]),
    (r"records\.annulments\(", &["dynamodb:Query", "dynamodb:BatchGetItem"]),
    (r"records\.spend\(", &["dynamodb:UpdateItem"]),
    (r"\.(batch_items|public_copies|put_off)\(", &["dynamodb:BatchGetItem"]),
    (r"\bidempotent\(", &["dynamodb:GetItem", "dynamodb:PutItem"]),
    (r"Write::(OutboxDone|PromptGone)", &["dynamodb:DeleteItem"]),
    (r"Write::Outbox(Later|Taken|Waits)", &["dynamodb:UpdateItem"]),
    (
        r"Write::(Unit|User|Appointment|Slot|Upload|Case|Copy|Session|PromptTaken|Delivered|Unwanted|Breaker|Counter|Entry|PublicCopy|Outbox|Event|Delivery|Paper|Batch|BatchPlan|BatchItem|KeptReport|Watch|Inquiry)\b",
        &["dynamodb:PutItem"],
    ),
    (
        r"objects\.(read|part|extend)\(|\bread\((run\.)?objects|\bread\(self\.objects|TrustStore::open\(|presign_get\(",
        &["s3:GetObject"],
    ),
    (r"\.create\(&|objects\.(create|extend)\(|create_exactly\(|presign_put\(", &["s3:PutObject"]),
];

/// Who looks for objects that may not be there yet: S3 says 404 only to whoever may list. `verification` may not, because
/// listing would show it the names of everybody's uploads.
const LOOK_FIRST: &[&str] = &["augmentation", "examiner", "intake", "numbering", "signing-request"];

fn statements() -> Vec<(String, &'static Value)> {
    let mut all = Vec::new();
    for (function, (_, properties)) in deployed() {
        for policy in list(&properties["Policies"]) {
            all.extend(list(&policy["Statement"]).into_iter().map(|one| (function.clone(), one)));
        }
    }
    all
}

fn actions(statement: &Value) -> Vec<String> {
    list(&statement["Action"]).into_iter().map(words).collect()
}

/// Allowed actions per function.
fn granted() -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for function in crate::sources::functions() {
        all.entry(function).or_default();
    }
    for (function, statement) in statements() {
        if statement["Effect"].as_str() == Some("Allow") {
            all.entry(function).or_default().extend(actions(statement));
        }
    }
    all
}

#[test]
fn actions_are_spelled_right() {
    let mut findings = Vec::new();
    for (function, statement) in statements() {
        let allow = statement["Effect"].as_str() == Some("Allow");
        for action in actions(statement).iter().filter(|action| allow && !KNOWN.contains(&action.as_str())) {
            findings.push(format!("{function}: {action} is no action that we use"));
        }
        if allow && list(&statement["Resource"]).into_iter().any(|resource| words(resource) == "*") {
            findings.push(format!("{function}: {:?} on everything", actions(statement)));
        }
    }
    let state: Value = serde_yaml_ng::from_str(&text("infra/state.yaml")).expect("YAML");
    for key in ["SealKey", "ReportKey", "QrKey"] {
        let policy = &state["Resources"][key]["Properties"]["KeyPolicy"]["Statement"];
        for action in list(policy).into_iter().flat_map(actions) {
            if !KNOWN.contains(&action.as_str()) {
                findings.push(format!("{key}'s policy: {action} is no action that we use"));
            }
        }
    }
    no(findings);
}

/// What a function's code asks of table and bucket, through casework and the ports.
fn asked(function: &str) -> BTreeSet<String> {
    let mut work = sources(&format!("functions/{function}"));
    let call = Regex::new(r"\b([a-z_]+)::([a-z_]+)\(").expect("a pattern");
    let casework = files("shared/casework/src", &[".rs"]);
    let support = without_tests(&text("shared/casework/src/support.rs"));
    let calls: Vec<(String, String)> =
        call.captures_iter(&work).map(|found| (found[1].to_owned(), found[2].to_owned())).collect();
    for (module, start) in calls {
        let of = |path: &String| path.ends_with(&format!("/{module}.rs")) || path.contains(&format!("/{module}/"));
        let own: Vec<String> = casework.iter().filter(|path| of(path)).map(|path| without_tests(&text(path))).collect();
        if !own.is_empty() {
            work.push_str(&reached(&bodies(&format!("{}\n{support}", own.join("\n"))), &start));
        }
    }
    if work.contains("keys.caller(") {
        work.push_str("records.user(");
    }
    let asks = ASKS.iter().filter(|(pattern, _)| Regex::new(pattern).expect("a pattern").is_match(&work));
    let mut all: BTreeSet<String> =
        asks.flat_map(|(_, actions)| actions.iter().map(|action| (*action).to_owned())).collect();
    if LOOK_FIRST.contains(&function) {
        all.insert("s3:ListBucket".into());
    }
    all
}

#[test]
fn nobody_may_more_or_less_than_the_code_asks() {
    let mut findings = Vec::new();
    for (function, may) in granted() {
        let asks = asked(&function);
        let here = |action: &&String| action.starts_with("dynamodb:") || action.starts_with("s3:");
        let may: BTreeSet<String> = may.iter().filter(here).cloned().collect();
        findings.extend(asks.difference(&may).map(|action| format!("{function} asks for {action} and may not")));
        findings.extend(may.difference(&asks).map(|action| format!("{function} may {action} and never asks")));
    }
    no(findings);
}

#[test]
fn keys_and_letters_are_in_the_right_hands() {
    let holders = |action: &str| -> Vec<String> {
        granted().into_iter().filter(|(_, may)| may.contains(action)).map(|(function, _)| function).collect()
    };
    assert_eq!(holders("kms:Sign"), ["numbering", "verification"]);
    assert_eq!(holders("ses:SendEmail"), ["delivery"]);
    for (function, may) in granted() {
        let (_, properties) = &deployed()[&function];
        let fails_somewhere = !events(properties, "DynamoDB").is_empty();
        assert_eq!(may.contains("sqs:SendMessage"), fails_somewhere, "{function}: failed work needs its queue");
        let sealed = workspace().closure(&function);
        assert_eq!(may.contains("kms:Sign"), sealed.contains("seal"), "{function}: right and library go together");
        assert_eq!(may.contains("ses:SendEmail"), sealed.contains("mail"), "{function}");
        let writes = may.contains("s3:PutObject");
        assert_eq!(may.contains("kms:GenerateDataKey"), writes, "{function}: who writes objects has them encrypted");
    }
}

/// What units' keys and the service's key sign with.
const RSA: &str = "RSASSA_PKCS1_V1_5_SHA_256";
/// What the key for QR codes signs with.
const ED25519: &str = "ED25519_SHA_512";

/// A copy is sealed by no other function than `numbering`, and `numbering` speaks for nobody else: each may sign with its own key
/// alone, one algorithm, and never a digest of somebody's choice.
#[test]
fn each_key_has_one_hand() {
    let signing = |function: &str, algorithms: &[&str]| {
        let mine = statements().into_iter().filter(|(who, _)| who == function).map(|(_, one)| one);
        let found: Vec<_> = mine.filter(|one| actions(one).iter().any(|action| action == "kms:Sign")).collect();
        assert_eq!(found.len(), algorithms.len(), "{function}: one statement for each key");
        for (one, algorithm) in found.iter().zip(algorithms) {
            assert_eq!(actions(one), ["kms:Sign"], "{function}: one action");
            let pinned = &one["Condition"]["StringEquals"];
            assert_eq!(words(&pinned["kms:SigningAlgorithm"]), *algorithm, "{function}");
            assert_eq!(words(&pinned["kms:MessageType"]), "RAW", "{function}");
        }
        found
    };
    let places = |one: &Value| list(&one["Resource"]).into_iter().map(place).collect::<Vec<_>>();
    assert_eq!(places(signing("verification", &[RSA])[0]), ["ReportKeyArn"]);
    let numbering = signing("numbering", &[RSA, ED25519]);
    let aliases = words(&numbering[0]["Condition"]["ForAnyValue:StringLike"]["kms:ResourceAliases"]);
    assert!(aliases.contains("SealKeyAliasPrefix"), "{aliases}");
    assert_eq!(places(numbering[1]), ["QrKeyArn"]);
    let state: Value = serde_yaml_ng::from_str(&text("infra/state.yaml")).expect("YAML");
    let prefix = words(&crate::template::template()["Parameters"]["SealKeyAliasPrefix"]["Default"]);
    for (key, end) in [("ReportKeyAlias", "report"), ("QrKeyAlias", "qr")] {
        let alias = words(&state["Resources"][key]["Properties"]["AliasName"]);
        assert!(alias.contains(&format!("alias/ctdt-${{Stage}}-{end}")) && !alias.contains(&prefix), "{alias}");
    }
    // A stage called `seal` would make the aliases some of those; then the keys' own policies still name the one signer and
    // the algorithm (`template::each_key_policy_names_its_one_signer`).
}

/// Whoever could write the trusted roots could make any signature good.
#[test]
fn nobody_writes_the_trusted_roots() {
    for (function, statement) in statements() {
        let places: Vec<String> = list(&statement["Resource"]).into_iter().map(place).collect();
        let trust = places.iter().any(|place| place.contains("trust") || place.ends_with("DocumentsBucketArn/*"));
        assert!(!trust || actions(statement) == ["s3:GetObject"], "{function}: {:?} on {places:?}", actions(statement));
    }
}

/// The public function reads what anybody may know and what it keeps itself, item by item, and may list nothing but the annulments that
/// are published and its own work that is due (house.md §3.6). It writes only what it keeps, counts callers, and keeps its work.
#[test]
fn verification_reads_public_items_and_writes_its_own() {
    let allowed = |action: &str| {
        let mut keys = BTreeSet::new();
        for (function, one) in statements() {
            if function == "verification" && actions(one).iter().any(|a| a == action) {
                assert_eq!(actions(one), [action]);
                let leading = list(&one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
                assert!(!leading.is_empty(), "{action} on every item");
                keys.extend(leading.into_iter().map(words));
            }
        }
        keys
    };
    let set = |keys: &[&str]| keys.iter().map(|key| format!("{key}#*")).collect::<BTreeSet<_>>();
    assert_eq!(allowed("dynamodb:GetItem"), set(&READ));
    assert_eq!(allowed("dynamodb:PutItem"), set(&["VERIF", "VERDICT", "WATCH", "BATCH", "IDEM", "INQUIRY", "OUTBOX"]));
    assert_eq!(allowed("dynamodb:BatchGetItem"), set(&["COPY", "BATCH", "OUTBOX"]));
    assert_eq!(allowed("dynamodb:UpdateItem"), set(&["QUOTA", "OUTBOX"]));
    assert_eq!(allowed("dynamodb:DeleteItem"), set(&["OUTBOX"]));
    let lists = ["ANNULLED", "ANNULLED#*", "DUE#judge_batch"].map(str::to_owned);
    assert_eq!(allowed("dynamodb:Query"), BTreeSet::from(lists));
    let may = &granted()["verification"];
    let items = ["GetItem", "PutItem", "BatchGetItem", "UpdateItem", "DeleteItem", "Query"]
        .map(|action| format!("dynamodb:{action}"));
    let others = ["kms:Decrypt", "kms:Sign", "s3:GetObject", "sqs:SendMessage"].map(str::to_owned);
    assert_eq!(*may, items.into_iter().chain(others).collect(), "the public function does nothing else");
}

/// Prefixes of what the public function reads.
const READ: [&str; 11] =
    ["COPY", "PUBNO", "DIGEST", "LINK", "UPLOAD", "VERIF", "VERDICT", "PAPER", "BATCH", "IDEM", "INQUIRY"];

/// Everything that changes in the table passes in the stream. Lambda reads it with the role of `verification`; its code, which opens
/// strangers' files, may not (docs/decisions/0014).
#[test]
fn the_code_of_verification_does_not_read_the_stream() {
    let denied: Vec<&Value> = statements()
        .into_iter()
        .filter(|(function, one)| function == "verification" && one["Effect"].as_str() == Some("Deny"))
        .map(|(_, one)| one)
        .collect();
    let [one] = denied.as_slice() else { panic!("{denied:?}") };
    let stream = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"].map(|it| format!("dynamodb:{it}"));
    assert_eq!(actions(one), stream);
    assert_eq!(list(&one["Resource"]).into_iter().map(words).collect::<Vec<_>>(), ["*"]);
    assert_eq!(words(&one["Condition"]["Null"]["lambda:SourceFunctionArn"]), "false");
}

#[test]
fn the_list_of_rights_is_frozen() {
    let mut shown = String::from(
        "# Rights of the functions, made from template.yaml; UPDATE_EXPECT=1 rewrites. Read every line of a diff.\n",
    );
    let mut last = String::new();
    for (function, statement) in statements() {
        if function != last {
            let _ = writeln!(shown, "\n{function}");
            last = function;
        }
        let places = list(&statement["Resource"]).into_iter().map(place).collect::<Vec<_>>().join(" ");
        let _ = writeln!(
            shown,
            "  {} {} on {places}",
            words(&statement["Effect"]).to_lowercase(),
            actions(statement).join(" ")
        );
        for (test, values) in pairs(&statement["Condition"]) {
            for (key, value) in pairs(values) {
                let wanted = list(value).into_iter().map(words).collect::<Vec<_>>().join(" ");
                let _ = writeln!(shown, "    if {test} {key} {wanted}");
            }
        }
    }
    let path = "tests/tidy/rights.txt";
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(root().join(path), &shown).expect("write rights.txt");
    }
    assert_eq!(shown, text(path), "rights changed: look at the difference, then UPDATE_EXPECT=1");
}

/// A resource as a short text: `Table`, `DocumentsBucket/uploads/*`.
fn place(value: &Value) -> String {
    let mut name = String::new();
    for (key, inner) in pairs(value) {
        match key.as_str() {
            "Fn::ImportValue" => name = words(inner).trim_start_matches("ctdt-${Stage}-").to_owned(),
            "Fn::Sub" => {
                let parts = list(inner);
                let arn = parts.get(1).map(|map| place(&map["Arn"])).unwrap_or_default();
                name = words(parts[0]).replace("${Arn}", &arn);
            }
            _ => {}
        }
    }
    if name.is_empty() { words(value) } else { name }
}

/// The sources this test relies on are where it looks.
#[test]
fn the_question_reaches_casework() {
    assert!(!files("shared/casework/src", &[".rs"]).is_empty());
    assert!(asked("numbering").contains("dynamodb:PutItem"));
    assert!(asked("console").is_empty());
}
