//! People, units and rights: who am I, who is the person at the counter, and what an office's copies show.
//!
//! Sign-in, delegated administration and mandates come with their issue; rights are read from user items.

mod office;

use api::{Edge, Env, Error, Function, Keys, Problem, Reply, Request};
use directory::HttpDirectory;
use domain::model::{Right, User};
use domain::ports::{Directory, Person};
use objects::Bucket;
use serde_json::{Value, json};
use store::Table;

/// The identifying values that row 27 of api.md allows.
const KINDS: [&str; 5] = ["id_number", "phone", "tax_code", "unit_code", "account_id"];

/// The function with what it needs.
pub struct Accounts {
    edge: Edge,
    keys: Keys,
    records: Table,
    objects: Bucket,
    directory: HttpDirectory,
}

impl Accounts {
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
            directory: HttpDirectory::new(&env.required("DIRECTORY_URL")?, &env.required("DIRECTORY_TOKEN")?)?,
        })
    }

    async fn caller(&self, request: &Request) -> Result<User, Problem> {
        self.keys.caller(request, self.edge.clock.now(), &self.records).await
    }

    async fn me(&self, request: &Request) -> Result<Reply, Problem> {
        let user = self.caller(request).await?;
        let grants: Vec<Value> = user
            .grants
            .iter()
            .map(|(right, unit)| json!({"right": api::right_name(*right), "unit_id": unit.as_ref().map(|id| id.as_str())}))
            .collect();
        Ok(Reply::json(
            200,
            &json!({"user": {"id": user.id.as_str(), "name": user.name}, "grants": grants, "livemode": false}),
        )
        .etag(user.changed.version))
    }

    async fn lookup(&self, request: &Request) -> Result<Reply, Problem> {
        let caller = self.caller(request).await?;
        if !caller.grants.iter().any(|(right, _)| matches!(right, Right::Create | Right::AdminUnit | Right::AdminTop)) {
            return Err(Problem::new("forbidden").with("needed", json!({"right": "create"})));
        }
        let (kind, value) = wanted(&request.value()?)?;
        let found = self.directory.lookup(&kind, &value).await.map_err(|fault| {
            tracing::error!(%fault, "the directory failed");
            Problem::new("directory-unavailable")
        })?;
        Ok(Reply::json(200, &api::page(found.iter().map(shown).collect(), &self.edge.clock.text())))
    }
}

/// Exactly one identifying value.
fn wanted(body: &Value) -> Result<(String, String), Problem> {
    let Value::Object(map) = body else { return Err(Problem::new("malformed-request")) };
    if let Some(unknown) = map.keys().find(|key| !KINDS.contains(&key.as_str())) {
        return Err(Problem::new("unknown-field").pointer(&format!("/{unknown}"), "unknown"));
    }
    let mut entries = map.iter();
    match (entries.next(), entries.next()) {
        (Some((kind, Value::String(value))), None) if (3..=60).contains(&value.len()) => {
            Ok((kind.clone(), value.clone()))
        }
        (Some((kind, _)), None) => Err(Problem::invalid(&format!("/{kind}"), "3_to_60_characters")),
        _ => Err(Problem::invalid("", "exactly_one_value")),
    }
}

fn shown(person: &Person) -> Value {
    json!({
        "ref": person.account.as_str(), "kind": person.kind, "name": person.name, "id_type": person.id_type,
        "id_masked": masked(&person.id_number), "phone_masked": person.phone.as_deref().map(masked), "email_masked": person.email.as_deref().map(masked_mail),
    })
}

/// All but the last three signs.
fn masked(text: &str) -> String {
    let length = text.chars().count();
    text.chars().enumerate().map(|(i, c)| if i + 3 < length { '•' } else { c }).collect()
}

/// The first letter and the domain.
fn masked_mail(mail: &str) -> String {
    let (name, host) = mail.split_once('@').unwrap_or((mail, ""));
    format!("{}•••@{host}", name.chars().next().unwrap_or('•'))
}

impl Function for Accounts {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    async fn http(&self, request: &Request) -> Result<Reply, Problem> {
        let (method, path) = request.route();
        match (method, path.as_slice()) {
            ("GET", ["v1", "me"]) => self.me(request).await,
            ("POST", ["v1", "accounts", "lookup"]) => self.lookup(request).await,
            ("GET", ["v1", "units", id, "settings"]) => self.settings(request, id).await,
            ("PUT", ["v1", "units", id, "series"]) => self.put_series(request, id).await,
            ("GET", ["v1", "units", id, "seal-picture"]) => self.seal_picture(request, id).await,
            ("PUT", ["v1", "units", id, "seal-picture"]) => self.put_seal_picture(request, id).await,
            ("DELETE", ["v1", "units", id, "seal-picture"]) => self.delete_seal_picture(request, id).await,
            ("GET", ["v1", "me", "signature-picture"]) => self.signature_picture(request).await,
            ("PUT", ["v1", "me", "signature-picture"]) => self.put_signature_picture(request).await,
            ("DELETE", ["v1", "me", "signature-picture"]) => self.delete_signature_picture(request).await,
            _ => Err(Problem::new("not-found")),
        }
    }
}
