//! Hands out sealed copies (trả kết quả): files, the account's store, notices with a link.
//!
//! Never puts a file into a message (decision 22).

mod download;

use api::{Edge, Env, Error, Function, Keys, Problem, Reply, Request, needs_any, page};
use casework::{aftercare, delivery};
use domain::copy::CopyState;
use domain::ids::{AccountId, CaseId, CopyId};
use domain::model::{Channel, Copy, Delivery as Sent, Number, Outbox, Right, Stored, Topic, User};
use domain::ports::{Fault, Objects, Records};
use domain::time::rfc3339;
use mail::Ses;
use objects::Bucket;
use serde_json::{Value, json};
use store::Table;

/// Who reads copies of a unit.
const READERS: &[Right] = &[Right::Create, Right::Sign, Right::Seal, Right::Portal];
/// Items that one sweep takes.
const SWEEP: u32 = 50;

/// The function with what it needs.
pub struct Delivery {
    edge: Edge,
    keys: Keys,
    records: Table,
    objects: Bucket,
    mail: Ses,
    public_url: String,
    sandbox: bool,
}

impl Delivery {
    /// Reads the settings and makes the clients.
    ///
    /// # Errors
    /// A missing or unreadable setting, by name.
    pub fn new(env: &Env, aws: &aws_config::SdkConfig) -> Result<Self, Error> {
        Ok(Self {
            edge: Edge::new(env),
            keys: Keys::new(env)?,
            records: Table::new(aws, env.required("TABLE_NAME")?),
            objects: Bucket::new(aws, env.required("BUCKET_NAME")?),
            mail: Ses::new(aws, env.required("SENDER")?),
            public_url: env.required("PUBLIC_URL")?,
            sandbox: env.required("MODE")? != "live",
        })
    }

    async fn caller(&self, request: &Request) -> Result<User, Problem> {
        self.keys.caller(request, self.edge.clock.now(), &self.records).await
    }

    async fn file(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let id = request.id(id, CopyId::parse)?;
        let copy = self.records.copy(&id).await?.ok_or_else(|| Problem::new("not-found"))?;
        self.may_read(&caller, &copy).await?;
        let (stored, number) = issued(&copy)?;
        let link = self.objects.presign_get(&stored.path, &file_name(number)).await?;
        Ok(Reply::see_other(&link.url).header("repr-digest", &format!("sha-256=:{}:", base64(&stored.sha256))))
    }

    async fn may_read(&self, caller: &User, copy: &Copy) -> Result<(), Problem> {
        if let Some(account) = &caller.account {
            let case = self.records.case(&copy.case).await?;
            if case.is_some_and(|case| case.requester.account.as_ref() == Some(account)) {
                return Ok(());
            }
        }
        needs_any(caller, READERS, &copy.unit)
    }

    async fn of_account(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let account = request.id(id, AccountId::parse)?;
        let portal = caller.grants.iter().any(|(right, _)| *right == Right::Portal);
        if caller.account.as_ref() != Some(&account) && !portal {
            return Err(Problem::new("not-found"));
        }
        let copies = self.records.account_copies(&account).await?;
        let data = copies.iter().map(|(copy, sent)| in_store(copy, sent)).collect();
        Ok(Reply::json(200, &page(data, &self.edge.clock.text())))
    }

    async fn of_case(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        let id = request.id(id, CaseId::parse)?;
        let case = self.records.case(&id).await?.ok_or_else(|| Problem::new("not-found"))?;
        needs_any(&caller, READERS, &case.unit)?;
        let sent = self.records.deliveries(&id).await?;
        Ok(Reply::json(200, &page(sent.iter().map(shown).collect(), &self.edge.clock.text())))
    }
}

/// A page as an answer.
pub(crate) fn html(status: u16, body: String) -> Reply {
    web::HEADERS.iter().fold(Reply::html(status, body), |page, (name, value)| page.header(name, value))
}

/// How a file is called when it is saved.
pub(crate) fn file_name(number: &Number) -> String {
    format!("ban-sao-{}-{}.pdf", number.number, number.year)
}

/// The last issued file.
fn issued(copy: &Copy) -> Result<(&Stored, &Number), Problem> {
    match &copy.state {
        CopyState::Sealed { number, sealed, archived, .. } => Ok((archived.as_ref().unwrap_or(sealed), number)),
        CopyState::Annulled { .. } => Err(Problem::new("copy-annulled")),
        _ => Err(Problem::new("copy-not-ready")),
    }
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn in_store(copy: &Copy, sent: &Sent) -> Value {
    let mut shown = json!({"id": copy.id.as_str(), "title": copy.title, "status": copy.state.name(), "delivered_at": sent.sent_at.map(rfc3339), "livemode": false});
    if let CopyState::Sealed { number, sealed_at, .. } = &copy.state {
        shown["number_text"] = json!(number.text());
        shown["sealed_at"] = json!(rfc3339(*sealed_at));
    }
    shown
}

fn shown(sent: &Sent) -> Value {
    let channel = match sent.channel {
        Channel::Account(_) => "account",
        Channel::Email(_) => "email",
        Channel::Counter => "counter",
    };
    json!({"id": sent.id.as_str(), "copy_id": sent.copy.as_str(), "channel": channel, "state": if sent.sent_at.is_some() { "sent" } else { "waiting" }, "sent_at": sent.sent_at.map(rfc3339)})
}

impl Function for Delivery {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn http(&self, request: &Request) -> Result<Reply, Problem> {
        let (method, path) = request.route();
        match (method, path.as_slice()) {
            ("GET", ["v1", "copies", id, "file"]) => self.file(request, id).await,
            ("GET", ["v1", "accounts", id, "copies"]) => self.of_account(request, id).await,
            ("GET", ["v1", "cases", id, "deliveries"]) => self.of_case(request, id).await,
            ("GET", ["d", secret]) => self.link(request, secret).await,
            ("POST", ["v1", "downloads", secret, "code"]) => self.code(request, secret).await,
            ("POST", ["v1", "downloads", secret, "open"]) => self.open(request, secret).await,
            ("POST", ["v1", "downloads", secret, "reissue"]) => self.reissue(request, secret).await,
            _ => Err(Problem::new("not-found")),
        }
    }

    async fn work(&self, item: &Outbox) -> Result<(), Fault> {
        let now = self.edge.clock.now();
        casework::settled(match item.topic {
            Topic::Aftercare => aftercare::tell(&self.records, &self.records, &self.mail, item, now).await,
            _ => delivery::deliver(&self.records, &self.mail, &self.edge.chance, item, &self.public_url, now).await,
        })
    }

    async fn tick(&self) -> Result<(), Fault> {
        let now = self.edge.clock.now();
        let mut due = self.records.due(Topic::Deliver, now, SWEEP).await?;
        due.extend(self.records.due(Topic::Aftercare, now, SWEEP).await?);
        for item in due {
            if let Err(fault) = self.work(&item).await {
                tracing::warn!(subject = item.subject, %fault, "a delivery failed; the next sweep tries again");
            }
        }
        Ok(())
    }
}
