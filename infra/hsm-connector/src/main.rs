//! `hsm-connector FILE`: serves an agency's key by the configuration in FILE. Takes no secret from the command line or the
//! environment.

use std::path::PathBuf;
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).json().init();
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [configuration] = &arguments[..] else {
        eprintln!("Cách dùng: hsm-connector TỆP-CẤU-HÌNH.yaml\nUsage: hsm-connector CONFIGURATION.yaml");
        return ExitCode::from(3);
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("Không khởi động được / does not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(hsm_connector::run(configuration)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Không khởi động được / does not start: {error}");
            ExitCode::FAILURE
        }
    }
}
