//! Requests and answers of TS 102 204 in SOAP 1.2 and in JSON.
//!
//! Answers are read without DTD and entities, with a limit on nodes, by exact namespaces; elements that are not known are
//! passed over. A status code that is no number is no answer.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::model::Shape;
use domain::ports::SignOrder;
use jiff::Timestamp;
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Value, json};

use crate::mss::{Binding, Mss};

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const MSS: &str = "http://uri.etsi.org/TS102204/v1.1.2#";
/// FiCom's format for a bare signature value with its X.509 certificate.
const PKCS1: &str = "http://mss.ficom.fi/TS102204/v1.0.0#PKCS1";
/// A detached CMS structure (TS 102 204 §8.9).
const CMS: &str = "http://uri.etsi.org/TS102204/v1.1.2#CMS-Signature";
/// Nodes of an answer: ten times what a real one has.
const MAX_NODES: u32 = 1_000;
/// Seconds that the gateway waits for the person (remote-signing.md §3, timers).
const TIME_OUT: u32 = 120;
/// Septets that a phone shows (FiCom).
const SHOWN: usize = 110;
/// How a member of the mesh is told (TS 102 204, `MeshMemberType`).
const MEMBER_KINDS: [&str; 4] = ["URI", "DNSName", "IPAddress", "IdentifierString"];
/// Octets of such a name. Handles are stored with the session; a DNS name has 253 at most (RFC 1035 §2.3.4).
const LONGEST_ID: usize = 256;

/// An answer that is no fault.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Said {
    pub(crate) transaction: String,
    /// Who the gateway is; `None` when it does not say, or not so that it can be repeated.
    pub(crate) gateway: Option<MsspId>,
    pub(crate) code: u16,
    pub(crate) signature: Option<Signature>,
}

/// `MSSP_ID`: who a gateway is (TS 102 204 §8.2, `MeshMemberType`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct MsspId {
    kind: &'static str,
    value: String,
}

impl MsspId {
    /// Told by a URI.
    pub(crate) fn uri(value: &str) -> Self {
        Self { kind: "URI", value: value.to_owned() }
    }

    /// One text for a handle, without a colon.
    pub(crate) fn packed(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}={}", self.kind, self.value))
    }

    /// Reads what [`MsspId::packed`] has written.
    pub(crate) fn unpacked(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (kind, value) = text.split_once('=')?;
        Self::one_of(|known| (known == kind).then(|| value.to_owned()))
    }

    /// The first of the four kinds that has a usable value.
    fn one_of(value: impl Fn(&str) -> Option<String>) -> Option<Self> {
        MEMBER_KINDS.iter().find_map(|kind| {
            let value = value(kind)?.trim().to_owned();
            let sound = (1..=LONGEST_ID).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic());
            sound.then_some(Self { kind, value })
        })
    }
}

/// What came as a signature.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Signature {
    /// The bare value.
    Bare(Vec<u8>),
    /// A CMS structure, or what is called one.
    Cms(Vec<u8>),
    /// Anything else.
    Other,
}

/// `MSS_SignatureReq`; `data` is what is signed, as DigestInfo.
pub(crate) fn signature_request(mss: &Mss, order: &SignOrder, data: &[u8], now: Timestamp) -> String {
    let gateway = &mss.gateway;
    let format = match mss.shape {
        Shape::Raw => PKCS1,
        Shape::Cms => CMS,
    };
    let (reference, data, shown) = (order.session.as_str(), STANDARD.encode(data), shown(&order.display_text));
    match mss.binding {
        Binding::Soap => envelope(&format!(
            "<m:MSS_Signature><m:MSS_SignatureReq MajorVersion=\"1\" MinorVersion=\"1\" MessagingMode=\"asynchClientServer\" \
             TimeOut=\"{TIME_OUT}\">{}<m:MobileUser><m:MSISDN>{}</m:MSISDN></m:MobileUser>\
             <m:DataToBeSigned MimeType=\"application/octet-stream\" Encoding=\"base64\">{data}</m:DataToBeSigned>\
             <m:DataToBeDisplayed MimeType=\"text/plain\" Encoding=\"UTF-8\">{}</m:DataToBeDisplayed>\
             <m:SignatureProfile><m:mssURI>{}</m:mssURI></m:SignatureProfile>\
             <m:MSS_Format><m:mssURI>{format}</m:mssURI></m:MSS_Format></m:MSS_SignatureReq></m:MSS_Signature>",
            common_xml(mss, (reference, gateway), now),
            escaped(&order.credential_id),
            escaped(&shown),
            escaped(&mss.profile),
        )),
        Binding::Json => {
            let mut body = common_json(mss, (reference, gateway), now);
            body["MessagingMode"] = "asynchClientServer".into();
            body["TimeOut"] = TIME_OUT.to_string().into();
            body["MobileUser"] = json!({"MSISDN": order.credential_id});
            body["DataToBeSigned"] =
                json!({"MimeType": "application/octet-stream", "Encoding": "base64", "Data": data});
            body["DataToBeDisplayed"] = json!({"MimeType": "text/plain", "Encoding": "UTF-8", "Data": shown});
            body["SignatureProfile"] = mss.profile.clone().into();
            body["MSS_Format"] = format.into();
            json!({"MSS_SignatureReq": body}).to_string()
        }
    }
}

/// `MSS_StatusReq`; `gateway` is who answered the first request (remote-signing.md §1a).
pub(crate) fn status_request(
    mss: &Mss,
    order: &SignOrder,
    (gateway, transaction): (&MsspId, &str),
    now: Timestamp,
) -> String {
    let reference = order.session.as_str();
    match mss.binding {
        Binding::Soap => envelope(&format!(
            "<m:MSS_StatusQuery><m:MSS_StatusReq MajorVersion=\"1\" MinorVersion=\"1\" MSSP_TransID=\"{}\">{}</m:MSS_StatusReq>\
             </m:MSS_StatusQuery>",
            escaped(transaction),
            common_xml(mss, (reference, gateway), now),
        )),
        Binding::Json => {
            let mut body = common_json(mss, (reference, gateway), now);
            body["MSSP_TransID"] = transaction.into();
            json!({"MSS_StatusReq": body}).to_string()
        }
    }
}

fn common_xml(mss: &Mss, (reference, MsspId { kind, value }): (&str, &MsspId), now: Timestamp) -> String {
    format!(
        "<m:AP_Info AP_ID=\"{}\" AP_TransID=\"{}\" AP_PWD=\"{}\" Instant=\"{now}\"/>\
         <m:MSSP_Info><m:MSSP_ID><m:{kind}>{}</m:{kind}></m:MSSP_ID></m:MSSP_Info>",
        escaped(&mss.provider),
        escaped(reference),
        escaped(&mss.password),
        escaped(value),
    )
}

fn common_json(mss: &Mss, (reference, MsspId { kind, value }): (&str, &MsspId), now: Timestamp) -> Value {
    json!({
        "MajorVersion": "1", "MinorVersion": "1",
        "AP_Info": {"AP_ID": mss.provider, "AP_TransID": reference, "AP_PWD": mss.password, "Instant": now.to_string()},
        "MSSP_Info": {"MSSP_ID": {*kind: value}},
    })
}

fn envelope(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:Envelope xmlns:s=\"{SOAP}\" xmlns:m=\"{MSS}\"><s:Body>{body}</s:Body></s:Envelope>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What a phone can show of a text: letters of GSM 03.38, cut at the end, where the code is not.
fn shown(text: &str) -> String {
    let mut room = SHOWN;
    let fits = |sign: &char| {
        let septets = if "^{}\\[~]|".contains(*sign) { 2 } else { 1 };
        let left = room.checked_sub(septets);
        room = left.unwrap_or(0);
        left.is_some()
    };
    text.chars().filter(|sign| (sign.is_ascii_graphic() && *sign != '`') || *sign == ' ').take_while(fits).collect()
}

/// Reads an answer with status 200; `None` when it is none.
pub(crate) fn answer(binding: Binding, body: &[u8]) -> Option<Said> {
    match binding {
        Binding::Json => {
            let whole: Value = serde_json::from_slice(body).ok()?;
            let names = ["MSS_SignatureResp", "MSS_StatusResp"];
            let said = names.iter().find_map(|name| whole.get(*name))?;
            let text = |pointer: &str| said.pointer(pointer).and_then(Value::as_str);
            let signature = said.get("MSS_Signature").filter(|signature| !signature.is_null());
            Some(Said {
                transaction: text("/MSSP_TransID")?.to_owned(),
                gateway: MsspId::one_of(|kind| text(&format!("/MSSP_Info/MSSP_ID/{kind}")).map(str::to_owned)),
                code: text("/Status/StatusCode/Value")?.parse().ok()?,
                signature: signature.map(|signature| {
                    let text = |pointer: &str| signature.pointer(pointer).and_then(Value::as_str);
                    format_of(text("/PKCS1/SignatureValue"), text("/Base64Signature"))
                }),
            })
        }
        Binding::Soap => with_body(body, |body| {
            let is_answer = |node: &Node<'_, '_>| {
                let name = node.tag_name();
                name.namespace() == Some(MSS) && matches!(name.name(), "MSS_SignatureResp" | "MSS_StatusResp")
            };
            // Bare, or inside the element of its operation.
            let said = body.children().flat_map(|child| [child].into_iter().chain(child.children())).find(is_answer)?;
            let code = child(child(said, "Status")?, "StatusCode")?.attribute("Value")?;
            let signature = child(said, "MSS_Signature").map(|signature| {
                let value = signature.descendants().find(|node| node.tag_name().name() == "SignatureValue");
                let own =
                    value.filter(|value| value.parent().is_some_and(|parent| parent.tag_name().name() == "PKCS1"));
                format_of(
                    own.and_then(|value| value.text()),
                    child(signature, "Base64Signature").and_then(|cms| cms.text()),
                )
            });
            let named = child(said, "MSSP_Info").and_then(|info| child(info, "MSSP_ID"));
            let gateway = MsspId::one_of(|kind| child(named?, kind)?.text().map(str::to_owned));
            let transaction = said.attribute("MSSP_TransID")?.to_owned();
            Some(Said { transaction, gateway, code: code.parse().ok()?, signature })
        }),
    }
}

/// Reads the code of a fault: that of the inner subcode, which says more. `None` when it is no fault of MSS.
pub(crate) fn fault(binding: Binding, body: &[u8]) -> Option<u16> {
    match binding {
        Binding::Json => {
            let whole: Value = serde_json::from_slice(body).ok()?;
            let outer = whole.pointer("/Fault/Code/SubCode")?;
            let value = |subcode: &Value| number(subcode.get("Value")?.as_str()?);
            outer.get("SubCode").and_then(value).or_else(|| value(outer))
        }
        Binding::Soap => with_body(body, |body| {
            let code = body.children().find(|node| node.has_tag_name((SOAP, "Fault")))?;
            let code = code.children().find(|node| node.has_tag_name((SOAP, "Code")))?;
            let subcodes = code.descendants().filter(|node| node.has_tag_name((SOAP, "Subcode")));
            let value = |node: Node<'_, '_>| {
                node.children().find(|node| node.has_tag_name((SOAP, "Value")))?.text().and_then(number)
            };
            subcodes.rev().find_map(value)
        }),
    }
}

/// `_401` or `fi:_401`.
fn number(subcode: &str) -> Option<u16> {
    subcode.trim().rsplit(':').next()?.strip_prefix('_')?.parse().ok()
}

fn with_body<T>(bytes: &[u8], read: impl FnOnce(Node<'_, '_>) -> Option<T>) -> Option<T> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(std::str::from_utf8(bytes).ok()?, options).ok()?;
    let envelope = Some(document.root_element()).filter(|root| root.has_tag_name((SOAP, "Envelope")))?;
    read(envelope.children().find(|node| node.has_tag_name((SOAP, "Body")))?)
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.has_tag_name((MSS, name)))
}

/// In which format a signature came. Two at once are none that was asked for.
fn format_of(bare: Option<&str>, cms: Option<&str>) -> Signature {
    match (bare, cms) {
        (Some(text), None) => Signature::Bare(octets(text)),
        (None, Some(text)) => Signature::Cms(octets(text)),
        _ => Signature::Other,
    }
}

/// Base64, which XML may break into lines. What is none is a value that is too short to be one.
fn octets(text: &str) -> Vec<u8> {
    let text: String = text.split_whitespace().collect();
    STANDARD.decode(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soap(inner: &str) -> String {
        format!("<s:Envelope xmlns:s=\"{SOAP}\" xmlns:m=\"{MSS}\"><s:Body>{inner}</s:Body></s:Envelope>")
    }

    #[test]
    fn the_code_is_never_cut_off() {
        let long = format!("MA 4298. {}", "x".repeat(200));
        assert_eq!(shown(&long).len(), SHOWN);
        assert!(shown(&long).starts_with("MA 4298. x"));
        assert_eq!(shown("a`b^c\u{1ef1}"), "ab^c");
        assert_eq!(shown(&"~".repeat(60)).len(), 55, "two septets each");
    }

    /// A DTD, another namespace, a code that is no number, an answer of something else: none of them is an answer.
    #[test]
    fn answers_are_read_strictly() {
        let good = "<m:MSS_StatusResp MSSP_TransID=\"t\"><x:New xmlns:x=\"urn:x\"/><m:Status><m:StatusCode Value=\"504\"/></m:Status></m:MSS_StatusResp>";
        let open = Some(Said { transaction: "t".into(), gateway: None, code: 504, signature: None });
        assert_eq!(answer(Binding::Soap, soap(good).as_bytes()), open);
        assert_eq!(
            answer(
                Binding::Soap,
                soap(&format!("<m:MSS_StatusQueryResponse>{good}</m:MSS_StatusQueryResponse>")).as_bytes()
            ),
            open
        );
        let json = r#"{"MSS_StatusResp":{"MSSP_TransID":"t","Status":{"StatusCode":{"Value":"504"}}}}"#;
        assert_eq!(answer(Binding::Json, json.as_bytes()), open);
        for wrong in [
            format!("<!DOCTYPE x>{}", soap(good)),
            soap(&good.replace("504", "x")),
            soap(&good.replace("MSSP_TransID=\"t\"", "")),
            soap(&good.replace("m:Status>", "s:Status>")),
            soap(good).replace(SOAP, "http://schemas.xmlsoap.org/soap/envelope/"),
            soap(&good.replace("MSS_StatusResp", "MSS_ReceiptResp")),
            format!("{}{}", soap(good), "<a/>"),
        ] {
            assert_eq!(answer(Binding::Soap, wrong.as_bytes()), None, "{wrong}");
        }
        let many = soap(&format!("{good}{}", "<m:a/>".repeat(1_000)));
        assert_eq!(answer(Binding::Soap, many.as_bytes()), None);
        for wrong in ["", "[]", r#"{"MSS_StatusResp":{}}"#, &json.replace("\"504\"", "504")] {
            assert_eq!(answer(Binding::Json, wrong.as_bytes()), None, "{wrong}");
        }
    }

    /// Who the gateway is, in each of the four ways; what cannot be repeated is not told.
    #[test]
    fn a_gateway_says_who_it_is() {
        let long = "x".repeat(LONGEST_ID + 1);
        for (kind, value, told) in [
            ("URI", "http://ae.example.vn/mss?a=1", true),
            ("DNSName", "ae.example.vn", true),
            ("IPAddress", "192.0.2.1", true),
            ("IdentifierString", "ae:1", true),
            ("URI", "", false),
            ("URI", "a b", false),
            ("URI", &long, false),
            ("Other", "ae", false),
        ] {
            let xml = soap(&format!(
                "<m:MSS_SignatureResp MSSP_TransID=\"t\"><m:MSSP_Info><m:MSSP_ID><m:{kind}>{value}</m:{kind}></m:MSSP_ID></m:MSSP_Info>\
                 <m:Status><m:StatusCode Value=\"100\"/></m:Status></m:MSS_SignatureResp>"
            ));
            let json = json!({"MSS_SignatureResp": {"MSSP_TransID": "t", "MSSP_Info": {"MSSP_ID": {kind: value}},
                "Status": {"StatusCode": {"Value": "100"}}}});
            for said in [answer(Binding::Soap, xml.as_bytes()), answer(Binding::Json, json.to_string().as_bytes())] {
                let gateway = said.expect("an answer").gateway;
                assert_eq!(gateway.as_ref().map(|id| (id.kind, id.value.as_str())), told.then_some((kind, value)));
                assert_eq!(gateway.as_ref().and_then(|id| MsspId::unpacked(&id.packed())), gateway);
            }
        }
        for wrong in ["", "*", "VVJJ", &URL_SAFE_NO_PAD.encode("Other=ae"), &URL_SAFE_NO_PAD.encode("URI=")] {
            assert_eq!(MsspId::unpacked(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_inner_code_says_more() {
        let value = |code: &str| format!("<s:Value xmlns:fi=\"urn:fi\">fi:{code}</s:Value>");
        let nested = format!(
            "<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode>{}<s:Subcode>{}</s:Subcode></s:Subcode></s:Code></s:Fault>",
            value("_401"),
            value("_4013")
        );
        assert_eq!(fault(Binding::Soap, soap(&nested).as_bytes()), Some(4013));
        let json = r#"{"Fault":{"Code":{"SubCode":{"Value":"_401","SubCode":{"Value":"_4011"}}}}}"#;
        assert_eq!(fault(Binding::Json, json.as_bytes()), Some(4011));
        assert_eq!(fault(Binding::Json, br#"{"Fault":{"Code":{"SubCode":{"Value":"_406"}}}}"#), Some(406));
        for wrong in ["", "{}", r#"{"Fault":{"Code":{"SubCode":{"Value":"401"}}}}"#] {
            assert_eq!(fault(Binding::Json, wrong.as_bytes()), None);
        }
        assert_eq!(fault(Binding::Soap, soap("<s:Fault/>").as_bytes()), None);
    }

    #[test]
    fn a_signature_in_another_format_is_another() {
        let with = |inner: &str| {
            soap(&format!(
                "<m:MSS_StatusResp MSSP_TransID=\"t\"><m:MSS_Signature>{inner}</m:MSS_Signature><m:Status><m:StatusCode Value=\"502\"/></m:Status></m:MSS_StatusResp>"
            ))
        };
        let read = |inner: &str| answer(Binding::Soap, with(inner).as_bytes()).expect("an answer").signature;
        assert_eq!(
            read("<p:PKCS1 xmlns:p=\"urn:p\"><p:SignatureValue>AQ\n I=</p:SignatureValue></p:PKCS1>"),
            Some(Signature::Bare(vec![1, 2]))
        );
        assert_eq!(
            read("<p:PKCS1 xmlns:p=\"urn:p\"><p:SignatureValue>**</p:SignatureValue></p:PKCS1>"),
            Some(Signature::Bare(vec![]))
        );
        assert_eq!(read("<m:Base64Signature>AQ I=</m:Base64Signature>"), Some(Signature::Cms(vec![1, 2])));
        assert_eq!(
            read(
                "<p:PKCS1 xmlns:p=\"urn:p\"><p:SignatureValue>AQI=</p:SignatureValue></p:PKCS1><m:Base64Signature>AQI=</m:Base64Signature>"
            ),
            Some(Signature::Other)
        );
        assert_eq!(read("<Base64Signature>AQI=</Base64Signature>"), Some(Signature::Other), "of no namespace");
        assert_eq!(
            read("<m:XMLSignature><m:SignatureValue>AQI=</m:SignatureValue></m:XMLSignature>"),
            Some(Signature::Other)
        );
    }
}
