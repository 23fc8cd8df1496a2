//! The functions as values, each with the settings that the template gives it.

use std::collections::BTreeMap;

use api::{Env, Error, Handler, handler};
use aws_config::SdkConfig;
use local::functions::FunctionSpec;

/// Builds every function of the template in this process.
///
/// # Errors
/// A function of the template that we do not have, or a setting that is missing or unreadable.
pub(crate) async fn in_process(specs: &[FunctionSpec], aws: &SdkConfig) -> Result<BTreeMap<String, Handler>, Error> {
    let mut handlers = BTreeMap::new();
    for spec in specs {
        let env = Env::from_map(spec.environment.clone());
        let built = one(&spec.name, &env, aws).await.map_err(|error| format!("{}: {error}", spec.name))?;
        handlers.insert(spec.name.clone(), built);
    }
    Ok(handlers)
}

async fn one(name: &str, env: &Env, aws: &SdkConfig) -> Result<Handler, Error> {
    Ok(match name {
        "accounts" => handler(accounts::Accounts::new(env, aws)?),
        "appointment" => handler(appointment::Appointment::new(env, aws)?),
        "augmentation" => handler(augmentation::Augmentation::new(env, aws).await?),
        "console" => handler(console::Console::new(env)?),
        "delivery" => handler(delivery::Delivery::new(env, aws)?),
        "examiner" => handler(examiner::Examiner::new(env, aws).await?),
        "intake" => handler(intake::Intake::new(env, aws).await?),
        "numbering" => handler(numbering::Numbering::new(env, aws).await?),
        "register" => handler(register::Register::new(env, aws)?),
        "signing-callback" => handler(signing_callback::SigningCallback::new(env, aws)?),
        "signing-request" => handler(signing_request::SigningRequest::new(env, aws).await?),
        "verification" => handler(verification::Verification::new(env, aws).await?),
        other => return Err(format!("the template names a function {other} that this program does not have").into()),
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use local::credentials::Credentials;
    use local::sdk::Endpoints;
    use local::testpki::TestPki;

    use super::*;

    const NOW: i64 = 1_795_000_000;

    /// A port that gives everybody the same object.
    fn giving(object: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut asked = [0; 8_192];
                let _ = stream.read(&mut asked);
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", object.len());
                let _ = stream.write_all(&[head.as_bytes(), &object].concat());
            }
        });
        url
    }

    fn specs(mode: &str, pin: &str) -> Vec<FunctionSpec> {
        let jwks = local::tokens::Issuer::open(None).expect("an issuer").jwks();
        let given = [("Mode", mode), ("TrustListPins", pin), ("TokenJwks", &jwks), ("Stage", "dev")];
        let mut parameters: BTreeMap<String, String> =
            given.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let urls = ["DirectoryUrl", "GatewayUrl", "TsaUrls", "PublicUrl"].map(|name| (name, "http://127.0.0.1:9"));
        let others =
            ["DirectoryToken", "GatewayToken", "TrustHosts", "Sender", "ClockOffsetFile"].map(|name| (name, "x"));
        parameters.insert("EdgeKey".to_owned(), "0".repeat(32));
        parameters.insert("GatewayCallbacks".to_owned(), "{}".to_owned());
        parameters.extend(urls.into_iter().chain(others).map(|(name, value)| (name.to_owned(), value.to_owned())));
        let stored = ["TableName", "TableArn", "TableStreamArn", "DocumentsBucket", "DocumentsBucketArn"];
        let exports =
            stored.into_iter().chain(["DataKeyArn", "ReportKeyArn", "ReportKeyAlias", "QrKeyArn", "QrKeyAlias"]);
        let exports = exports.map(|name| (format!("ctdt-dev-{name}"), name.to_lowercase())).collect();
        local::functions::read(&parameters, &exports, &Credentials::default()).expect("the template")
    }

    /// R62, decision 18: every function that takes roots takes them through the one door, so on a live stack none of them starts
    /// with the sandbox's list, and each says why; in a sandbox the list opens the door to each.
    #[tokio::test]
    async fn no_function_starts_on_a_test_root_in_live_mode() {
        let pki = TestPki::open(None, "http://127.0.0.1:9", NOW).expect("a PKI");
        let nowhere = "http://127.0.0.1:9".to_owned();
        let endpoints = Endpoints {
            dynamodb: nowhere.clone(),
            s3: giving(pki.trust_list().expect("a list")),
            kms: nowhere.clone(),
            sesv2: nowhere,
        };
        let aws = endpoints.config(&Credentials::default());
        let mut asked = Vec::new();
        for mode in ["live", "sandbox"] {
            for spec in specs(mode, &pki.trust_list_pin()) {
                if !spec.environment.contains_key("TRUST_LIST") {
                    continue;
                }
                let built = one(&spec.name, &Env::from_map(spec.environment.clone()), &aws).await;
                let why = built.err().map(|error| error.to_string()).unwrap_or_default();
                assert_eq!(why.contains("trust-list-test"), mode == "live", "{} in mode {mode}: {why}", spec.name);
                assert_eq!(why.contains("trust-list"), mode == "live", "{} in mode {mode}: {why}", spec.name);
                asked.push(spec.name);
            }
        }
        asked.sort();
        asked.dedup();
        let readers = ["augmentation", "examiner", "intake", "numbering", "signing-request", "verification"];
        assert_eq!(asked, readers, "who takes roots");
    }
}
