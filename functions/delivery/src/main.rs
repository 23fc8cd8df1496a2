//! Lambda entry of `delivery`: hands out sealed copies. Wiring only.

use delivery::Delivery;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    let aws = aws_config::load_from_env().await;
    api::serve(Delivery::new(&api::Env::process(), &aws)?).await
}
