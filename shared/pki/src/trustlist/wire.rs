//! The JSON inside the signed file. Instants are RFC 3339 in UTC, certificates PEM, so that a person can read and compare it.
//!
//! ```json
//! {"format": "ctdt-trust-list-1", "sequence": 7, "issued_at": "2026-11-20T00:00:00Z", "next_update": "2027-05-20T00:00:00Z",
//!  "operator": "…", "test": false,
//!  "providers": [{"name": "…", "tree": "government", "services": [
//!    {"kind": "root", "name": "…", "certificate": "-----BEGIN CERTIFICATE-----…",
//!     "history": [{"status": "granted", "from": "2018-01-01T00:00:00Z"}]}]}]}
//! ```

use std::time::Duration;

use der::DateTime;
use serde::{Deserialize, Serialize};

use super::{Kind, Period, Provider, Service, Status, Tree, TrustList, check};
use crate::{Certificate, Error};

/// Name and version of the form.
const FORMAT: &str = "ctdt-trust-list-1";
/// The largest list, octets. The whole European Union fits into some megabytes.
pub(super) const MAX_LENGTH: usize = 4 * 1024 * 1024;
const MAX_PROVIDERS: usize = 500;
const MAX_SERVICES: usize = 2_000;
const MAX_HISTORY: usize = 100;
const MAX_NAME: usize = 400;
const WHAT: &str = "trust list";

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ListOut {
    format: String,
    sequence: u64,
    issued_at: String,
    next_update: String,
    operator: String,
    test: bool,
    providers: Vec<ProviderOut>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ProviderOut {
    name: String,
    tree: TreeOut,
    services: Vec<ServiceOut>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ServiceOut {
    kind: KindOut,
    name: String,
    certificate: String,
    history: Vec<PeriodOut>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PeriodOut {
    status: StatusOut,
    from: String,
}

macro_rules! names {
    ($wire:ident is $model:ident: $($name:ident),+) => {
        #[derive(Deserialize, Serialize)]
        #[serde(rename_all = "snake_case")]
        enum $wire { $($name),+ }

        impl From<$model> for $wire {
            fn from(value: $model) -> Self {
                match value { $($model::$name => Self::$name),+ }
            }
        }

        impl From<$wire> for $model {
            fn from(value: $wire) -> Self {
                match value { $($wire::$name => Self::$name),+ }
            }
        }
    };
}

names!(TreeOut is Tree: Government, National, Foreign);
names!(KindOut is Kind: Root, SigningCa, Tsa, Ocsp);
names!(StatusOut is Status: Granted, Withdrawn);

/// Reads the JSON of a list; nothing about its signature.
///
/// # Errors
/// [`Error::Malformed`] for another form, an unknown member, a wrong instant, an empty or unordered history, no root;
/// [`Error::Limit`]; what a certificate's reader says.
pub fn read(json: &[u8]) -> Result<TrustList, Error> {
    limit(WHAT, json.len(), MAX_LENGTH)?;
    let raw: ListOut = serde_json::from_slice(json).map_err(|_| Error::Malformed { what: WHAT })?;
    if raw.format != FORMAT {
        return Err(Error::Malformed { what: "trust list: format" });
    }
    limit("trust list: providers", raw.providers.len(), MAX_PROVIDERS)?;
    limit("trust list: services", raw.providers.iter().map(|one| one.services.len()).sum(), MAX_SERVICES)?;
    let list = TrustList {
        sequence: raw.sequence,
        issued_at: instant(&raw.issued_at)?,
        next_update: instant(&raw.next_update)?,
        operator: named(raw.operator)?,
        test: raw.test,
        providers: raw.providers.into_iter().map(provider).collect::<Result<_, _>>()?,
    };
    check(&list)?;
    Ok(list)
}

/// The JSON of a list, to be signed.
///
/// # Errors
/// As [`read`]: what could not be read back is not written. [`Error::CannotEncode`] for an instant before 1970.
pub fn write(list: &TrustList) -> Result<Vec<u8>, Error> {
    check(list)?;
    let raw = ListOut {
        format: FORMAT.to_owned(),
        sequence: list.sequence,
        issued_at: shown(list.issued_at)?,
        next_update: shown(list.next_update)?,
        operator: list.operator.clone(),
        test: list.test,
        providers: list.providers.iter().map(provider_out).collect::<Result<_, _>>()?,
    };
    let json = serde_json::to_vec_pretty(&raw).map_err(|_| Error::CannotEncode { what: WHAT })?;
    read(&json)?;
    Ok(json)
}

fn provider(raw: ProviderOut) -> Result<Provider, Error> {
    let services = raw.services.into_iter().map(service).collect::<Result<_, _>>()?;
    Ok(Provider { name: named(raw.name)?, tree: raw.tree.into(), services })
}

fn service(raw: ServiceOut) -> Result<Service, Error> {
    limit("trust list: history", raw.history.len(), MAX_HISTORY)?;
    let mut certificates = Certificate::from_pem_many(&raw.certificate)?;
    let (Some(certificate), true) = (certificates.pop(), certificates.is_empty()) else {
        return Err(Error::Malformed { what: "trust list: certificate" });
    };
    let period = |raw: PeriodOut| Ok(Period { status: raw.status.into(), from: instant(&raw.from)? });
    let history = raw.history.into_iter().map(period).collect::<Result<_, Error>>()?;
    Ok(Service { kind: raw.kind.into(), name: named(raw.name)?, certificate, history })
}

fn provider_out(provider: &Provider) -> Result<ProviderOut, Error> {
    let service = |service: &Service| {
        let period = |period: &Period| Ok(PeriodOut { status: period.status.into(), from: shown(period.from)? });
        Ok(ServiceOut {
            kind: service.kind.into(),
            name: service.name.clone(),
            certificate: service.certificate.to_pem(),
            history: service.history.iter().map(period).collect::<Result<_, Error>>()?,
        })
    };
    let services = provider.services.iter().map(service).collect::<Result<_, Error>>()?;
    Ok(ProviderOut { name: provider.name.clone(), tree: provider.tree.into(), services })
}

fn limit(what: &'static str, found: usize, limit: usize) -> Result<(), Error> {
    if found > limit { Err(Error::Limit { what, limit }) } else { Ok(()) }
}

fn named(name: String) -> Result<String, Error> {
    let plain = !name.trim().is_empty() && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control);
    if plain { Ok(name) } else { Err(Error::Malformed { what: "trust list: name" }) }
}

fn instant(text: &str) -> Result<i64, Error> {
    let read = text.parse::<DateTime>().map_err(|_| Error::Malformed { what: "trust list: instant" })?;
    i64::try_from(read.unix_duration().as_secs()).map_err(|_| Error::Malformed { what: "trust list: instant" })
}

fn shown(instant: i64) -> Result<String, Error> {
    let cannot = Error::CannotEncode { what: "trust list: instant" };
    let Ok(seconds) = u64::try_from(instant) else { return Err(cannot) };
    DateTime::from_unix_duration(Duration::from_secs(seconds)).map(|time| time.to_string()).map_err(|_| cannot)
}
