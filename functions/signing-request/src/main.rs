//! Lambda entry of `signing-request`: opens signing sessions. Wiring only.

use signing_request::SigningRequest;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    let aws = aws_config::load_from_env().await;
    api::serve(SigningRequest::new(&api::Env::process(), &aws).await?).await
}
