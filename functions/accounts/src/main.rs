//! Lambda entry of `accounts`: people, units and rights. Wiring only.

use accounts::Accounts;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    let aws = aws_config::load_from_env().await;
    api::serve(Accounts::new(&api::Env::process(), &aws)?).await
}
