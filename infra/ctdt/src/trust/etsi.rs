//! Reads a trusted list of ETSI TS 119 612 into our form.
//!
//! Does not verify the XML signature (XAdES): importing is an operator's act away from the network, who has the file's SHA-256
//! from the publisher and states it (docs/decisions/0008-trust-lists.md). Services that play no part in judging documents are left
//! out and counted. No entity is expanded and no document type is read: the reader refuses them.

use jiff::Timestamp;
use pki::Certificate;
use pki::trustlist::{Kind, Period, Provider, Service, Status, Tree};
use roxmltree::{Document, Node};

/// The namespace of TS 119 612 §5.
const TSL: &str = "http://uri.etsi.org/02231/v2#";

/// What a list gave.
#[derive(Debug)]
pub(crate) struct Imported {
    /// Providers with at least one service that counts.
    pub(crate) providers: Vec<Provider>,
    /// When the list was issued, Unix seconds.
    pub(crate) issued_at: i64,
    /// When the next one is due, Unix seconds.
    pub(crate) next_update: i64,
    /// Services that were left out.
    pub(crate) left_out: usize,
}

/// Reads the XML.
///
/// # Errors
/// A sentence that says what is missing and where.
pub(crate) fn read(xml: &str, tree: Tree) -> Result<Imported, String> {
    let document = Document::parse(xml).map_err(|error| format!("XML: {error}"))?;
    let root = document.root_element();
    if !root.has_tag_name((TSL, "TrustServiceStatusList")) {
        return Err("không phải danh sách ETSI TS 119 612 / not a TrustServiceStatusList".to_owned());
    }
    let scheme = child(root, "SchemeInformation")?;
    let next = child(child(scheme, "NextUpdate")?, "dateTime")?;
    let mut imported = Imported {
        providers: Vec::new(),
        issued_at: instant(child(scheme, "ListIssueDateTime")?)?,
        next_update: instant(next)?,
        left_out: 0,
    };
    for provider in children(child(root, "TrustServiceProviderList")?, "TrustServiceProvider") {
        let name = name_in(child(child(provider, "TSPInformation")?, "TSPName")?)?;
        let mut services = Vec::new();
        for service in children(child(provider, "TSPServices")?, "TSPService") {
            let found = self::services(service)?;
            imported.left_out += usize::from(found.is_empty());
            services.extend(found);
        }
        if !services.is_empty() {
            imported.providers.push(Provider { name, tree, services });
        }
    }
    Ok(imported)
}

/// One service, once per certificate that names it; empty when its kind or every status is of no matter.
fn services(node: Node<'_, '_>) -> Result<Vec<Service>, String> {
    let information = child(node, "ServiceInformation")?;
    let Some(kind) = kind(text(child(information, "ServiceTypeIdentifier")?)) else { return Ok(Vec::new()) };
    let name = name_in(child(information, "ServiceName")?)?;
    let mut history = vec![period(information)?];
    if let Ok(past) = child(node, "ServiceHistory") {
        for instance in children(past, "ServiceHistoryInstance") {
            history.push(period(instance)?);
        }
    }
    let history = ordered(history.into_iter().flatten().collect());
    if history.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Service> = Vec::new();
    for identity in children(child(information, "ServiceDigitalIdentity")?, "DigitalId") {
        for node in children(identity, "X509Certificate") {
            let base64: String = text(node).split_whitespace().collect();
            let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", folded(&base64));
            let certificates = Certificate::from_pem_many(&pem).map_err(|error| format!("{name}: {error}"))?;
            let certificate = certificates.into_iter().next().ok_or_else(|| format!("{name}: X509Certificate"))?;
            if !found.iter().any(|known| known.certificate == certificate) {
                found.push(Service { kind, name: name.clone(), certificate, history: history.clone() });
            }
        }
    }
    Ok(found)
}

/// TS 119 612 §5.5.1.
fn kind(uri: &str) -> Option<Kind> {
    let end = uri.rsplit_once("/Svctype/").map_or(uri, |(_, end)| end);
    match end {
        "NationalRootCA-QC" => Some(Kind::Root),
        "CA/QC" | "CA/PKC" => Some(Kind::SigningCa),
        "TSA" | "TSA/QTST" | "TSA/TSS-QC" | "TSA/TSS-AdESQCandQES" => Some(Kind::Tsa),
        "Certstatus/OCSP" | "Certstatus/OCSP/QC" => Some(Kind::Ocsp),
        _ => None,
    }
}

/// TS 119 612 §5.5.4 and the statuses of its earlier editions; another one is of no matter.
fn status(uri: &str) -> Option<Status> {
    match uri.trim_end_matches('/').rsplit('/').next()?.to_ascii_lowercase().as_str() {
        "granted"
        | "recognisedatnationallevel"
        | "setbynationallaw"
        | "accredited"
        | "undersupervision"
        | "supervisionincessation" => Some(Status::Granted),
        "withdrawn"
        | "deprecatedatnationallevel"
        | "deprecatedbynationallaw"
        | "supervisionceased"
        | "supervisionrevoked"
        | "accreditationceased"
        | "accreditationrevoked" => Some(Status::Withdrawn),
        _ => None,
    }
}

fn period(node: Node<'_, '_>) -> Result<Option<Period>, String> {
    let from = instant(child(node, "StatusStartingTime")?)?;
    Ok(status(text(child(node, "ServiceStatus")?)).map(|status| Period { status, from }))
}

/// Oldest first; a status that only repeats the one before says nothing new.
fn ordered(mut history: Vec<Period>) -> Vec<Period> {
    history.sort_by_key(|period| period.from);
    history.dedup_by(|later, earlier| {
        if later.from == earlier.from {
            // Two statuses at one instant: the stricter one holds.
            if later.status == Status::Withdrawn {
                earlier.status = Status::Withdrawn;
            }
            return true;
        }
        later.status == earlier.status
    });
    history
}

fn child<'a, 'd>(node: Node<'a, 'd>, name: &str) -> Result<Node<'a, 'd>, String> {
    let found = node.children().find(|child| child.has_tag_name((TSL, name)));
    found.ok_or_else(|| format!("thiếu / missing {name} in {}", node.tag_name().name()))
}

fn children<'a, 'd>(node: Node<'a, 'd>, name: &'static str) -> impl Iterator<Item = Node<'a, 'd>> {
    node.children().filter(move |child| child.has_tag_name((TSL, name)))
}

fn text<'a>(node: Node<'a, '_>) -> &'a str {
    node.text().unwrap_or_default().trim()
}

/// Vietnamese, else English, else the first name.
fn name_in(node: Node<'_, '_>) -> Result<String, String> {
    let names: Vec<Node<'_, '_>> = children(node, "Name").collect();
    let in_language = |tag: &str| {
        names.iter().find(|name| name.attributes().any(|one| one.name() == "lang" && one.value() == tag)).copied()
    };
    let chosen = in_language("vi").or_else(|| in_language("en")).or_else(|| names.first().copied());
    chosen.map(|name| text(name).to_owned()).ok_or_else(|| "thiếu tên / missing Name".to_owned())
}

fn instant(node: Node<'_, '_>) -> Result<i64, String> {
    let read = text(node).parse::<Timestamp>().map(Timestamp::as_second);
    read.map_err(|_| format!("{}: không phải thời điểm / not an instant", node.tag_name().name()))
}

/// PEM has lines of 64 characters (RFC 7468 §2).
fn folded(base64: &str) -> String {
    let lines: Vec<&str> = base64.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(services: &str) -> String {
        format!(
            "<TrustServiceStatusList xmlns=\"{TSL}\"><SchemeInformation>\
             <ListIssueDateTime>2026-11-01T00:00:00Z</ListIssueDateTime>\
             <NextUpdate><dateTime>2027-05-01T00:00:00Z</dateTime></NextUpdate></SchemeInformation>\
             <TrustServiceProviderList><TrustServiceProvider><TSPInformation><TSPName>\
             <Name xml:lang=\"en\">Provider</Name><Name xml:lang=\"vi\">Nhà cung cấp</Name></TSPName></TSPInformation>\
             <TSPServices>{services}</TSPServices></TrustServiceProvider></TrustServiceProviderList></TrustServiceStatusList>"
        )
    }

    fn service(kind: &str, now: &str, past: &str) -> String {
        let pem = include_str!("../../../../tests/fuzz/corpus/roots.pem");
        let certificate = pem.split("-----").nth(2).expect("a block");
        format!(
            "<TSPService><ServiceInformation>\
             <ServiceTypeIdentifier>http://uri.etsi.org/TrstSvc/Svctype/{kind}</ServiceTypeIdentifier>\
             <ServiceName><Name xml:lang=\"en\">S</Name></ServiceName>\
             <ServiceDigitalIdentity><DigitalId><X509Certificate>{certificate}</X509Certificate></DigitalId>\
             <DigitalId><X509SubjectName>CN=x</X509SubjectName></DigitalId></ServiceDigitalIdentity>\
             <ServiceStatus>http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/{now}</ServiceStatus>\
             <StatusStartingTime>2026-01-01T00:00:00Z</StatusStartingTime></ServiceInformation>\
             <ServiceHistory><ServiceHistoryInstance>\
             <ServiceStatus>http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/{past}</ServiceStatus>\
             <StatusStartingTime>2020-01-01T00:00:00Z</StatusStartingTime></ServiceHistoryInstance></ServiceHistory></TSPService>"
        )
    }

    #[test]
    fn services_come_with_their_history() {
        let xml = list(&(service("CA/QC", "withdrawn", "granted") + &service("EDS/Q", "granted", "granted")));
        let imported = read(&xml, Tree::Foreign).expect("a list");
        assert_eq!((imported.providers.len(), imported.left_out), (1, 1));
        let provider = &imported.providers[0];
        assert_eq!((provider.name.as_str(), provider.tree), ("Nhà cung cấp", Tree::Foreign));
        let [one] = provider.services.as_slice() else { panic!("{provider:?}") };
        assert_eq!(one.kind, Kind::SigningCa);
        let statuses: Vec<Status> = one.history.iter().map(|period| period.status).collect();
        assert_eq!(statuses, [Status::Granted, Status::Withdrawn]);
        assert_eq!((imported.issued_at, imported.next_update), (1_793_491_200, 1_809_129_600));
    }

    #[test]
    fn statuses_of_all_editions_are_known_and_repetitions_fall_together() {
        let imported = read(&list(&service("TSA/QTST", "granted", "undersupervision")), Tree::Foreign).expect("a list");
        assert_eq!(imported.providers[0].services[0].history.len(), 1);
        let unknown = read(&list(&service("CA/QC", "something", "else")), Tree::Foreign).expect("a list");
        assert_eq!((unknown.providers.len(), unknown.left_out), (0, 1));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let good = list(&service("CA/QC", "granted", "granted"));
        for bad in [
            "<a/>".to_owned(),
            good.replace("NextUpdate", "Next"),
            good.replace("2026-11-01T00:00:00Z", "2026-11-01"),
            good.replace("</X509Certificate>", "AAAA</X509Certificate>"),
            format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{good}"),
        ] {
            assert!(read(&bad, Tree::Foreign).is_err(), "{bad}");
        }
    }
}
