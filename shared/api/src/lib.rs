//! HTTP in, problem+json out; Lambda events in, answers out. The only crate that knows HTTP.
//!
//! A function implements [`Function`]; [`serve`] runs it under the Lambda runtime, [`handle`] answers one event. The
//! same [`handle`] is behind the local port, so that no function knows where it runs.

mod alarm;
mod auth;
mod chance;
mod clock;
mod codes;
mod env;
mod event;
mod idempotency;
mod negotiate;
mod problem;
mod quota;
mod reply;
mod request;
mod routes;
mod secret;
mod session;
mod unique;
mod waiting;
mod webhook;
pub use alarm::alarm;

pub use auth::{Keys, needs, needs_any, right_name};
pub use chance::SystemChance;
pub use clock::{Clock, Stopwatch};
pub use codes::{CODES, Code, code};
pub use env::{Env, Missing};
pub use event::{Edge, Function, Handler, handle, handler, serve};
pub use idempotency::{Try, idempotent};
pub use lambda_http::Error;
pub use problem::Problem;
pub use quota::{Counted, QUOTA_HEADERS, caller};
pub use reply::{Reply, page};
pub use request::{Lang, Request, pointer, prose, text, unreadable};
pub use routes::{Body, COMMON, GROUPS, Group, Route, Who, Words, routes};
pub use secret::Secret;
pub use session::session_view;
pub use waiting::add_waiting;
pub use webhook::{Delivered, HINT_LIMIT, Senders};
