//! Lambda entry of `verification`: judges signed files. Wiring only.

use verification::Verification;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    let aws = aws_config::load_from_env().await;
    api::serve(Verification::new(&api::Env::process(), &aws).await?).await
}
