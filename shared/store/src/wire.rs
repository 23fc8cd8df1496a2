//! How single values stand in an item: the building blocks of the mirrors in [`crate::items`].
//!
//! Does not name items. A shape is a type that knows how to write and read another type; shapes compose, so that a field
//! of a mirror says `#[serde(with = "As::<Opt<Time>>")]` and the domain type stays free of serde.

use std::fmt;
use std::marker::PhantomData;

use domain::ids::*;
use domain::series::Written;
use domain::title::Title;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeTuple as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A shape of `T`.
pub(crate) trait Wire<T> {
    fn put<S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error>;
    fn take<'de, D: Deserializer<'de>>(from: D) -> Result<T, D::Error>;
}

/// For `#[serde(with = "As::<Shape>")]`.
pub(crate) struct As<W>(PhantomData<W>);

impl<W> As<W> {
    pub(crate) fn serialize<T, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error>
    where
        W: Wire<T>,
    {
        W::put(value, to)
    }

    pub(crate) fn deserialize<'de, T, D: Deserializer<'de>>(from: D) -> Result<T, D::Error>
    where
        W: Wire<T>,
    {
        W::take(from)
    }
}

/// A borrowed value with its shape.
pub(crate) struct Out<'a, T, W>(pub(crate) &'a T, PhantomData<W>);

impl<'a, T, W> Out<'a, T, W> {
    pub(crate) fn new(value: &'a T) -> Self {
        Self(value, PhantomData)
    }
}

impl<T, W: Wire<T>> Serialize for Out<'_, T, W> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        W::put(self.0, to)
    }
}

/// A value that was read in a shape.
pub(crate) struct In<T, W>(pub(crate) T, PhantomData<W>);

impl<'de, T, W: Wire<T>> Deserialize<'de> for In<T, W> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        W::take(from).map(|value| Self(value, PhantomData))
    }
}

/// An optional value; absent is NULL.
pub(crate) struct Opt<W>(PhantomData<W>);

impl<T, W: Wire<T>> Wire<Option<T>> for Opt<W> {
    fn put<S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.serialize_some(&Out::<T, W>::new(value)),
            None => to.serialize_none(),
        }
    }

    fn take<'de, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
        Ok(Option::<In<T, W>>::deserialize(from)?.map(|inner| inner.0))
    }
}

/// A list.
pub(crate) struct Many<W>(PhantomData<W>);

impl<T, W: Wire<T>> Wire<Vec<T>> for Many<W> {
    fn put<S: Serializer>(value: &Vec<T>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(value.iter().map(Out::<T, W>::new))
    }

    fn take<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
        Ok(Vec::<In<T, W>>::deserialize(from)?.into_iter().map(|inner| inner.0).collect())
    }
}

/// A pair, as a list of two.
pub(crate) struct Pair<A, B>(PhantomData<(A, B)>);

impl<T, U, A: Wire<T>, B: Wire<U>> Wire<(T, U)> for Pair<A, B> {
    fn put<S: Serializer>(value: &(T, U), to: S) -> Result<S::Ok, S::Error> {
        let mut tuple = to.serialize_tuple(2)?;
        tuple.serialize_element(&Out::<T, A>::new(&value.0))?;
        tuple.serialize_element(&Out::<U, B>::new(&value.1))?;
        tuple.end()
    }

    fn take<'de, D: Deserializer<'de>>(from: D) -> Result<(T, U), D::Error> {
        let (first, second) = <(In<T, A>, In<U, B>)>::deserialize(from)?;
        Ok((first.0, second.0))
    }
}

/// An identifier as text.
pub(crate) struct Id;

pub(crate) trait Ident: Sized {
    fn text(&self) -> &str;
    fn read(text: &str) -> Result<Self, WrongId>;
}

macro_rules! idents {
    ($($id:ty),+) => {$(
        impl Ident for $id {
            fn text(&self) -> &str {
                self.as_str()
            }

            fn read(text: &str) -> Result<Self, WrongId> {
                <$id>::parse(text)
            }
        }
    )+};
}

idents!(
    AppointmentId,
    CaseId,
    CopyId,
    UploadId,
    SessionId,
    DeliveryId,
    UnitId,
    UserId,
    AccountId,
    EventId,
    VerificationId,
    BatchId
);

impl<T: Ident> Wire<T> for Id {
    fn put<S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(value.text())
    }

    fn take<'de, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        T::read(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// An instant as RFC 3339 in UTC, to the nanosecond.
pub(crate) struct Time;

impl Wire<Timestamp> for Time {
    fn put<S: Serializer>(value: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    fn take<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        String::deserialize(from)?.parse().map_err(|_| D::Error::custom("not an instant"))
    }
}

/// A day as `2026-11-26`.
pub(crate) struct Day;

impl Wire<Date> for Day {
    fn put<S: Serializer>(value: &Date, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    fn take<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
        String::deserialize(from)?.parse().map_err(|_| D::Error::custom("not a day"))
    }
}

/// The lines over a signer's name in one.
pub(crate) struct Lines;

impl Wire<Title> for Lines {
    fn put<S: Serializer>(value: &Title, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&value.text())
    }

    fn take<'de, D: Deserializer<'de>>(from: D) -> Result<Title, D::Error> {
        Title::parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// How number and day are written, as a list of two forms.
pub(crate) struct Forms;

impl Wire<Written> for Forms {
    fn put<S: Serializer>(value: &Written, to: S) -> Result<S::Ok, S::Error> {
        value.forms().serialize(to)
    }

    fn take<'de, D: Deserializer<'de>>(from: D) -> Result<Written, D::Error> {
        let (number, day) = <(String, String)>::deserialize(from)?;
        Written::parse(&number, &day).ok_or_else(|| D::Error::custom("not how a number or a day is written"))
    }
}

/// A digest or an identifier as lower-case hexadecimal.
pub(crate) struct Hex;

impl<const N: usize> Wire<[u8; N]> for Hex {
    fn put<S: Serializer>(value: &[u8; N], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&crate::keys::hex(value))
    }

    fn take<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; N], D::Error> {
        unhex(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("not so many hexadecimal digits"))
    }
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Bytes as a binary attribute.
pub(crate) struct Bin;

impl Wire<Vec<u8>> for Bin {
    fn put<S: Serializer>(value: &Vec<u8>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(value)
    }

    fn take<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        from.deserialize_byte_buf(BytesVisitor)
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = list.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}
