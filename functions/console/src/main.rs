//! Lambda entry of `console`: the pages. Wiring only.

use console::Console;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::serve(Console::new(&api::Env::process())?).await
}
