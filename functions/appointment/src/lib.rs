//! Books, moves and cancels visits (đặt lịch hẹn); tells units, slots, calendar, fees and document types.
//!
//! Does not receive cases: that is `intake`.

mod booking;
mod catalogue;
mod slots;
mod views;

use api::{Edge, Env, Error, Function, Keys, Problem, Reply, Request};
use store::Table;

/// The function with what it needs.
pub struct Appointment {
    edge: Edge,
    keys: Keys,
    records: Table,
}

impl Appointment {
    /// Reads the settings and makes the clients.
    ///
    /// # Errors
    /// A missing or unreadable setting, by name.
    pub fn new(env: &Env, aws: &aws_config::SdkConfig) -> Result<Self, Error> {
        Ok(Self { edge: Edge::new(env), keys: Keys::new(env)?, records: Table::new(aws, env.required("TABLE_NAME")?) })
    }
}

impl Function for Appointment {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn http(&self, request: &Request) -> Result<Reply, Problem> {
        let (method, path) = request.route();
        match (method, path.as_slice()) {
            ("GET", ["v1", "units"]) => self.units(request).await,
            ("GET", ["v1", "units", id]) => self.unit(request, id).await,
            ("GET", ["v1", "units", id, "slots"]) => self.slots(request, id).await,
            ("GET", ["v1", "calendar"]) => self.calendar(request),
            ("GET", ["v1", "document-types"]) => self.document_types(),
            ("GET", ["v1", "fees"]) => self.fees(request),
            ("POST", ["v1", "appointments"]) => self.book(request).await,
            ("GET", ["v1", "appointments", id]) => self.appointment(request, id).await,
            ("PATCH", ["v1", "appointments", id]) => self.change(request, id).await,
            ("POST", ["v1", "appointments", id, "cancel"]) => self.cancel(request, id).await,
            _ => Err(Problem::new("not-found")),
        }
    }
}
