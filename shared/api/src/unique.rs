//! JSON whose objects name every member once. Readers differ on which of two wins (RFC 8259 §4), so none may.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Any JSON value without a member that stands twice in one object; what it says is not kept.
pub(crate) struct Unique;

/// How the error begins.
pub(crate) const TWICE: &str = "member twice: ";

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Unique;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
        let mut seen: HashSet<String> = HashSet::new();
        while let Some((name, Unique)) = map.next_entry::<String, Unique>()? {
            if seen.contains(&name) {
                return Err(A::Error::custom(format!("{TWICE}{name}")));
            }
            seen.insert(name);
        }
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unique, A::Error> {
        while list.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_twice_is_refused_at_every_depth() {
        let read = |text: &str| serde_json::from_str::<Unique>(text).map(|_| ()).map_err(|error| error.to_string());
        assert!(read(r#"{"a":1,"b":[{"a":1},{"a":-2.5}],"c":{"a":null,"b":"x","c":true}}"#).is_ok());
        for twice in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"\u0061":2}]}"#, r#"{"x":{"y":{"a":[],"a":{}}}}"#] {
            assert!(read(twice).is_err_and(|error| error.starts_with(TWICE)), "{twice}");
        }
    }
}
