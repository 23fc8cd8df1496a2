//! Lambda entry of `appointment`: units, slots and visits. Wiring only.

use appointment::Appointment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    let aws = aws_config::load_from_env().await;
    api::serve(Appointment::new(&api::Env::process(), &aws)?).await
}
