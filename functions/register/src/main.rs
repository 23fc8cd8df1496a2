//! Lambda entry of `register`: annuls and voids. Wiring only.

use register::Register;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    let aws = aws_config::load_from_env().await;
    api::serve(Register::new(&api::Env::process(), &aws)?).await
}
