//! Whose answer something waits for, in JSON: `{"for":"timestamp","since":…,"next_try_at":…}`.

use domain::model::{Outbox, WaitsFor};
use domain::time::{civil, rfc3339};
use serde_json::{Value, json};

/// Adds `waiting` to what is shown, when the order says whom it waits for. `since` is when the order was given; while it is tried again,
/// `next_try_at` is when somebody else would.
pub fn add_waiting(shown: &mut Value, order: Option<&Outbox>) {
    let Some((order, waits)) = order.and_then(|order| Some((order, order.waits?))) else { return };
    let (vi, en) = words(waits);
    let at = civil(order.due_at).strftime("%H:%M:%S");
    shown["waiting"] = json!({
        "for": waits.name(), "since": rfc3339(order.at), "next_try_at": rfc3339(order.due_at),
        "text": {"vi": format!("Đang chờ {vi}, thử lại lúc {at}."), "en": format!("Waiting for {en}; the next try is at {at}.")},
    });
}

fn words(waits: WaitsFor) -> (&'static str, &'static str) {
    match waits {
        WaitsFor::Timestamp => ("dấu thời gian của TSA", "a TSA's time-stamp"),
        WaitsFor::Revocation => {
            ("trả lời của CA về tình trạng thu hồi (OCSP, CRL)", "what CAs say about revocation (OCSP, CRL)")
        }
        WaitsFor::Repair => ("khắc phục sự cố của hệ thống", "a fault of this system to be mended"),
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::EventId;
    use domain::model::{Learned, Topic};
    use jiff::Timestamp;

    use super::*;

    /// Work that was never put off waits for nobody; what was there stays.
    #[test]
    fn only_what_was_put_off_waits() {
        let (at, due_at) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(60).expect("a minute later"));
        let subject = "copy_x".to_owned();
        let order = Outbox {
            id: EventId::new([1; 16]),
            topic: Topic::Archive,
            subject,
            at,
            due_at,
            waits: None,
            learned: Learned::default(),
        };
        let shown = |order: Option<Outbox>| {
            let mut shown = json!({"status": "sealed"});
            add_waiting(&mut shown, order.as_ref());
            shown
        };
        assert_eq!(shown(None), json!({"status": "sealed"}));
        assert_eq!(shown(Some(order.clone())), json!({"status": "sealed"}));
        let told = shown(Some(Outbox { waits: Some(WaitsFor::Timestamp), ..order.clone() }));
        let wanted = json!({
            "for": "timestamp", "since": "1970-01-01T07:00:00+07:00", "next_try_at": "1970-01-01T07:01:00+07:00",
            "text": {
                "vi": "Đang chờ dấu thời gian của TSA, thử lại lúc 07:01:00.",
                "en": "Waiting for a TSA's time-stamp; the next try is at 07:01:00.",
            },
        });
        assert_eq!(told, json!({"status": "sealed", "waiting": wanted}));
        let other = |waits| shown(Some(Outbox { waits: Some(waits), ..order.clone() }));
        assert_eq!(other(WaitsFor::Revocation)["waiting"]["for"], "revocation");
        let repair = other(WaitsFor::Repair);
        assert_eq!(repair["waiting"]["for"], "repair");
        assert_eq!(repair["waiting"]["text"]["vi"], "Đang chờ khắc phục sự cố của hệ thống, thử lại lúc 07:01:00.");
    }
}
