//! The national directory of accounts (VNConnect's role) over HTTP: `POST {base}/accounts/lookup` with one identifying
//! value in the body, never in the URL.
//!
//! Does not cache: an account's data are personal data and stay where they belong.

use std::time::Duration;

use domain::ids::AccountId;
use domain::ports::{Directory, Fault, Person};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::{Value, json};

/// The most bytes of an answer: some people, not a dump.
const ANSWER_LIMIT: u64 = 64 * 1024;
/// The most people that one value may find.
const PEOPLE_LIMIT: usize = 20;

/// The directory at a base URL.
pub struct HttpDirectory {
    base: String,
    token: String,
    client: Client,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    account_id: String,
    kind: String,
    name: String,
    id_type: String,
    id_number: String,
    phone: Option<String>,
    email: Option<String>,
}

impl HttpDirectory {
    /// A client of the directory. Does not connect.
    ///
    /// # Errors
    /// When the URL is neither `https` nor loopback, or the TLS back end cannot be set up.
    pub fn new(base: &str, token: &str) -> Result<Self, Fault> {
        if !keeps_secrets(base) {
            return Err(Fault("the directory's URL must be https".into()));
        }
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(6))
            .build()
            .map_err(|error| Fault(format!("directory client: {error}")))?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), token: token.to_owned(), client })
    }

    async fn ask(&self, body: Value) -> Result<Vec<Person>, Fault> {
        let url = format!("{}/accounts/lookup", self.base);
        let answer = self.client.post(url).bearer_auth(&self.token).json(&body).send().await;
        let mut answer = answer.and_then(reqwest::Response::error_for_status).map_err(fault)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(fault)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > ANSWER_LIMIT {
                return Err(Fault("the directory's answer is too long".into()));
            }
        }
        let found: Answer =
            serde_json::from_slice(&bytes).map_err(|error| Fault(format!("directory answer: {error}")))?;
        found.data.into_iter().take(PEOPLE_LIMIT).map(person).collect()
    }
}

/// Personal data and our token travel encrypted or stay on this machine.
fn keeps_secrets(base: &str) -> bool {
    let Ok(url) = Url::parse(base) else { return false };
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

/// reqwest puts the URL in its texts; ours has no personal data, but the query is cut off all the same.
fn fault(error: reqwest::Error) -> Fault {
    Fault(format!("directory: {}", error.without_url()))
}

fn person(found: Found) -> Result<Person, Fault> {
    let account =
        AccountId::parse(&found.account_id).map_err(|_| Fault("the directory names a wrong account id".into()))?;
    let Found { kind, name, id_type, id_number, phone, email, .. } = found;
    Ok(Person { account, kind, name, id_type, id_number, phone, email })
}

impl Directory for HttpDirectory {
    async fn account(&self, id: &AccountId) -> Result<Option<Person>, Fault> {
        let found = self.ask(json!({"account_id": id.as_str()})).await?;
        Ok(found.into_iter().find(|person| person.account == *id))
    }

    async fn lookup(&self, kind: &str, value: &str) -> Result<Vec<Person>, Fault> {
        self.ask(json!({ kind: value })).await
    }
}

#[cfg(test)]
mod tests {
    use super::keeps_secrets;

    #[test]
    fn personal_data_do_not_travel_in_the_clear() {
        for url in ["https://danh-ba.example.vn", "http://127.0.0.1:4711/directory", "http://localhost:1"] {
            assert!(keeps_secrets(url), "{url}");
        }
        for url in ["http://danh-ba.example.vn", "http://127.0.0.1.example.vn", "danh-ba.example.vn", ""] {
            assert!(!keeps_secrets(url), "{url}");
        }
    }
}
