//! Event filtering: the part of EventBridge's patterns that the template uses, exact values at any depth.
//!
//! Not here: prefix, suffix, exists, anything-but, numeric, `$or`. They are refused, never ignored, for a pattern that
//! is read as wider or narrower than it is would lose work or do it twice.

use serde_json::Value;

/// A pattern that was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern(Vec<(String, Matcher)>);

#[derive(Debug, Clone, PartialEq)]
enum Matcher {
    OneOf(Vec<Value>),
    Nested(Pattern),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A sentence about what is malformed or not understood.
    pub fn parse(pattern: &Value) -> Result<Self, String> {
        let fields = pattern.as_object().filter(|fields| !fields.is_empty());
        let fields = fields.ok_or("a filter pattern is an object with at least one field")?;
        fields
            .iter()
            .map(|(name, matcher)| Ok((name.clone(), Matcher::parse(name, matcher)?)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether an event passes: every field of the pattern is there, and its value is one of those listed.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        self.0.iter().all(|(name, matcher)| event.get(name).is_some_and(|value| matcher.matches(value)))
    }
}

impl Matcher {
    fn parse(name: &str, matcher: &Value) -> Result<Self, String> {
        if name.starts_with('$') {
            return Err(format!("the pattern operator {name} is not understood"));
        }
        match matcher {
            Value::Object(_) => Pattern::parse(matcher).map(Self::Nested),
            Value::Array(values) if values.is_empty() => Err(format!("{name} lists no value")),
            Value::Array(values) => match values.iter().find(|value| value.is_object() || value.is_array()) {
                Some(operator) => Err(format!("{name}: the matcher {operator} is not understood")),
                None => Ok(Self::OneOf(values.clone())),
            },
            _ => Err(format!("{name} must list values or nest a pattern")),
        }
    }

    /// An array in the event passes when one of its elements does.
    fn matches(&self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Array(values)) => values.iter().any(|value| self.matches(value)),
            (Self::OneOf(wanted), value) => wanted.contains(value),
            (Self::Nested(pattern), value) => pattern.matches(value),
        }
    }
}
