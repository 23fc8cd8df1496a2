//! Licences of everything that is linked: each must allow us MIT OR Apache-2.0 (decision 26).

use spdx::Expression;

use crate::sources::{no, workspace};

/// Permissive licences; MPL-2.0 is per file and we change none.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "bzip2-1.0.6",
];

#[test]
fn every_licence_is_permissive() {
    let mut findings = Vec::new();
    for package in &workspace().packages {
        let licence = package.licence.as_deref().unwrap_or("");
        // Old crates write `MIT/Apache-2.0`.
        let Ok(expression) = Expression::parse(&licence.replace('/', " OR ")) else {
            findings.push(format!("{}: licence `{licence}` is not understood", package.name));
            continue;
        };
        let fine = expression.evaluate(|wanted| wanted.license.id().is_some_and(|id| ALLOWED.contains(&id.name)));
        if !fine {
            findings.push(format!("{}: licence `{licence}` is not on the list", package.name));
        }
    }
    no(findings);
}
