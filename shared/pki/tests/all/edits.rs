//! Ways to write a SignedData otherwise without touching what is signed. Shared by the tests of `pki`, of `pades` and of changed copies.

/// One element of DER: tag, and content or members.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Leaf(u8, Vec<u8>),
    Tree(u8, Vec<Node>),
}

const ORDER_OF_P256: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Length of the header and of the content of the first element.
fn header(der: &[u8]) -> (usize, usize) {
    let first = usize::from(der[1]);
    if first < 0x80 {
        return (2, first);
    }
    let octets = &der[2..2 + (first & 0x7f)];
    (2 + octets.len(), octets.iter().fold(0, |sum, octet| sum * 256 + usize::from(*octet)))
}

impl Node {
    fn read(der: &[u8]) -> Node {
        let (head, long) = header(der);
        let content = &der[head..head + long];
        if der[0] & 0x20 == 0 {
            return Node::Leaf(der[0], content.to_vec());
        }
        let (mut members, mut at) = (Vec::new(), 0);
        while at < content.len() {
            let (head, long) = header(&content[at..]);
            members.push(Node::read(&content[at..at + head + long]));
            at += head + long;
        }
        Node::Tree(der[0], members)
    }

    fn write(&self) -> Vec<u8> {
        let (tag, content) = match self {
            Node::Leaf(tag, content) => (*tag, content.clone()),
            Node::Tree(tag, members) => (*tag, members.iter().flat_map(Node::write).collect()),
        };
        let mut out = vec![tag];
        match content.len() {
            long @ ..0x80 => out.push(long as u8),
            long @ ..0x100 => out.extend([0x81, long as u8]),
            long => out.extend([0x82, (long >> 8) as u8, long as u8]),
        }
        out.extend(content);
        out
    }

    fn of(&mut self, at: usize) -> &mut Node {
        let Node::Tree(_, members) = self else { panic!("a primitive element") };
        members.get_mut(at).expect("a member")
    }

    fn members(&mut self) -> &mut Vec<Node> {
        let Node::Tree(_, members) = self else { panic!("a primitive element") };
        members
    }

    fn octets(&mut self) -> &mut Vec<u8> {
        let Node::Leaf(_, content) = self else { panic!("a constructed element") };
        content
    }

    /// SignedData of a ContentInfo.
    fn body(&mut self) -> &mut Node {
        self.of(1).of(0)
    }

    fn signer(&mut self) -> &mut Node {
        let last = self.body().members().len() - 1;
        self.body().of(last).of(0)
    }

    fn certificates(&mut self) -> &mut Vec<Node> {
        self.body().of(3).members()
    }
}

const NULL: Node = Node::Leaf(5, Vec::new());

/// A certificate of the copy that the structure does not need, its root, and the key identifier of its signer.
#[derive(Clone, Copy)]
pub(crate) struct Others<'a> {
    pub(crate) foreign: &'a [u8],
    pub(crate) root: &'a [u8],
}

/// The structure with one thing written otherwise: name and DER (or BER). The signature verifies in most of them as before.
///
/// `cms` is in its one form: a time-stamp, or a signature that carries one; its certificates are the signer's and one above.
pub(crate) fn written_otherwise(cms: &[u8], others: &Others<'_>) -> Vec<(&'static str, Vec<u8>)> {
    let mut all: Vec<(&'static str, Vec<u8>)> = Vec::new();
    let mut put = |name, edit: &dyn Fn(&mut Node)| {
        let mut node = Node::read(cms);
        edit(&mut node);
        all.push((name, node.write()));
    };
    put("version", &|cms| cms.body().of(0).octets()[0] += 1);
    put("signer's version", &|cms| cms.signer().of(0).octets()[0] = 3);
    put("a digest algorithm more", &|cms| {
        let sha512 = vec![0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
        cms.body().of(1).members().push(Node::Tree(0x30, vec![Node::Leaf(6, sha512)]));
    });
    put("no digest algorithm", &|cms| cms.body().of(1).members().clear());
    put("NULL in the list of digests", &|cms| cms.body().of(1).of(0).members().push(NULL));
    put("NULL in the signer's digest", &|cms| cms.signer().of(2).members().push(NULL));
    put("NULL in both", &|cms| {
        cms.body().of(1).of(0).members().push(NULL);
        cms.signer().of(2).members().push(NULL);
    });
    put("NULL in the signature algorithm", &|cms| toggle_null(cms.signer().of(4)));
    put("the key's algorithm as the signature's", &|cms| {
        let octets = cms.signer().of(4).of(0).octets();
        *octets = if octets.len() == 8 {
            vec![0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]
        } else {
            vec![0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]
        };
    });
    put("a revocation list", &|cms| {
        cms.body().members().insert(4, Node::Tree(0xa1, vec![Node::Tree(0x30, vec![NULL])]))
    });
    put("something behind the signers", &|cms| cms.body().members().push(NULL));
    put("something behind the structure", &|cms| cms.members().push(NULL));
    put("something inside the explicit tag", &|cms| cms.of(1).members().push(NULL));
    put("the issuer in other letters", &|cms| letters(cms.signer().of(1).of(0)));
    put("certificates in another order", &|cms| cms.certificates().reverse());
    put("a certificate twice", &|cms| {
        let again = cms.certificates()[0].clone();
        cms.certificates().insert(0, again);
    });
    put("a certificate less", &|cms| cms.certificates().truncate(1));
    put("no certificates", &|cms| drop(cms.body().members().remove(3)));
    put("the root", &|cms| add(cms, others.root));
    put("a certificate that is not needed", &|cms| add(cms, others.foreign));
    put("a certificate that is none", &|cms| cms.certificates().push(NULL));
    for at in [0, 1] {
        let name = if at == 0 { "a certificate with another signature" } else { "the other with another signature" };
        put(name, &|cms| *cms.certificates()[at].of(2).octets().last_mut().expect("a signature") ^= 1);
    }
    put("an unsigned attribute", &|cms| {
        let attribute = Node::Tree(0x30, vec![Node::Leaf(6, vec![0x2a, 3, 4]), Node::Tree(0x31, vec![NULL])]);
        match cms.signer().members().get_mut(6) {
            Some(Node::Tree(0xa1, present)) => present.push(attribute),
            _ => cms.signer().members().push(Node::Tree(0xa1, vec![attribute])),
        }
    });
    put("no unsigned attribute", &|cms| cms.signer().members().push(Node::Tree(0xa1, Vec::new())));
    put("another of the two signatures", &|cms| {
        if let Node::Leaf(4, value) = cms.signer().of(5)
            && value.first() == Some(&0x30)
            && value.len() < 73
        {
            *value = mirrored(value);
        }
    });
    all.push(("indefinite length", indefinite(cms)));
    all.push(("a longer form of the length", longer_length(cms)));
    all.retain(|(_, changed)| changed != cms);
    all
}

fn toggle_null(algorithm: &mut Node) {
    let members = algorithm.members();
    if members.len() > 1 { members.truncate(1) } else { members.push(NULL) }
}

/// Small letters become large ones.
fn letters(name: &mut Node) {
    match name {
        Node::Leaf(0x0c | 0x13, text) => text.make_ascii_uppercase(),
        Node::Leaf(..) => {}
        Node::Tree(_, members) => members.iter_mut().for_each(letters),
    }
}

fn add(cms: &mut Node, certificate: &[u8]) {
    let certificates = cms.certificates();
    certificates.push(Node::read(certificate));
    certificates.sort_by_key(Node::write);
}

/// With `s` also the order less `s` verifies.
fn mirrored(value: &[u8]) -> Vec<u8> {
    let mut pair = Node::read(value);
    let s = pair.of(1).octets();
    let mut wide = vec![0; 32_usize.saturating_sub(s.len())];
    wide.extend(&s[s.len().saturating_sub(32)..]);
    let mut borrow = 0;
    let mut other = [0; 33];
    for at in (0..32).rev() {
        let difference = i32::from(ORDER_OF_P256[at]) - i32::from(wide[at]) - borrow;
        borrow = i32::from(difference < 0);
        other[at + 1] = (difference & 0xff) as u8;
    }
    let zeros = other.iter().take_while(|octet| **octet == 0).count();
    let from = if other[zeros] & 0x80 != 0 { zeros - 1 } else { zeros };
    *s = other[from..].to_vec();
    pair.write()
}

fn indefinite(cms: &[u8]) -> Vec<u8> {
    let (head, _) = header(cms);
    [&[cms[0], 0x80], &cms[head..], &[0, 0]].concat()
}

fn longer_length(cms: &[u8]) -> Vec<u8> {
    let (head, long) = header(cms);
    [&[cms[0], 0x83, 0, (long >> 8) as u8, long as u8], &cms[head..]].concat()
}
