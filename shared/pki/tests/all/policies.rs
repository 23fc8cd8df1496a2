//! Policies and name constraints (RFC 5280 §6.1) on paths made for one rule each; the suites beside the project have the many.

use std::time::{Duration, Instant};

use pki::issue::CertificateSpec;
use pki::path::{Inputs, Outcome, Purpose, build_with};

use crate::pki::{Holder, Key, NOW, ca_spec, issue, signer_spec, spec};

const ONE: &str = "1.3.6.1.4.1.32473.1";
const TWO: &str = "1.3.6.1.4.1.32473.2";
const ANY: &str = "2.5.29.32.0";

type Extra = (String, bool, Vec<u8>);

fn oid(last: &[u8]) -> Vec<u8> {
    let arc = [0x2b, 6, 1, 4, 1, 0x81, 0xfd, 0x59];
    let mut out = vec![6, u8::try_from(arc.len() + last.len()).expect("short")];
    out.extend(arc);
    out.extend(last);
    out
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).expect("short").to_be_bytes();
    [vec![0x30, 0x82, length[0], length[1]], content].concat()
}

fn mappings(pairs: &[(u8, u8)]) -> Extra {
    let pairs: Vec<_> = pairs.iter().map(|(from, to)| sequence(&[oid(&[*from]), oid(&[*to])])).collect();
    ("2.5.29.33".to_owned(), true, sequence(&pairs))
}

fn with(policies: &[&str], extra: &[Extra]) -> (Vec<String>, Vec<Extra>) {
    (policies.iter().map(|policy| (*policy).to_owned()).collect(), extra.to_vec())
}

/// A root, one CA per entry, and a leaf with policy ONE or the given ones.
fn path(cas: &[(Vec<String>, Vec<Extra>)], leaf: &[&str]) -> Vec<Holder> {
    let key = Key::ec();
    let mut chain = vec![issue(&ca_spec("CA gốc", 1, &key), None, key)];
    for (number, (policies, extra_extensions)) in cas.iter().enumerate() {
        let key = Key::ec();
        let number = u8::try_from(number).expect("few");
        let spec = CertificateSpec {
            policies: policies.clone(),
            extra_extensions: extra_extensions.clone(),
            ..ca_spec(&format!("CA {number}"), 10 + number, &key)
        };
        let issued = issue(&spec, chain.last(), key);
        chain.push(issued);
    }
    let key = Key::ec();
    let policies = leaf.iter().map(|policy| (*policy).to_owned()).collect();
    let spec = CertificateSpec { policies, ..signer_spec("Lá", 99, &key) };
    let issued = issue(&spec, chain.last(), key);
    chain.push(issued);
    chain
}

fn is_valid(chain: &[Holder], inputs: &Inputs) -> bool {
    let certificates: Vec<_> = chain.iter().map(|holder| holder.cert.clone()).collect();
    let (leaf, rest) = certificates.split_last().expect("a leaf");
    let report = build_with(leaf, rest, &certificates[..1], NOW, Purpose::Any, inputs);
    assert!(report.is_trusted() || matches!(report.outcome, Outcome::Invalid { .. }), "{:?}", report.outcome);
    report.is_trusted()
}

fn explicit(policies: &[&str]) -> Inputs {
    let policies = policies.iter().map(|policy| (*policy).to_owned()).collect();
    Inputs { policies, explicit_policy: true, ..Inputs::default() }
}

/// §6.1.1 (c), (e), (g): the acceptable set counts where a policy is required, and any-policy can be switched off.
#[test]
fn initial_inputs_decide() {
    let chain = path(&[with(&[ONE], &[])], &[ONE]);
    assert!(is_valid(&chain, &explicit(&[])) && is_valid(&chain, &explicit(&[TWO, ONE])));
    assert!(!is_valid(&chain, &explicit(&[TWO])));
    assert!(is_valid(&chain, &Inputs { explicit_policy: false, ..explicit(&[TWO]) }));
    let none = path(&[with(&[], &[])], &[ONE]);
    assert!(is_valid(&none, &Inputs::default()) && !is_valid(&none, &explicit(&[])));
    let any = path(&[with(&[ANY], &[])], &[ONE]);
    assert!(is_valid(&any, &explicit(&[ONE])) && !is_valid(&any, &explicit(&[TWO])));
    assert!(!is_valid(&any, &Inputs { inhibit_any_policy: true, ..explicit(&[ONE]) }));
}

/// §6.1.1 (f), §6.1.4 (b): mapped policies are judged by the name the anchor's side gives them.
#[test]
fn mappings_translate() {
    let chain = path(&[with(&[ONE], &[mappings(&[(1, 2)])])], &[TWO]);
    assert!(is_valid(&chain, &explicit(&[ONE])) && !is_valid(&chain, &explicit(&[TWO])));
    assert!(!is_valid(&chain, &Inputs { inhibit_policy_mapping: true, ..explicit(&[ONE]) }));
    // policyConstraints with requireExplicitPolicy 0: a CA asks for what the caller did not.
    let required = ("2.5.29.36".to_owned(), true, vec![0x30, 3, 0x80, 1, 0]);
    let chain = path(&[with(&[ONE], &[required])], &[TWO]);
    assert!(!is_valid(&chain, &Inputs::default()));
    // Constraints that cannot be read refuse the path, critical or not.
    let broken = ("2.5.29.36".to_owned(), false, vec![0x30, 0]);
    assert!(!is_valid(&path(&[with(&[ONE], &[broken])], &[ONE]), &Inputs::default()));
}

/// Every policy mapped to every other at each of seven CAs: the tree of RFC 5280 would have 9⁷ nodes.
#[test]
fn mappings_do_not_explode() {
    let policies: Vec<String> = (1..10).map(|last| format!("1.3.6.1.4.1.32473.{last}")).collect();
    let pairs: Vec<(u8, u8)> = (1..10).flat_map(|from| (1..10).map(move |to| (from, to))).collect();
    let cas: Vec<_> = (0..7).map(|_| (policies.clone(), vec![mappings(&pairs)])).collect();
    let chain = path(&cas, &[ONE]);
    let begun = Instant::now();
    assert!(is_valid(&chain, &explicit(&[ONE])));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

/// §4.2.1.10 on a directory name: what stands below the permitted name is inside, its neighbour is not.
#[test]
fn directory_names_are_constrained() {
    let key = Key::ec();
    let country = [0x30, 13, 0x31, 11, 0x30, 9, 6, 3, 0x55, 4, 6, 0x13, 2];
    let permitted = |code: &[u8; 2]| {
        let name = [&country[..], code].concat();
        let base = [vec![0xa4, 15], name].concat();
        let subtree = [vec![0x30, 17], base].concat();
        ("2.5.29.30".to_owned(), true, [vec![0x30, 21, 0xa0, 19], subtree].concat())
    };
    let root = issue(&ca_spec("CA gốc", 1, &key), None, key);
    let judge = |code: &[u8; 2]| {
        let key = Key::ec();
        let middle = CertificateSpec { extra_extensions: vec![permitted(code)], ..ca_spec("CA", 2, &key) };
        let middle = issue(&middle, Some(&root), key);
        let key = Key::ec();
        let leaf = issue(&spec("Lá", 3, &key), Some(&middle), key);
        let (pool, anchors) = ([middle.cert], [root.cert.clone()]);
        build_with(&leaf.cert, &pool, &anchors, NOW, Purpose::Any, &Inputs::default()).is_trusted()
    };
    assert!(judge(b"VN") && !judge(b"LA"));
}

/// The most intermediates a caller allows.
#[test]
fn depth_is_limited() {
    let chain = path(&[with(&[ONE], &[]), with(&[ONE], &[])], &[ONE]);
    let limited = |most| is_valid(&chain, &Inputs { max_intermediates: Some(most), ..Inputs::default() });
    assert!(limited(2) && !limited(1));
}

/// RFC 3739 §3.2.6: critical qcStatements are processed where every statement is known, and refused where one is not.
#[test]
fn critical_qualified_statements_are_known_or_refused() {
    // QcCompliance and QcSSCD (ETSI EN 319 412-5 §4.2.1, §4.2.2).
    let known = vec![sequence(&[vec![6, 6, 4, 0, 0x8e, 0x46, 1, 1]]), sequence(&[vec![6, 6, 4, 0, 0x8e, 0x46, 1, 4]])];
    let unknown = [known.clone(), vec![sequence(&[oid(&[9])])]].concat();
    let with = |critical: bool, value: Vec<u8>| {
        let extra = ("1.3.6.1.5.5.7.1.3".to_owned(), critical, value);
        is_valid(&path(&[(vec![ANY.to_owned()], vec![extra])], &[ONE]), &Inputs::default())
    };
    assert!(with(true, sequence(&known)) && with(false, sequence(&unknown)) && with(false, vec![5, 0]));
    assert!(!with(true, sequence(&unknown)) && !with(true, vec![5, 0]));
}
