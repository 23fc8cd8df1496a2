//! Lambda entry of `numbering`: numbers and seals. Wiring only.

use numbering::Numbering;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    let aws = aws_config::load_from_env().await;
    api::serve(Numbering::new(&api::Env::process(), &aws).await?).await
}
