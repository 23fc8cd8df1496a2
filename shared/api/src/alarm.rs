//! What the operator has to look at (docs/LOGGING.md).

/// Writes a line that the alarm rules count: its field `alarm` is a stable code, `text` is for the operator.
pub fn alarm(code: &'static str, text: &str) {
    tracing::error!(alarm = code, text, "something needs the operator");
}
