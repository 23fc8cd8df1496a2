//! The signed QR code of a print (api.md row 63, decision 16): for a person with a phone, for a program, and the keys for whoever
//! checks by himself.
//!
//! Gives no file and no name. The register is asked about signed codes alone, so nobody counts through it by inventing some.

use api::{Problem, Reply, Request};
use casework::qr::{Published, shown};
use domain::ports::{Fault, Records as _};
use domain::qr::{Code, Standing, Statement};
use domain::time;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use web::{Lang, Printed, Registered, Scanned, Seal};

use crate::{Verification, page};

/// Keys are published long before they sign, and stay.
const CACHED: &str = "public, max-age=3600";
/// RFC 7517 §8.5.2.
const JWK_SET: &str = "application/jwk-set+json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    payload: String,
}

impl Verification {
    async fn published(&self) -> Result<Published, Fault> {
        Published::load(&self.objects, &self.qr_keys).await
    }

    /// `POST /v1/qr/decode`.
    pub(crate) async fn qr_decode(&self, request: &Request) -> Result<Reply, Problem> {
        let ask: Ask = request.json()?;
        let code = Code::read(&ask.payload).map_err(|_| Problem::new("qr-not-ours"))?;
        let standing = code.check(self.published().await?.keys());
        Ok(Reply::json(200, &shown(&code, standing)))
    }

    /// `GET /v1/qr/keys`.
    pub(crate) async fn qr_keys(&self) -> Result<Reply, Problem> {
        let body = self.published().await?.to_json().to_string().into_bytes();
        let headers =
            [("content-type", JWK_SET), ("cache-control", CACHED)].map(|(name, value)| (name.into(), value.into()));
        Ok(Reply { status: 200, headers: headers.to_vec(), body, binary: false })
    }

    /// `GET /Q/{payload}`: where a phone comes to that has scanned a print. Always a page.
    pub(crate) async fn qr_page(&self, request: &Request, payload: &str) -> Result<Reply, Problem> {
        let code = Code::read(payload).map_err(|_| Problem::new("qr-not-ours"))?;
        let seal = match code.check(self.published().await?.keys()) {
            Standing::Forged => Seal::Forged,
            Standing::UnknownKey => Seal::UnknownKey,
            Standing::Genuine => Seal::Genuine(self.said(&code.statement).await),
        };
        let look = page::look(request, self.sandbox);
        let scanned = Scanned {
            printed: printed(&code.statement),
            day: code.statement.day.to_string(),
            key: code.key.to_string(),
            payload: payload.to_owned(),
            verify: verify_address(&code.statement, look.lang),
            seal,
        };
        Ok(page::html(200, web::scanned(look, &scanned)))
    }

    /// What the register says of the number; `None` when it does not answer, which takes nothing from the signature.
    async fn said(&self, statement: &Statement) -> Option<Registered> {
        let number = &statement.number;
        let asked =
            self.records.public_by_number(&statement.unit_code, &number.suffix, number.year, number.number).await;
        let found =
            asked.inspect_err(|fault| tracing::warn!(%fault, "the register does not answer about a code")).ok()?;
        Some(match found.filter(|copy| copy.number.book == number.book) {
            None => Registered::Unknown,
            Some(copy) if copy.annulled_at.is_some() => {
                Registered::Annulled(copy.annulled_by.map(|by| (by.number, by.date.to_string())))
            }
            Some(copy) => Registered::Active(time::day(copy.sealed_at).to_string()),
        })
    }
}

fn printed(statement: &Statement) -> Printed {
    let number = &statement.number;
    Printed {
        unit_code: statement.unit_code.clone(),
        number: number.number.to_string(),
        book: number.book.clone(),
        year: number.year.to_string(),
        suffix: number.suffix.clone(),
        register: String::new(),
    }
}

/// The page that checks files, which repeats what the code said.
fn verify_address(statement: &Statement, lang: Lang) -> String {
    let Printed { unit_code, number, book, year, suffix, .. } = printed(statement);
    let pairs = [("u", unit_code), ("n", number), ("q", book), ("y", year), ("s", suffix)];
    let query = pairs.map(|(name, value)| format!("{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC)));
    let lang = if lang == Lang::En { "&lang=en" } else { "" };
    format!("/verify?{}{lang}", query.join("&"))
}
