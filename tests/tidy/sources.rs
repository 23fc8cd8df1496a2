//! The checkout as text: files, packages, and a few questions about Rust sources.
//!
//! Does not parse Rust. The questions are simple enough for lines and brackets, and rustfmt keeps the shape they rely on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// The root of the checkout: the first directory upwards that holds the template.
pub(crate) fn root() -> PathBuf {
    let here = std::env::current_dir().expect("a working directory");
    let found = here.ancestors().find(|dir| dir.join("template.yaml").exists());
    found.expect("the tests run inside the checkout").to_owned()
}

/// A file of the checkout.
pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether a file or folder is there.
pub(crate) fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// Names of the entries of a folder, sorted.
pub(crate) fn entries(path: &str) -> Vec<String> {
    let dir = std::fs::read_dir(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut names: Vec<String> =
        dir.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Files under a folder with one of the endings, as paths from the root; what is built, hidden or vendored is left out.
pub(crate) fn files(under: &str, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    walk(&root(), Path::new(under), endings, &mut found);
    found.sort();
    found
}

fn walk(root: &Path, under: &Path, endings: &[&str], found: &mut Vec<String>) {
    let Ok(dir) = std::fs::read_dir(root.join(under)) else { return };
    for entry in dir.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" || name == "node_modules" || name == "corpus" {
            continue;
        }
        let path = under.join(&name);
        if entry.path().is_dir() {
            walk(root, &path, endings, found);
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path.to_string_lossy().into_owned());
        }
    }
}

/// Fails with every finding, one a line.
pub(crate) fn no(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// What `cargo metadata` says.
pub(crate) struct Workspace {
    /// Every package by name; of two versions both are there.
    pub(crate) packages: Vec<Package>,
    /// Package ids of the workspace's members.
    members: BTreeSet<String>,
    /// Normal and build dependencies, package id to package ids, as resolved for Linux.
    links: BTreeMap<String, Vec<String>>,
}

/// One package.
pub(crate) struct Package {
    id: String,
    /// Name.
    pub(crate) name: String,
    /// Licence expression.
    pub(crate) licence: Option<String>,
    /// Folder from the root of the checkout; foreign packages have an absolute one.
    pub(crate) folder: String,
    /// Names of declared normal dependencies.
    pub(crate) normal: BTreeSet<String>,
    /// Names of declared development dependencies.
    pub(crate) dev: BTreeSet<String>,
}

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(load);

/// The workspace, asked for once.
pub(crate) fn workspace() -> &'static Workspace {
    &WORKSPACE
}

fn load() -> Workspace {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    // Offline and for one platform: what was built is there, and no package of another platform is asked for.
    let arguments = ["metadata", "--format-version", "1", "--offline", "--filter-platform", "x86_64-unknown-linux-gnu"];
    let answer = Command::new(cargo).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(answer.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&answer.stderr));
    let all: Value = serde_json::from_slice(&answer.stdout).expect("JSON from cargo metadata");
    let words = |value: &Value| value.as_str().expect("a text").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let packages = list(&all["packages"]).iter().map(package).collect();
    let members = list(&all["workspace_members"]).iter().map(words).collect();
    let links = list(&all["resolve"]["nodes"]).iter().map(|node| (words(&node["id"]), linked(node))).collect();
    Workspace { packages, members, links }
}

fn package(value: &Value) -> Package {
    let words = |value: &Value| value.as_str().expect("a text").to_owned();
    let manifest = PathBuf::from(words(&value["manifest_path"]));
    let folder = manifest.parent().expect("a folder");
    let declared = |kind: Option<&str>| {
        let all = value["dependencies"].as_array().expect("dependencies");
        all.iter().filter(|d| d["kind"].as_str() == kind).map(|d| words(&d["name"])).collect()
    };
    Package {
        id: words(&value["id"]),
        name: words(&value["name"]),
        licence: value["license"].as_str().map(str::to_owned),
        folder: folder.strip_prefix(root()).unwrap_or(folder).to_string_lossy().into_owned(),
        normal: declared(None),
        dev: declared(Some("dev")),
    }
}

/// What a node links: its normal dependencies (kind `null`).
fn linked(node: &Value) -> Vec<String> {
    let normal =
        |dep: &&Value| dep["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()));
    let deps = node["deps"].as_array().expect("deps");
    deps.iter().filter(normal).filter_map(|dep| dep["pkg"].as_str()).map(str::to_owned).collect()
}

impl Workspace {
    /// Our own packages.
    pub(crate) fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.members.contains(&package.id))
    }

    /// Everything that a package of ours links, itself included, by name.
    pub(crate) fn closure(&self, name: &str) -> BTreeSet<&str> {
        let start = self.ours().find(|package| package.name == name).unwrap_or_else(|| panic!("no package {name}"));
        let names: BTreeMap<&str, &str> = self.packages.iter().map(|p| (p.id.as_str(), p.name.as_str())).collect();
        let mut seen = BTreeSet::from([start.id.as_str()]);
        let mut left = vec![start.id.as_str()];
        while let Some(id) = left.pop() {
            for next in self.links.get(id).into_iter().flatten() {
                if seen.insert(next) {
                    left.push(next);
                }
            }
        }
        seen.into_iter().filter_map(|id| names.get(id).copied()).collect()
    }
}

/// The folders in a folder.
pub(crate) fn folders(path: &str) -> Vec<String> {
    entries(path).into_iter().filter(|name| root().join(path).join(name).is_dir()).collect()
}

/// The folders of functions.
pub(crate) fn functions() -> Vec<String> {
    folders("functions")
}

/// Whether a source is only for tests.
pub(crate) fn is_for_tests(path: &str) -> bool {
    path.contains("/tests/")
        || path.starts_with("tests/")
        || path.ends_with("/tests.rs")
        || path.starts_with("shared/testkit/")
}

/// All sources of a package's `src`, one text.
pub(crate) fn sources(folder: &str) -> String {
    let paths = files(&format!("{folder}/src"), &[".rs"]);
    paths.iter().map(|path| without_tests(&text(path))).collect::<Vec<_>>().join("\n")
}

/// A source up to its test module; rustfmt and habit keep that last.
pub(crate) fn without_tests(source: &str) -> String {
    source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(source).to_owned()
}

/// The bodies of the functions in a text, by name; of several with one name, all.
pub(crate) fn bodies(source: &str) -> BTreeMap<String, String> {
    let head = regex_lite::Regex::new(r"\bfn ([a-z_0-9]+)").expect("a pattern");
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for matched in head.captures_iter(source) {
        let (Some(all), Some(name)) = (matched.get(0), matched.get(1)) else { continue };
        let rest = &source[all.end()..];
        if let Some(body) = braces(rest) {
            found.entry(name.as_str().to_owned()).or_default().push_str(body);
        }
    }
    found
}

/// From the first `{` to its `}`; nothing when the declaration ends with a `;` (one inside `[u8; 32]` does not end it).
fn braces(text: &str) -> Option<&str> {
    let mut nested = 0_usize;
    let open = text.char_indices().find(|(_, sign)| {
        match sign {
            '(' | '[' => nested += 1,
            ')' | ']' => nested = nested.saturating_sub(1),
            _ => {}
        }
        nested == 0 && matches!(sign, '{' | ';')
    });
    let (open, '{') = open? else { return None };
    let mut depth = 0_usize;
    for (at, sign) in text[open..].char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&text[open..=open + at]);
        }
    }
    None
}

/// Everything that a function reaches by calling functions of the same text, itself included.
pub(crate) fn reached(bodies: &BTreeMap<String, String>, start: &str) -> String {
    let call = regex_lite::Regex::new(r"\b([a-z_0-9]+)\(").expect("a pattern");
    let mut seen = BTreeSet::from([start.to_owned()]);
    let mut left = vec![start.to_owned()];
    let mut all = String::new();
    while let Some(name) = left.pop() {
        let Some(body) = bodies.get(&name) else { continue };
        all.push_str(body);
        for called in call.captures_iter(body).filter_map(|matched| matched.get(1)) {
            if bodies.contains_key(called.as_str()) && seen.insert(called.as_str().to_owned()) {
                left.push(called.as_str().to_owned());
            }
        }
    }
    all
}
