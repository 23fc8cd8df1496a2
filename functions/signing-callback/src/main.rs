//! Lambda entry of `signing-callback`: follows signing sessions. Wiring only.

use signing_callback::SigningCallback;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    let aws = aws_config::load_from_env().await;
    api::serve(SigningCallback::new(&api::Env::process(), &aws)?).await
}
