//! The three requests, checked member by member as FiCom's table of faults says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::PROMPT_SECONDS;
use crate::engine::Order;
use crate::keys::sha256;
use crate::mss::Fault;
use crate::sim::Format;
use crate::text::gsm_length;

/// Longest text to be signed and to be shown, in septets (FiCom).
const SIGNED_TEXT: usize = 160;
const SHOWN_TEXT: usize = 110;
/// Bounds of `TimeOut` in seconds (Swisscom).
const SHORTEST: i64 = 15;
const LONGEST: i64 = 300;
/// Longest AP_ID and AP_PWD.
const LONGEST_NAME: usize = 200;
/// DER of a DigestInfo of SHA-256 up to the digest (RFC 8017 §9.2, note 1).
const DIGEST_INFO: &[u8] = &[0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
/// The profiles of this gateway: for signing with the PIN.
const PROFILES: [&str; 2] = ["http://alauda.mobi/nonRepudiation", "http://mid.swisscom.ch/MID/v1/AuthProfile1"];
const PKCS1: &str = "http://mss.ficom.fi/TS102204/v1.0.0#PKCS1";
const CMS: [&str; 2] =
    ["http://uri.etsi.org/TS102204/v1.1.2#CMS-Signature", "http://uri.etsi.org/TS102204/v1.1.2#PKCS7"];

/// What every request carries and every answer repeats.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) ap_id: String,
    pub(crate) ap_trans_id: String,
    pub(crate) ap_pwd: String,
}

/// `MSSP_ID`: who this gateway is, a URI. Every answer says so; what is asked about a prompt repeats it.
pub(crate) const MSSP_ID: &str = "http://localhost/simpki/ae";

pub(crate) enum Call {
    Signature(SignatureReq),
    Status(Common, String),
    Receipt(Common, String),
}

impl Call {
    pub(crate) fn common(&self) -> &Common {
        match self {
            Call::Signature(asked) => &asked.common,
            Call::Status(common, _) | Call::Receipt(common, _) => common,
        }
    }
}

/// A request for a signature; the data are checked, the time limits not yet.
pub(crate) struct SignatureReq {
    pub(crate) common: Common,
    pub(crate) msisdn: String,
    digest: Vec<u8>,
    shown: String,
    format: Format,
    time_out: Option<i64>,
    valid_until: Option<i64>,
}

impl SignatureReq {
    /// What the engine is asked for.
    pub(crate) fn order(self, credential_id: String, now: i64) -> Result<Order, Fault> {
        let wish = self.time_out.or(self.valid_until.map(|until| until.saturating_sub(now)));
        let seconds = wish.unwrap_or(PROMPT_SECONDS);
        if !(SHORTEST..=LONGEST).contains(&seconds) {
            return Err(Fault(101, "WRONG_PARAM: TimeOut or ValidityDate must be 15 to 300 s ahead"));
        }
        Ok(Order {
            credential_id,
            hints: false,
            once: true,
            client_data: Some(format!("mss {} {}", self.common.ap_id, self.common.ap_trans_id)),
            hashes: vec![STANDARD.encode(self.digest)],
            description: self.shown,
            seconds,
            format: self.format,
        })
    }
}

/// Reads a request from the shape of the JSON binding: `name` is the element, `body` its members.
pub(crate) fn read(name: &str, body: &Value) -> Result<Call, Fault> {
    let common = common(body)?;
    match name {
        "MSS_SignatureReq" => signature(common, body).map(Call::Signature),
        "MSS_StatusReq" => Ok(Call::Status(common, transaction(body)?)),
        "MSS_ReceiptReq" => Ok(Call::Receipt(common, transaction(body)?)),
        _ => Err(Fault(108, "INCOMPATIBLE_INTERFACE: unknown operation")),
    }
}

/// A prompt that was answered before, and who answered: both as they stood in that answer (TS 102 204; remote-signing.md §1a).
fn transaction(body: &Value) -> Result<String, Fault> {
    if needed(body, "/MSSP_Info/MSSP_ID/URI")? != MSSP_ID {
        return Err(Fault(101, "WRONG_PARAM: MSSP_ID is that of the first answer"));
    }
    needed(body, "/MSSP_TransID")
}

/// A member as text; `None` when it is not there or is no text.
fn found(body: &Value, pointer: &str) -> Option<String> {
    body.pointer(pointer).and_then(Value::as_str).map(|text| text.trim().to_owned())
}

fn needed(body: &Value, pointer: &str) -> Result<String, Fault> {
    found(body, pointer).filter(|text| !text.is_empty()).ok_or(Fault(102, "MISSING_PARAM"))
}

fn common(body: &Value) -> Result<Common, Fault> {
    let versions = (needed(body, "/MajorVersion")?, needed(body, "/MinorVersion")?);
    if versions.0 != "1" || !matches!(versions.1.as_str(), "1" | "2") {
        return Err(Fault(108, "INCOMPATIBLE_INTERFACE: version 1.1 or 1.2"));
    }
    let common = Common {
        ap_id: needed(body, "/AP_Info/AP_ID")?,
        ap_trans_id: needed(body, "/AP_Info/AP_TransID")?,
        ap_pwd: needed(body, "/AP_Info/AP_PWD")?,
    };
    if body.pointer("/MSSP_Info/MSSP_ID").is_none() {
        return Err(Fault(102, "MISSING_PARAM: MSSP_Info"));
    }
    let instant = needed(body, "/AP_Info/Instant")?;
    let sound = is_nc_name(&common.ap_trans_id)
        && common.ap_id.len() <= LONGEST_NAME
        && common.ap_pwd.len() <= LONGEST_NAME
        && instant.parse::<jiff::Timestamp>().is_ok();
    if sound { Ok(common) } else { Err(Fault(101, "WRONG_PARAM: AP_Info")) }
}

/// An NCName of ASCII with 1 to 32 characters.
fn is_nc_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && text.len() <= 32 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

fn signature(common: Common, body: &Value) -> Result<SignatureReq, Fault> {
    if needed(body, "/MessagingMode")? != "asynchClientServer" {
        return Err(Fault(108, "INCOMPATIBLE_INTERFACE: only asynchClientServer"));
    }
    let uri = |name: &str| found(body, &format!("/{name}/mssURI")).or_else(|| found(body, &format!("/{name}")));
    if uri("SignatureProfile").is_some_and(|profile| !PROFILES.contains(&profile.as_str())) {
        return Err(Fault(109, "UNSUPPORTED_PROFILE"));
    }
    let format = match uri("MSS_Format").as_deref() {
        Some(PKCS1) => Format::Bare,
        Some(other) if !CMS.contains(&other) => return Err(Fault(101, "WRONG_PARAM: MSS_Format")),
        _ => Format::Cms,
    };
    let (digest, text) = to_be_signed(body)?;
    let displayed = found(body, "/DataToBeDisplayed/Data");
    if let Some(displayed) = &displayed {
        check_text(displayed, SHOWN_TEXT)?;
    }
    let wrong = Fault(101, "WRONG_PARAM: TimeOut or ValidityDate");
    let time_out = found(body, "/TimeOut").map(|text| text.parse::<i64>()).transpose();
    let valid_until = found(body, "/ValidityDate").map(|text| text.parse::<jiff::Timestamp>()).transpose();
    let (Ok(time_out), Ok(valid_until)) = (time_out, valid_until) else { return Err(wrong) };
    Ok(SignatureReq {
        msisdn: needed(body, "/MobileUser/MSISDN")?,
        digest,
        shown: displayed.or(text).unwrap_or_else(|| "Yeu cau ky so".to_owned()),
        format,
        time_out,
        valid_until: valid_until.map(jiff::Timestamp::as_second),
        common,
    })
}

/// The SHA-256 that is signed, and the text when it is one.
fn to_be_signed(body: &Value) -> Result<(Vec<u8>, Option<String>), Fault> {
    let data = needed(body, "/DataToBeSigned/Data")?;
    let (mime, encoding) = (needed(body, "/DataToBeSigned/MimeType")?, needed(body, "/DataToBeSigned/Encoding")?);
    let decoded = || STANDARD.decode(&data).map_err(|_| Fault(107, "INAPPROPRIATE_DATA: base64"));
    let whole = |digest: Vec<u8>| {
        if digest.len() == 32 { Ok((digest, None)) } else { Err(Fault(103, "WRONG_DATA_LENGTH")) }
    };
    match (mime.as_str(), encoding.to_ascii_lowercase().as_str()) {
        ("text/plain", "utf-8") => {
            check_text(&data, SIGNED_TEXT)?;
            Ok((sha256(data.as_bytes()), Some(data)))
        }
        ("application/x-sha256", "base64") => whole(decoded()?),
        ("application/octet-stream", "base64") => {
            let info = decoded()?;
            whole(info.strip_prefix(DIGEST_INFO).ok_or(Fault(107, "INAPPROPRIATE_DATA: DigestInfo"))?.to_vec())
        }
        _ => Err(Fault(107, "INAPPROPRIATE_DATA: MimeType or Encoding")),
    }
}

fn check_text(text: &str, limit: usize) -> Result<(), Fault> {
    match gsm_length(text) {
        None => Err(Fault(107, "INAPPROPRIATE_DATA: not in GSM 03.38")),
        Some(length) if length > limit => Err(Fault(103, "WRONG_DATA_LENGTH")),
        Some(_) => Ok(()),
    }
}
