//! Every kind of key and scheme, verified by OpenSSL's own program.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::peer::{Agency, TOKEN, hashes, p256, rsa, sign, there};

const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_SHA256: &str = "1.2.840.113549.1.1.11";
const PSS: &str = "1.2.840.113549.1.1.10";
const EC_SHA256: &str = "1.2.840.10045.4.3.2";
const SALTED: &[&str] = &["rsa_padding_mode:pss", "rsa_pss_saltlen:32", "rsa_mgf1_md:sha256"];

#[tokio::test]
async fn openssl_verifies_what_softhsm_signed() {
    if !there() {
        return;
    }
    let keys = vec![rsa(rcgen::RsaKeySize::_2048), rsa(rcgen::RsaKeySize::_3072), p256()];
    let agency = Agency::new("CTDT Test Cơ yếu", keys);
    let running = agency.run(&agency.settings());
    for (credential, algorithm, options) in [
        (1, RSA, &[][..]),
        (1, RSA_SHA256, &[]),
        (1, PSS, SALTED),
        (2, RSA_SHA256, &[]),
        (2, PSS, SALTED),
        (3, EC_SHA256, &[]),
    ] {
        let wanted = hashes(20);
        let id = format!("key-{credential}");
        let sad = running.sad(&agency, &id, &wanted).await;
        let (status, answer) = running.ask(TOKEN, "v2/signatures/signHash", &sign(&id, &wanted, &sad, algorithm)).await;
        assert_eq!(status, 200, "{id} {algorithm}: {answer}");
        let values = answer["signatures"].as_array().expect("a list");
        assert_eq!(values.len(), 20);
        for (hash, value) in wanted.iter().zip(values) {
            let value = STANDARD.decode(value.as_str().expect("a text")).expect("base64");
            let public = agency.keys[credential - 1].public_key_pem();
            openssl(&agency, &public, hash, &value, options);
        }
    }
}

fn openssl(agency: &Agency, public: &str, hash: &[u8], value: &[u8], options: &[&str]) {
    agency.write("public.pem", public.as_bytes());
    agency.write("hash", hash);
    agency.write("value", value);
    let mut command = agency.tool("openssl");
    command.current_dir(agency.folder.path());
    command.args(["pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-in", "hash", "-sigfile", "value"]);
    command.args(["-pkeyopt", "digest:sha256"]);
    command.args(options.iter().flat_map(|option| ["-pkeyopt", *option]));
    let output = command.output().expect("openssl runs");
    assert!(output.status.success(), "{options:?}: {}", String::from_utf8_lossy(&output.stderr));
}
