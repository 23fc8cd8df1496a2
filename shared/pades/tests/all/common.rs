//! A test PKI and a small document with two empty signature fields. Everything is synthetic.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use pades::{Appearance, EcopyFacts, LongTerm, Material, Policy, Profile, Report, SignaturePlan};
use pki::Certificate;
use pki::issue::{self, Attribute, CertificateSpec, ExtendedKeyUsage, KeyUsage, SignatureAlgorithm};
use pki::ocsp::CertStatus;
use pki::path::Evidence;

/// 2026-11-23 14:05:31 +07:00.
pub(crate) const NOW: i64 = 1_795_417_531;
pub(crate) const YEAR: i64 = 31_536_000;

pub(crate) enum Key {
    P256(EcdsaKeyPair),
    Rsa2048(Box<aws_lc_rs::rsa::KeyPair>),
}

impl Key {
    pub(crate) fn generate() -> Key {
        Key::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a P-256 key"))
    }

    pub(crate) fn generate_rsa() -> Key {
        let size = aws_lc_rs::rsa::KeySize::Rsa2048;
        Key::Rsa2048(Box::new(aws_lc_rs::rsa::KeyPair::generate(size).expect("an RSA key")))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Key::P256(pair) => pair.sign(&random, message).expect("an ECDSA signature").as_ref().to_vec(),
            Key::Rsa2048(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding = &aws_lc_rs::signature::RSA_PKCS1_SHA256;
                pair.sign(padding, &random, message, &mut signature).expect("an RSA signature");
                signature
            }
        }
    }

    fn spki(&self) -> Vec<u8> {
        let pair = match self {
            Key::P256(pair) => pair,
            Key::Rsa2048(pair) => {
                let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> =
                    aws_lc_rs::encoding::AsDer::as_der(pair.public_key()).expect("a public key");
                return der.as_ref().to_vec();
            }
        };
        let mut der = hex::decode("3059301306072a8648ce3d020106082a8648ce3d030107034200").expect("a constant");
        der.extend_from_slice(pair.public_key().as_ref());
        der
    }
}

pub(crate) struct Identity {
    pub(crate) key: Key,
    pub(crate) chain: Vec<Certificate>,
}

pub(crate) struct Pki {
    pub(crate) root: Identity,
    pub(crate) ca: Identity,
    pub(crate) leader: Identity,
    pub(crate) agency: Identity,
    pub(crate) tsa: Identity,
}

pub(crate) fn issue_one(
    serial: u8,
    name: &[(Attribute, &str)],
    above: Option<&Identity>,
    fill: impl Fn(&mut CertificateSpec),
) -> Identity {
    issue_to(Key::generate(), serial, name, above, fill)
}

/// To a given key; issuers have P-256 keys.
pub(crate) fn issue_to(
    key: Key,
    serial: u8,
    name: &[(Attribute, &str)],
    above: Option<&Identity>,
    fill: impl Fn(&mut CertificateSpec),
) -> Identity {
    let mut spec = CertificateSpec {
        serial: vec![0x40, serial],
        subject: name.iter().map(|(attribute, text)| (*attribute, (*text).to_owned())).collect(),
        not_before: NOW - YEAR,
        not_after: NOW + 2 * YEAR,
        spki_der: key.spki(),
        ..CertificateSpec::default()
    };
    fill(&mut spec);
    let signer = above.map_or(&key, |identity| &identity.key);
    let issuer = above.and_then(|identity| identity.chain.first());
    let certificate =
        issue::certificate(&spec, issuer, SignatureAlgorithm::EcdsaSha256, &|tbs| signer.sign(tbs)).expect("issued");
    let mut chain = vec![certificate];
    chain.extend(above.map(|identity| identity.chain.clone()).unwrap_or_default());
    Identity { key, chain }
}

impl Pki {
    pub(crate) fn new() -> Pki {
        Pki::with(&|_, _| {})
    }

    /// As [`Pki::new`]; `change` has the last word about each X.509 certificate: `root`, `ca`, `leader`, `agency`, `tsa`.
    pub(crate) fn with(change: &dyn Fn(&str, &mut CertificateSpec)) -> Pki {
        use Attribute::{CommonName, Country, Organisation, UserId};
        // Nobody answers there; a judge from outside asks for evidence only where an address says that there is some.
        let ocsp = || vec!["http://ocsp.example.invalid/".to_owned()];
        let ca = |spec: &mut CertificateSpec| {
            spec.ca = Some(None);
            spec.crl_urls = vec!["http://crl.example.invalid/root.crl".to_owned()];
            spec.key_usage = vec![KeyUsage::KeyCertSign, KeyUsage::CrlSign];
        };
        let person = |spec: &mut CertificateSpec| {
            spec.key_usage = vec![KeyUsage::DigitalSignature, KeyUsage::NonRepudiation];
            spec.ocsp_urls = ocsp();
        };
        let stamp = |spec: &mut CertificateSpec| {
            spec.key_usage = vec![KeyUsage::DigitalSignature];
            spec.ocsp_urls = ocsp();
            spec.extended_key_usage = vec![ExtendedKeyUsage::TimeStamping];
            spec.extended_key_usage_critical = true;
        };
        let ward = "UBND xã Thử Nghiệm";
        let then = |fill: &dyn Fn(&mut CertificateSpec), who: &str, spec: &mut CertificateSpec| {
            fill(spec);
            change(who, spec);
        };
        let root = issue_one(1, &[(Country, "VN"), (CommonName, "Gốc thử nghiệm")], None, |spec| {
            then(&ca, "root", spec)
        });
        let sub = issue_one(2, &[(Country, "VN"), (CommonName, "CA thử nghiệm")], Some(&root), |spec| {
            then(&ca, "ca", spec)
        });
        let leader =
            [(Country, "VN"), (Organisation, ward), (CommonName, "Nguyễn Văn Mẫu"), (UserId, "CCCD:000000000000")];
        let leader = issue_one(3, &leader, Some(&sub), |spec| then(&person, "leader", spec));
        let agency = issue_one(4, &[(Country, "VN"), (Organisation, ward), (CommonName, ward)], Some(&sub), |spec| {
            then(&person, "agency", spec);
        });
        let tsa = issue_one(5, &[(Country, "VN"), (CommonName, "TSA thử nghiệm")], Some(&sub), |spec| {
            then(&stamp, "tsa", spec);
        });
        Pki { root, ca: sub, leader, agency, tsa }
    }

    pub(crate) fn anchors(&self) -> Vec<Certificate> {
        self.root.chain.clone()
    }

    pub(crate) fn token(&self, imprint: [u8; 32], at: i64) -> Vec<u8> {
        let spec = issue::TimestampSpec {
            policy: "1.3.6.1.4.1.99999.1".to_owned(),
            serial: vec![7],
            gen_time: at,
            imprint_algorithm: pki::DigestAlgorithm::Sha256,
            imprint: imprint.to_vec(),
            nonce: None,
            accuracy_seconds: Some(1),
        };
        issue::timestamp_token(&spec, &self.tsa.chain, SignatureAlgorithm::EcdsaSha256, &|tbs| self.tsa.key.sign(tbs))
            .expect("a token")
    }

    /// OCSP answer of the CA about a leaf.
    pub(crate) fn ocsp(&self, certificate: &Certificate, status: CertStatus, at: i64) -> Vec<u8> {
        let issuer = self.ca.chain.first().expect("a CA");
        let answer = issue::OcspAnswer {
            asked: issue::OcspAsked::new(certificate, issuer).expect("a CertID"),
            status,
            this_update: at,
            next_update: Some(at + 86_400),
        };
        let spec = issue::OcspSpec { produced_at: at, answers: vec![answer], nonce: None };
        issue::ocsp_response(&spec, issuer, &[], SignatureAlgorithm::EcdsaSha256, &|tbs| self.ca.key.sign(tbs))
            .expect("an answer")
    }

    /// CRL of the root about the CA.
    pub(crate) fn crl(&self, at: i64) -> Vec<u8> {
        let root = self.root.chain.first().expect("a root");
        let spec =
            issue::CrlSpec { this_update: at, next_update: Some(at + 30 * 86_400), number: 1, ..Default::default() };
        issue::crl(&spec, root, SignatureAlgorithm::EcdsaSha256, &|tbs| self.root.key.sign(tbs)).expect("a CRL")
    }
}

/// Builds a classic file from objects 1…n.
pub(crate) fn classic(objects: &[String]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", at + 1).into_bytes());
    }
    let xref = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).into_bytes());
    for offset in offsets {
        file.extend(format!("{offset:010} 00000 n \n").into_bytes());
    }
    let tail = format!("trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{xref}\n%%EOF\n", objects.len() + 1);
    file.extend(tail.into_bytes());
    file
}

fn content(text: &str) -> String {
    format!("<</Length {}>>\nstream\n{text}\nendstream", text.len())
}

/// One page, fields `Leader` and `Seal`; the seal's field locks everything.
pub(crate) fn base() -> Vec<u8> {
    base_with("")
}

/// As [`base`], with more entries in the field `Leader`.
pub(crate) fn base_with(leader: &str) -> Vec<u8> {
    classic(&[
        "<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/Annots[7 0 R 8 0 R]>>"
            .to_owned(),
        content("BT /F1 14 Tf 60 760 Td (Ban sao chung thuc) Tj ET"),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
        "<</Fields[7 0 R 8 0 R]/SigFlags 1>>".to_owned(),
        format!("<</Type/Annot/Subtype/Widget/FT/Sig/T(Leader)/F 132/P 3 0 R/Rect[60 100 260 180]{leader}>>"),
        "<</Type/Annot/Subtype/Widget/FT/Sig/T(Seal)/F 132/P 3 0 R/Rect[300 100 540 220]/Lock<</Type/SigFieldLock/Action/All>>>>"
            .to_owned(),
    ])
}

/// 240 by 120 points with a rectangle.
pub(crate) fn appearance() -> Appearance<'static> {
    let content = b"1 0 0 RG 2 2 236 116 re S";
    Appearance { size: (240.0, 120.0), content, typefaces: &[], picture: None }
}

pub(crate) fn facts() -> EcopyFacts {
    EcopyFacts {
        number: 152,
        book: "01".to_owned(),
        year: 2026,
        suffix: "SCT/BS".to_owned(),
        unit_code: "H29.3.18".to_owned(),
        copy_id: "copy_00000000000000000000000001".to_owned(),
    }
}

pub(crate) struct Made {
    pub(crate) base: Vec<u8>,
    pub(crate) signed: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
}

pub(crate) fn sign(
    pki: &Pki,
    file: &[u8],
    who: &Identity,
    field: &str,
    ecopy: Option<EcopyFacts>,
    stamped: bool,
    at: i64,
) -> Vec<u8> {
    let plan = SignaturePlan {
        field,
        chain: &who.chain,
        name: "Nguyễn Văn Mẫu",
        reason: "Chứng thực bản sao từ bản chính",
        location: "xã Thử Nghiệm",
        signed_at: "D:20261123140531+07'00'",
        appearance: Some(appearance()),
        token_room: 0,
        ecopy,
    };
    let prepared = pades::prepare(file, &plan).expect("prepared");
    let raw = who.key.sign(&prepared.signed_attributes);
    let token = stamped.then(|| pki.token(pades::timestamp_imprint(&raw), at));
    match finished(&prepared, &raw, &who.chain, token.as_deref()) {
        Ok(file) => file,
        // A raw ECDSA value in another form than the CMS needs would change the imprint: shown, not hidden.
        Err(error) => panic!("finish: {error}"),
    }
}

/// The prepared file with its signature.
pub(crate) fn finished(
    prepared: &pades::Prepared,
    raw: &[u8],
    chain: &[Certificate],
    token: Option<&[u8]>,
) -> Result<Vec<u8>, pades::Error> {
    let signed = pades::Signed { attributes: &prepared.signed_attributes, signature: raw, chain, token };
    pades::finish(&prepared.file, prepared.contents.clone(), &signed)
}

pub(crate) fn make(pki: &Pki) -> Made {
    let base = base();
    let signed = sign(pki, &base, &pki.leader, "Leader", None, true, NOW);
    let sealed = sign(pki, &signed, &pki.agency, "Seal", Some(facts()), true, NOW + 60);
    Made { base, signed, sealed }
}

pub(crate) fn archive(pki: &Pki, sealed: &[u8], at: i64) -> Vec<u8> {
    let people = [&pki.leader, &pki.agency, &pki.tsa];
    let ocsps: Vec<Vec<u8>> =
        people.iter().map(|who| pki.ocsp(who.chain.first().expect("a leaf"), CertStatus::Good, at - 10)).collect();
    let crl = pki.crl(at - 1000);
    let fields = vec!["Leader", "Seal"];
    let mut certificates: Vec<&Certificate> = people.iter().flat_map(|who| &who.chain).collect();
    certificates.sort_by_key(|certificate| certificate.sha256());
    certificates.dedup();
    let item = |der| Material { der, fields: fields.clone() };
    let material = LongTerm {
        certificates: certificates.iter().map(|certificate| item(certificate.der())).collect(),
        ocsps: ocsps.iter().map(|der| item(der)).collect(),
        crls: vec![item(&crl)],
    };
    let prepared = pades::prepare_archive(sealed, &material).expect("an archive");
    let token = pki.token(pades::signed_digest(&prepared.file, prepared.contents.clone()), at);
    pades::embed(&prepared.file, prepared.contents, &token).expect("embedded")
}

pub(crate) fn judge_as(file: &[u8], anchors: &[Certificate], at: i64, profile: Profile) -> Report {
    let extra = Evidence::default();
    let policy = Policy { anchors, at, profile, extra: &extra, register: None, test_anchors: false };
    pades::judge(file, "a.pdf", &policy)
}

pub(crate) fn judge(file: &[u8], pki: &Pki) -> Report {
    judge_as(file, &pki.anchors(), NOW + 3600, Profile::Auto)
}

pub(crate) fn codes(report: &Report) -> Vec<&str> {
    report.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

/// Appends a revision that writes the given objects.
pub(crate) fn append(file: &[u8], objects: &[(u32, &str)]) -> Vec<u8> {
    let mut grown = file.to_vec();
    let text = String::from_utf8_lossy(file);
    let number = |marker: &str| -> String {
        let at = text.rfind(marker).expect("a marker") + marker.len();
        text.get(at..).expect("text").trim_start().chars().take_while(char::is_ascii_digit).collect()
    };
    let (previous, size) = (number("startxref"), number("/Size"));
    let size: u32 = size.parse().expect("a number");
    let mut table = String::from("xref\n");
    for (id, body) in objects {
        table.push_str(&format!("{id} 1\n{:010} 00000 n \n", grown.len()));
        grown.extend(format!("{id} 0 obj\n{body}\nendobj\n").into_bytes());
    }
    let size = objects.iter().map(|(id, _)| id + 1).chain([size]).max().unwrap_or(size);
    let xref = grown.len();
    let id =
        text.rfind("/ID").and_then(|at| text.get(at..)).and_then(|rest| rest.split_inclusive(']').next()).unwrap_or("");
    let tail = format!("{table}trailer\n<</Size {size}/Root 1 0 R/Prev {previous}{id}>>\nstartxref\n{xref}\n%%EOF\n");
    grown.extend(tail.into_bytes());
    grown
}
