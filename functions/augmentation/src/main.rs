//! Lambda entry of `augmentation`: timestamps and long-term evidence. Wiring only.

use augmentation::Augmentation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    let aws = aws_config::load_from_env().await;
    api::serve(Augmentation::new(&api::Env::process(), &aws).await?).await
}
