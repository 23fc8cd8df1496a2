//! What the page for developers shows is true: the script that it names does the whole job on a running house.

use std::process::Command;

use crate::client::Call;
use crate::job::scan;
use crate::stack::Stack;

#[tokio::test]
async fn the_script_of_the_page_does_the_job() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let page = client.send(Call::get("/docs")).await.is(200);
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains(&format!("sh main-job.sh {} ban-quet.png", stack.url)), "{page}");
    for route in api::routes() {
        assert!(page.contains(&format!("<code>{}</code>", route.path)), "{}", route.key());
        assert!(page.contains(route.about.0) && page.contains(route.about.1), "{}", route.key());
    }

    let script = client.send(Call::get("/assets/main-job.sh")).await.is(200);
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("main-job.sh"), &script.body).expect("written");
    std::fs::write(at("ban-quet.png"), scan(5)).expect("written");
    let mut shell = Command::new("sh");
    shell.args(["main-job.sh", &stack.url, "ban-quet.png"]).current_dir(folder.path()).env("no_proxy", "127.0.0.1");
    let done = tokio::task::spawn_blocking(move || shell.output()).await.expect("joined").expect("a shell");
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && said.contains("\"verdict\":\"valid\""), "{said}");
    assert!(said.contains("1, quyển số 01/"), "{said}");
    assert!(std::fs::read(at("ban-sao.pdf")).is_ok_and(|copy| copy.starts_with(b"%PDF")));
}
