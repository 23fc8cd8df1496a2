//! The functions as values, each with the settings that the template gives it.

use std::collections::BTreeMap;

use api::{Env, Error, Handler, handler};
use aws_config::SdkConfig;
use local::functions::FunctionSpec;

/// Builds every function of the template in this process.
///
/// # Errors
/// A function of the template that we do not have, or a setting that is missing or unreadable.
pub(crate) async fn in_process(specs: &[FunctionSpec], aws: &SdkConfig) -> Result<BTreeMap<String, Handler>, Error> {
    let mut handlers = BTreeMap::new();
    for spec in specs {
        let env = Env::from_map(spec.environment.clone());
        let built = one(&spec.name, &env, aws).await.map_err(|error| format!("{}: {error}", spec.name))?;
        handlers.insert(spec.name.clone(), built);
    }
    Ok(handlers)
}

async fn one(name: &str, env: &Env, aws: &SdkConfig) -> Result<Handler, Error> {
    Ok(match name {
        "accounts" => handler(accounts::Accounts::new(env, aws)?),
        "appointment" => handler(appointment::Appointment::new(env, aws)?),
        "augmentation" => handler(augmentation::Augmentation::new(env, aws).await?),
        "console" => handler(console::Console::new(env)?),
        "delivery" => handler(delivery::Delivery::new(env, aws)?),
        "examiner" => handler(examiner::Examiner::new(env, aws).await?),
        "intake" => handler(intake::Intake::new(env, aws).await?),
        "numbering" => handler(numbering::Numbering::new(env, aws).await?),
        "register" => handler(register::Register::new(env, aws)?),
        "signing-callback" => handler(signing_callback::SigningCallback::new(env, aws)?),
        "signing-request" => handler(signing_request::SigningRequest::new(env, aws).await?),
        "verification" => handler(verification::Verification::new(env, aws).await?),
        other => return Err(format!("the template names a function {other} that this program does not have").into()),
    })
}
