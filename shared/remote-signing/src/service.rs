//! The signing gateway of a deployment, in the protocol that it is configured for.

use std::fmt;
use std::time::Duration;

use domain::model::Shape;
use domain::ports::{Fault, GatewayAnswer, Grant, RemoteSigning, SignOrder};
use jiff::Timestamp;

use crate::{Binding, Gateway, Mss, MssSetup};

/// What a deployment says of its gateway. Its `Debug` leaves the token out.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// `csc-v2`; `mss-soap` or `mss-json`, and with `-cms` behind it where the gateway makes CMS structures and no bare signatures.
    pub protocol: &'a str,
    /// Base URL of CSC, or the whole address of an MSS.
    pub url: &'a str,
    /// Bearer token of CSC, `AP_PWD` of MSS.
    pub token: &'a str,
    /// `MSSP_ID` of MSS, which the first request carries; CSC has none.
    pub gateway: &'a str,
    /// `AP_ID` of MSS; CSC has none.
    pub provider: &'a str,
    /// `SignatureProfile` of MSS; CSC has none.
    pub profile: &'a str,
    /// The longest that one call may take.
    pub patience: Duration,
}

impl fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protocol, url, token: _, gateway, provider, profile, patience } = self;
        f.debug_struct("Settings")
            .field("protocol", protocol)
            .field("url", url)
            .field("gateway", gateway)
            .field("provider", provider)
            .field("profile", profile)
            .field("patience", patience)
            .finish_non_exhaustive()
    }
}

/// A gateway that asks the person (decision 23).
pub enum Service {
    /// CSC API v2.
    Csc(Gateway),
    /// MSS of TS 102 204.
    Mss(Mss),
}

/// What a gateway may speak.
const PROTOCOLS: [&str; 5] = ["csc-v2", "mss-soap", "mss-json", "mss-soap-cms", "mss-json-cms"];

impl Service {
    /// Does not connect.
    ///
    /// # Errors
    /// An unknown protocol; as [`Gateway::new`] and [`Mss::new`].
    pub fn new(settings: Settings<'_>, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Result<Self, Fault> {
        let Settings { protocol, url, token, gateway, provider, profile, patience } = settings;
        let mss = |binding, shape| {
            let setup = MssSetup { url, binding, gateway, provider, password: token, profile, shape, patience };
            Mss::new(setup, None, now).map(Self::Mss)
        };
        match protocol {
            "csc-v2" => Gateway::new(url, token, patience).map(Self::Csc),
            "mss-soap" => mss(Binding::Soap, Shape::Raw),
            "mss-json" => mss(Binding::Json, Shape::Raw),
            "mss-soap-cms" => mss(Binding::Soap, Shape::Cms),
            "mss-json-cms" => mss(Binding::Json, Shape::Cms),
            _ => Err(Fault(format!("the gateway's protocol is none of {}", PROTOCOLS.join(", ")))),
        }
    }
}

impl RemoteSigning for Service {
    fn name(&self) -> &str {
        match self {
            Self::Csc(gateway) => gateway.name(),
            Self::Mss(mss) => mss.name(),
        }
    }

    fn refused_at_once<'h>(&self, handle: &'h str) -> Option<&'h str> {
        match self {
            Self::Csc(gateway) => gateway.refused_at_once(handle),
            Self::Mss(mss) => mss.refused_at_once(handle),
        }
    }

    fn shape(&self) -> Shape {
        match self {
            Self::Csc(gateway) => gateway.shape(),
            Self::Mss(mss) => mss.shape(),
        }
    }

    fn most(&self) -> usize {
        match self {
            Self::Csc(gateway) => gateway.most(),
            Self::Mss(mss) => mss.most(),
        }
    }

    async fn start(&self, order: &SignOrder) -> Result<String, Fault> {
        match self {
            Self::Csc(gateway) => gateway.start(order).await,
            Self::Mss(mss) => mss.start(order).await,
        }
    }

    async fn ask(&self, order: &SignOrder, handle: &str) -> Result<GatewayAnswer, Fault> {
        match self {
            Self::Csc(gateway) => RemoteSigning::ask(gateway, order, handle).await,
            Self::Mss(mss) => mss.ask(order, handle).await,
        }
    }

    async fn fetch(&self, order: &SignOrder, handle: &str, grant: &Grant) -> Result<GatewayAnswer, Fault> {
        match self {
            Self::Csc(gateway) => gateway.fetch(order, handle, grant).await,
            Self::Mss(mss) => mss.fetch(order, handle, grant).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings<'a>(protocol: &'a str, provider: &'a str) -> Settings<'a> {
        Settings {
            protocol,
            url: "http://127.0.0.1:1",
            token: "ma-cua-ta",
            gateway: "http://localhost/ae",
            provider,
            profile: "http://localhost/profile",
            patience: Duration::from_secs(1),
        }
    }

    /// Settings are written into logs by whoever looks for a mistake.
    #[test]
    fn settings_are_told_without_their_token() {
        let told = format!("{0:?} {0:#?}", settings("csc-v2", ""));
        assert!(told.contains("http://127.0.0.1:1") && !told.contains("ma-cua-ta"), "{told}");
    }

    #[test]
    fn a_deployment_speaks_what_it_is_configured_for() {
        let made = |protocol, provider| Service::new(settings(protocol, provider), || Timestamp::UNIX_EPOCH);
        assert!(matches!(made("csc-v2", ""), Ok(Service::Csc(_))));
        assert!(matches!(made("mss-soap", "http://localhost"), Ok(Service::Mss(_))));
        assert!(matches!(made("mss-json", "http://localhost"), Ok(Service::Mss(_))));
        for (protocol, provider) in [("", "http://localhost"), ("csc", "http://localhost"), ("mss-soap", "")] {
            assert!(made(protocol, provider).is_err(), "{protocol}");
        }
    }
}
