//! A running `ctdt dev`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::Client;

/// Longest start: the first one makes RSA keys, on a machine that is busy with other tests.
const START: Duration = Duration::from_secs(120);

/// The process; it is killed when this goes.
pub(crate) struct Stack {
    child: Child,
    pub(crate) url: String,
}

impl Stack {
    /// Starts with further arguments and waits for `READY`.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::run(Command::new(env!("CARGO_BIN_EXE_ctdt")), arguments)
    }

    fn run(mut command: Command, arguments: &[&str]) -> Self {
        let mut child = command
            .args(["dev", "--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .expect("ctdt starts");
        let out = child.stdout.take().expect("piped");
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some(url) = line.strip_prefix("READY ") {
                    let _ = tell.send(url.to_owned());
                }
            }
        });
        let begun = Instant::now();
        let url = told.recv_timeout(START);
        let url = url.unwrap_or_else(|_| panic!("no READY after {:?}: {:?}", begun.elapsed(), child.try_wait()));
        Self { child, url }
    }

    /// In memory.
    pub(crate) fn in_memory() -> Self {
        Self::start(&[])
    }

    /// With a data folder, and dead by SIGKILL at a moment (`before|after N WORD…`); without one it lives on.
    pub(crate) fn with_power_cut(folder: &Path, moment: Option<&str>) -> Self {
        let folder = folder.to_str().expect("UTF-8");
        match moment {
            Some(moment) => Self::start(&["--data", folder, "--power-cut", moment]),
            None => Self::start(&["--data", folder]),
        }
    }

    /// In memory, with a gateway that speaks this.
    pub(crate) fn with_gateway(protocol: &str) -> Self {
        Self::start(&["--gateway", protocol])
    }

    /// With a data folder, and every request of a function to a service written to `log`.
    pub(crate) fn overheard(folder: &Path, log: std::fs::File) -> Self {
        Self::logging("local::cut=debug", folder, log)
    }

    /// The same, with all that functions tell an operator.
    pub(crate) fn overheard_and_told(folder: &Path, log: std::fs::File) -> Self {
        Self::logging("info,local::cut=debug,dynoxide=error", folder, log)
    }

    fn logging(what: &str, folder: &Path, log: std::fs::File) -> Self {
        Self::tapped(what, &["--data", folder.to_str().expect("UTF-8")], log)
    }

    fn tapped(what: &str, arguments: &[&str], log: std::fs::File) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ctdt"));
        command.env("CTDT_LOG", what).stderr(log);
        // The tap that passes requests on stands only where a power cut is asked for; this one never comes.
        Self::run(command, &[arguments, &["--power-cut", "before 1 no-request-has-this-word"]].concat())
    }

    /// In memory, with functions that wait this long for TSA, OCSP, CRL and gateway.
    pub(crate) fn impatient(seconds: u32) -> Self {
        Self::start(&["--patience", &seconds.to_string()])
    }

    /// In memory, with the quotas of the template for callers without a token.
    pub(crate) fn with_quotas() -> Self {
        Self::start(&["--quotas"])
    }

    /// In memory, and nothing is done that nobody asked for, until the clock is moved.
    pub(crate) fn still() -> Self {
        Self::start(&["--still"])
    }

    /// The same, with every request of a function to a service written to `log`.
    pub(crate) fn still_and_overheard(log: std::fs::File) -> Self {
        Self::tapped("local::cut=debug", &["--still"], log)
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the process is dead, and makes sure that it died of SIGKILL.
    pub(crate) fn died(mut self) {
        use std::os::unix::process::ExitStatusExt as _;
        let until = Instant::now() + crate::job::PATIENCE;
        let status = loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => break status,
                None => assert!(Instant::now() < until, "no answer, and the process lives"),
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(status.signal(), Some(9), "{status}");
    }

    /// A client of it.
    pub(crate) async fn client(&self) -> Client {
        Client::new(&self.url).await
    }

    /// SIGTERM, and the exit status.
    pub(crate) fn stop(mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        self.child.wait().expect("reaped").code().unwrap_or(-1)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
