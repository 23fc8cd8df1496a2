//! Lambda entry of `examiner`: re-derives everything. Wiring only.

use examiner::Examiner;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    let aws = aws_config::load_from_env().await;
    api::serve(Examiner::new(&api::Env::process(), &aws).await?).await
}
