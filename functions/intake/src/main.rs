//! Lambda entry of `intake`: uploads, cases, copies, queues. Wiring only.

use intake::Intake;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    let aws = aws_config::load_from_env().await;
    api::serve(Intake::new(&api::Env::process(), &aws).await?).await
}
