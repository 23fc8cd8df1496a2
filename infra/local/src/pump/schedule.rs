//! Schedules: `rate(...)` in real time, at the start, and when the sandbox clock was moved.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use crate::credentials::Credentials;
use crate::functions::{self, FunctionSpec, Handler};
use crate::serve::Stop;

/// Invokes a function at its rate. The first run is at once; a nudge during a run makes one more follow it; runs never
/// overlap. A run that fails is not repeated before its time.
pub(super) async fn run(function: FunctionSpec, rate: Duration, handler: Handler, nudge: Arc<Notify>, mut stop: Stop) {
    let mut every = tokio::time::interval(rate);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stop.wait() => return,
            _ = every.tick() => {}
            () = nudge.notified() => {}
        }
        if let Err(failure) = functions::invoke(&handler, event(&function.name), function.timeout).await
            && !stop.asked()
        {
            tracing::warn!(function = function.name, %failure, "a scheduled run failed");
        }
    }
}

/// EventBridge's event. Its time is the real one; functions take theirs from their own clock.
fn event(function: &str) -> Value {
    let Credentials { region, account, .. } = Credentials::default();
    json!({
        "version": "0",
        "id": uuid::Uuid::new_v4().to_string(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": region,
        "resources": [format!("arn:aws:events:{region}:{account}:rule/{function}-sweep")],
        "detail": {},
    })
}
