//! The trust list of the test PKI: what a deployment gets from its operator.

use pki::trustlist::{self, Kind, Period, Provider, Service, Status, Tree, TrustList};

use super::{Ca, Error, Holder, TestPki, YEAR};

impl TestPki {
    /// The signed trust list of both trees, marked as one for tests. The same PKI gives the same list; its signature differs.
    ///
    /// # Errors
    /// When the library cannot encode or sign it.
    pub fn trust_list(&self) -> Result<Vec<u8>, Error> {
        let json = trustlist::write(&self.list())?;
        let attributes = trustlist::to_be_signed(&json, &self.operator.certificate)?;
        Ok(trustlist::assemble(&json, &self.operator.certificate, &self.operator.key.sign(&attributes))?)
    }

    /// The pin of the key that signs the trust list, hexadecimal.
    #[must_use]
    pub fn trust_list_pin(&self) -> String {
        hex::encode(trustlist::pin(&self.operator.certificate))
    }

    fn list(&self) -> TrustList {
        let granted = |kind: Kind, holder: &Holder| Service {
            kind,
            name: holder.certificate.common_name().unwrap_or_default(),
            certificate: holder.certificate.clone(),
            history: vec![Period { status: Status::Granted, from: holder.certificate.not_before() }],
        };
        let of = |wanted: Ca, kind: Kind| {
            let all = self.authorities.iter().filter(move |(ca, _)| *ca == wanted);
            all.map(move |(_, holder)| granted(kind, holder))
        };
        let responding = |wanted: Ca| {
            let all = self.responders.iter().filter(move |(ca, _)| *ca == wanted);
            all.map(|(_, holder)| granted(Kind::Ocsp, holder))
        };
        let tree = |name: &str, tree: Tree, root: Ca, issuing: Ca| {
            let services =
                of(root, Kind::Root).chain(of(issuing, Kind::SigningCa)).chain(responding(issuing)).collect();
            Provider { name: name.to_owned(), tree, services }
        };
        let government = tree("CTDT Test Cơ yếu", Tree::Government, Ca::GovernmentRoot, Ca::Government);
        let mut national = tree("CTDT Test Chứng thực quốc gia", Tree::National, Ca::NationalRoot, Ca::Public);
        national.services.push(granted(Kind::Tsa, &self.tsa));
        let issued_at = self.operator.certificate.not_before();
        TrustList {
            sequence: 1,
            issued_at,
            // The sandbox's clock may be moved far ahead.
            next_update: issued_at.saturating_add(YEAR.saturating_mul(100)),
            operator: "CTDT Test vận hành".to_owned(),
            test: true,
            providers: vec![government, national],
        }
    }
}
