//! Decryption with the empty user password (ISO 32000-2 clause 7.6): what every viewer opens without asking.
//!
//! The standard security handler only: RC4 with 40 to 128 bits, AESV2, AESV3 (revisions 2 to 6). Asks for no password, knows no
//! certificates, checks no permissions, encrypts nothing.

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, StreamCipher};
use aes::{Aes128, Aes256};
use md5::Md5;
use rc4::{KeyInit, Rc4};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::object::{Dict, ObjId, Object};

/// What a short password is filled up with (clause 7.6.4.3.2, algorithm 2 a); all of the empty one.
const PADDING: [u8; 32] = [
    0x28, 0xBF, 0x4E, 0x5E, 0x4E, 0x75, 0x8A, 0x41, 0x64, 0x00, 0x4E, 0x56, 0xFF, 0xFA, 0x01, 0x08, 0x2E, 0x2E, 0x00,
    0xB6, 0xD0, 0x68, 0x3E, 0x80, 0x2F, 0x0C, 0xA9, 0xFE, 0x64, 0x53, 0x69, 0x7A,
];
const BLOCK: usize = 16;

/// How strings or streams are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Identity,
    Rc4,
    AesV2,
    AesV3,
}

/// The opened encryption of a file.
#[derive(Debug)]
pub(crate) struct Cipher {
    key: Vec<u8>,
    strings: Method,
    streams: Method,
    /// `/EncryptMetadata`.
    metadata: bool,
    /// `/CF`, for streams that name their own filter.
    filters: Dict,
    version: i64,
}

impl Cipher {
    /// Opens what the encryption dictionary and the first element of `/ID` describe; `None` where the empty password does not open it.
    pub(crate) fn open(dict: &Dict, id: &[u8]) -> Option<Cipher> {
        let version = dict.int(b"V")?;
        let revision = dict.int(b"R")?;
        if dict.name(b"Filter") != Some(b"Standard") {
            return None;
        }
        let filters = dict.dict(b"CF").cloned().unwrap_or_default();
        let named = |key: &[u8]| method(&filters, dict.name(key).unwrap_or(b"Identity"));
        let (strings, streams) = match version {
            1 | 2 => (Method::Rc4, Method::Rc4),
            4 | 5 => (named(b"StrF")?, named(b"StmF")?),
            _ => return None,
        };
        let metadata = dict.get(b"EncryptMetadata").and_then(Object::as_bool).unwrap_or(true);
        let key = match (version, revision) {
            (1 | 2 | 4, 2..=4) => old_key(dict, revision, id, metadata)?,
            (5, 5 | 6) => new_key(dict, revision)?,
            _ => return None,
        };
        Some(Cipher { key, strings, streams, metadata, filters, version })
    }

    /// Decrypts the strings of an object in place; `/Contents` of a signature is never encrypted (clause 7.6.2).
    pub(crate) fn strings(&self, id: ObjId, object: &mut Object) {
        match object {
            Object::String(string) => string.bytes = self.apply(self.strings, id, &string.bytes),
            Object::Array(items) => items.iter_mut().for_each(|item| self.strings(id, item)),
            Object::Dict(dict) => self.dict_strings(id, dict),
            Object::Stream(stream) => self.dict_strings(id, &mut stream.dict),
            _ => {}
        }
    }

    fn dict_strings(&self, id: ObjId, dict: &mut Dict) {
        let signature = dict.contains(b"ByteRange");
        for (_, value) in dict.iter_mut().filter(|(key, _)| !(signature && *key == b"Contents")) {
            self.strings(id, value);
        }
    }

    /// The bytes of a stream before its other filters.
    pub(crate) fn stream(&self, id: ObjId, dict: &Dict, raw: &[u8]) -> Vec<u8> {
        self.apply(self.method_of(dict), id, raw)
    }

    fn method_of(&self, dict: &Dict) -> Method {
        if dict.is_type(b"XRef") || (!self.metadata && dict.is_type(b"Metadata")) {
            return Method::Identity;
        }
        let first = match dict.get(b"Filter") {
            Some(Object::Array(list)) => list.first().and_then(Object::as_name),
            Some(Object::Name(name)) => Some(name.as_slice()),
            _ => None,
        };
        if first != Some(b"Crypt") || self.version < 4 {
            return self.streams;
        }
        let parms = match dict.get(b"DecodeParms") {
            Some(Object::Array(list)) => list.first().and_then(Object::as_dict),
            Some(Object::Dict(parms)) => Some(parms),
            _ => None,
        };
        let name = parms.and_then(|parms| parms.name(b"Name")).unwrap_or(b"Identity");
        method(&self.filters, name).unwrap_or(self.streams)
    }

    fn apply(&self, method: Method, id: ObjId, data: &[u8]) -> Vec<u8> {
        match method {
            Method::Identity => data.to_vec(),
            Method::Rc4 => rc4(&self.object_key(id, false), data).unwrap_or_default(),
            Method::AesV2 => aes_data(&self.object_key(id, true), data).unwrap_or_default(),
            Method::AesV3 => aes_data(&self.key, data).unwrap_or_default(),
        }
    }

    /// Algorithm 1: the key of one object.
    fn object_key(&self, id: ObjId, aes: bool) -> Vec<u8> {
        let mut hash = Md5::new();
        hash.update(&self.key);
        hash.update(id.num.to_le_bytes().get(..3).unwrap_or_default());
        hash.update(id.generation.to_le_bytes());
        if aes {
            hash.update(b"sAlT");
        }
        let mut key = hash.finalize().to_vec();
        key.truncate((self.key.len() + 5).min(BLOCK));
        key
    }
}

/// The method of a crypt filter (table 25).
fn method(filters: &Dict, name: &[u8]) -> Option<Method> {
    if name == b"Identity" {
        return Some(Method::Identity);
    }
    match filters.dict(name)?.name(b"CFM") {
        None | Some(b"None") => Some(Method::Identity),
        Some(b"V2") => Some(Method::Rc4),
        Some(b"AESV2") => Some(Method::AesV2),
        Some(b"AESV3") => Some(Method::AesV3),
        Some(_) => None,
    }
}

/// Algorithm 2, and algorithms 4 and 5 to see whether the empty password is the one.
fn old_key(dict: &Dict, revision: i64, id: &[u8], metadata: bool) -> Option<Vec<u8>> {
    let bits = if dict.int(b"V") == Some(1) {
        40
    } else {
        dict.int(b"Length").unwrap_or(if dict.int(b"V") == Some(4) { 128 } else { 40 })
    };
    let length = usize::try_from(bits / 8).ok().filter(|length| (5..=BLOCK).contains(length))?;
    // Permissions are a 32-bit pattern; some writers give it without its sign.
    let permissions = u32::try_from(dict.int(b"P")? & 0xFFFF_FFFF).ok()?;
    let mut hash = Md5::new();
    hash.update(PADDING);
    hash.update(dict.string(b"O")?.get(..32)?);
    hash.update(permissions.to_le_bytes());
    hash.update(id);
    if revision >= 4 && !metadata {
        hash.update([0xFF; 4]);
    }
    let mut key = hash.finalize().to_vec();
    if revision >= 3 {
        for _ in 0..50 {
            key = Md5::digest(key.get(..length)?).to_vec();
        }
    }
    key.truncate(length);
    let known = dict.string(b"U")?;
    let right = if revision == 2 {
        known.get(..32)? == rc4(&key, &PADDING)?
    } else {
        let mut value = Md5::new().chain_update(PADDING).chain_update(id).finalize().to_vec();
        for round in 0..20u8 {
            let turned: Vec<u8> = key.iter().map(|byte| byte ^ round).collect();
            value = rc4(&turned, &value)?;
        }
        known.get(..16)? == value
    };
    right.then_some(key)
}

/// Algorithms 2.A and 11 for the empty password.
fn new_key(dict: &Dict, revision: i64) -> Option<Vec<u8>> {
    let user = dict.string(b"U")?;
    let (hash, check, salt) = (user.get(..32)?, user.get(32..40)?, user.get(40..48)?);
    let digest = |salt: &[u8]| if revision == 5 { Some(Sha256::digest(salt).to_vec()) } else { hardened(salt) };
    if digest(check)? != hash {
        return None;
    }
    let mut key = dict.string(b"UE")?.get(..32)?.to_vec();
    cbc::Decryptor::<Aes256>::new_from_slices(&digest(salt)?, &[0; BLOCK])
        .ok()?
        .decrypt_padded::<NoPadding>(&mut key)
        .ok()?;
    Some(key)
}

/// Algorithm 2.B for an empty password and no user key.
fn hardened(salt: &[u8]) -> Option<Vec<u8>> {
    let mut key = Sha256::digest(salt).to_vec();
    // It ends sooner with any honest input: the chance to go on beyond 300 rounds is below one in 2^100.
    for round in 0..1000u32 {
        let mut text = key.repeat(64);
        let (secret, start) = (key.get(..BLOCK)?, key.get(BLOCK..2 * BLOCK)?);
        let length = text.len();
        cbc::Encryptor::<Aes128>::new_from_slices(secret, start)
            .ok()?
            .encrypt_padded::<NoPadding>(&mut text, length)
            .ok()?;
        // 256 is 1 modulo 3: the sum of the bytes says as much as the number.
        let sum: u32 = text.iter().take(BLOCK).map(|byte| u32::from(*byte)).sum();
        key = match sum % 3 {
            0 => Sha256::digest(&text).to_vec(),
            1 => Sha384::digest(&text).to_vec(),
            _ => Sha512::digest(&text).to_vec(),
        };
        if round >= 63 && u32::from(*text.last()?) <= round + 1 - 32 {
            break;
        }
    }
    key.truncate(32);
    Some(key)
}

fn rc4(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let mut out = data.to_vec();
    Rc4::new_from_slice(key).ok()?.apply_keystream(&mut out);
    Some(out)
}

/// Initialisation vector, then whole blocks, the last of them padded (clause 7.6.3.1). Wrong padding is left standing.
fn aes_data(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let (start, body) = data.split_at_checked(BLOCK)?;
    let mut out = body.get(..body.len() / BLOCK * BLOCK)?.to_vec();
    if key.len() == BLOCK {
        cbc::Decryptor::<Aes128>::new_from_slices(key, start).ok()?.decrypt_padded::<NoPadding>(&mut out).ok()?;
    } else {
        cbc::Decryptor::<Aes256>::new_from_slices(key, start).ok()?.decrypt_padded::<NoPadding>(&mut out).ok()?;
    }
    let padding = out.last().map_or(0, |byte| usize::from(*byte));
    if (1..=BLOCK).contains(&padding) && out.iter().rev().take(padding).all(|byte| usize::from(*byte) == padding) {
        out.truncate(out.len().saturating_sub(padding));
    }
    Some(out)
}
