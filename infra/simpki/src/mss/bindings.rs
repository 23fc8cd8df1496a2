//! SOAP 1.2 and JSON around the same requests and answers.
//!
//! XML is read without DTD and entities, with a limit on nodes and depth, and by exact namespaces; elements of others are
//! passed over. An element becomes a JSON object of its attributes and children; one with text has it as `Data`, and is the
//! bare text when it has nothing else.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Value, json};

use crate::mss::request::{self, Call, MSSP_ID};
use crate::mss::{Fault, Reply, Signature};

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const MSS: &str = "http://uri.etsi.org/TS102204/v1.1.2#";
const FICOM: &str = "http://mss.ficom.fi/TS102204/v1.0.0#";
/// Nodes and depth of a request: ten times what a real one has.
const MAX_NODES: u32 = 1_000;
const MAX_DEPTH: u8 = 16;

#[derive(Clone, Copy)]
pub(crate) enum Binding {
    Soap,
    Json,
}

pub(crate) fn read(binding: Binding, body: &[u8]) -> Result<Call, Fault> {
    let wrong = || Fault(101, "WRONG_PARAM: the body cannot be read");
    match binding {
        Binding::Json => {
            let whole: Map<String, Value> = serde_json::from_slice(body).map_err(|_| wrong())?;
            let (name, members) = whole.iter().next().ok_or_else(wrong)?;
            request::read(name, members)
        }
        Binding::Soap => {
            let text = std::str::from_utf8(body).map_err(|_| wrong())?;
            let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
            let document = Document::parse_with_options(text, options).map_err(|_| wrong())?;
            let asked = asked(&document).ok_or_else(wrong)?;
            request::read(asked.tag_name().name(), &members(asked, MAX_DEPTH)?)
        }
    }
}

/// The request in the body of the envelope, bare or inside the element of its operation.
fn asked<'a>(document: &'a Document<'a>) -> Option<Node<'a, 'a>> {
    let envelope = Some(document.root_element()).filter(|root| root.has_tag_name((SOAP, "Envelope")))?;
    let body = envelope.children().find(|child| child.has_tag_name((SOAP, "Body")))?;
    let is_request =
        |node: &Node<'_, '_>| node.tag_name().namespace() == Some(MSS) && node.tag_name().name().ends_with("Req");
    let inside = body.children().filter(Node::is_element);
    inside.flat_map(|child| [child].into_iter().chain(child.children())).find(is_request)
}

fn members(node: Node<'_, '_>, depth: u8) -> Result<Value, Fault> {
    let deeper = depth.checked_sub(1).ok_or(Fault(101, "WRONG_PARAM: too deep"))?;
    let mut out = Map::new();
    for attribute in node.attributes().filter(|attribute| attribute.namespace().is_none()) {
        out.insert(attribute.name().to_owned(), attribute.value().into());
    }
    for child in node.children().filter(|child| child.tag_name().namespace() == Some(MSS)) {
        out.insert(child.tag_name().name().to_owned(), members(child, deeper)?);
    }
    let text: String = node.children().filter_map(|child| child.text().filter(|_| child.is_text())).collect();
    let text = text.trim();
    if out.is_empty() {
        return Ok(text.into());
    }
    if !text.is_empty() {
        out.insert("Data".to_owned(), text.into());
    }
    Ok(Value::Object(out))
}

/// 4xx and 5xx below 500 are the sender's or the phone's matter, 900 is ours.
pub(crate) fn refuse(binding: Binding, Fault(code, why): &Fault) -> Response {
    let (status, role) =
        if *code < 200 { (StatusCode::BAD_REQUEST, "Sender") } else { (StatusCode::INTERNAL_SERVER_ERROR, "Receiver") };
    match binding {
        Binding::Json => {
            let subcode = json!({"Value": format!("_{code}"), "ValueNs": FICOM});
            let fault = json!({"Fault": {"Code": {"Value": role, "SubCode": subcode}, "Reason": why}});
            (status, Json(fault)).into_response()
        }
        Binding::Soap => envelope(
            status,
            &format!(
                "<s:Fault><s:Code><s:Value>s:{role}</s:Value><s:Subcode><s:Value xmlns:fi=\"{FICOM}\">fi:_{code}</s:Value>\
                 </s:Subcode></s:Code><s:Reason><s:Text xml:lang=\"en\">{}</s:Text></s:Reason></s:Fault>",
                escaped(why)
            ),
        ),
    }
}

pub(crate) fn write(binding: Binding, reply: &Reply) -> Response {
    match binding {
        Binding::Json => Json(as_json(reply)).into_response(),
        Binding::Soap => envelope(StatusCode::OK, &as_xml(reply)),
    }
}

fn as_json(reply: &Reply) -> Value {
    let mut body = json!({
        "AP_Info": {"AP_ID": reply.common.ap_id, "AP_TransID": reply.common.ap_trans_id},
        "MajorVersion": "1", "MinorVersion": "1",
        "MSSP_Info": {"MSSP_ID": {"URI": MSSP_ID}},
        "MSSP_TransID": reply.transaction,
        "Status": {"StatusCode": {"Value": reply.code.to_string()}, "StatusMessage": reply.message},
    });
    match &reply.signature {
        Some(Signature::Cms(cms)) => body["MSS_Signature"] = json!({ "Base64Signature": cms }),
        Some(Signature::Pkcs1 { value, certificate }) => {
            body["MSS_Signature"] = json!({"PKCS1": {"SignatureValue": value, "X509Certificate": certificate}});
        }
        None => {}
    }
    json!({ reply.name: body })
}

fn as_xml(reply: &Reply) -> String {
    let signature = match &reply.signature {
        Some(Signature::Cms(cms)) => {
            format!("<m:MSS_Signature><m:Base64Signature>{cms}</m:Base64Signature></m:MSS_Signature>")
        }
        Some(Signature::Pkcs1 { value, certificate }) => format!(
            "<m:MSS_Signature><fi:PKCS1 xmlns:fi=\"{FICOM}\"><fi:SignatureValue>{value}</fi:SignatureValue>\
             <fi:X509Certificate>{certificate}</fi:X509Certificate></fi:PKCS1></m:MSS_Signature>"
        ),
        None => String::new(),
    };
    let Reply { name, common, transaction, code, message, .. } = reply;
    format!(
        "<m:{name} xmlns:m=\"{MSS}\" MajorVersion=\"1\" MinorVersion=\"1\" MSSP_TransID=\"{transaction}\">\
         <m:AP_Info AP_ID=\"{}\" AP_TransID=\"{}\"/><m:MSSP_Info><m:MSSP_ID><m:URI>{MSSP_ID}</m:URI></m:MSSP_ID></m:MSSP_Info>{signature}\
         <m:Status><m:StatusCode Value=\"{code}\"/><m:StatusMessage>{}</m:StatusMessage></m:Status></m:{name}>",
        escaped(&common.ap_id),
        escaped(&common.ap_trans_id),
        escaped(message),
        transaction = escaped(transaction),
    )
}

fn envelope(status: StatusCode, body: &str) -> Response {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:Envelope xmlns:s=\"{SOAP}\"><s:Body>{body}</s:Body></s:Envelope>"
    );
    (status, [(header::CONTENT_TYPE, "application/soap+xml; charset=utf-8")], text).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
