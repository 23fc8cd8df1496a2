//! The program `ctdt`: the main job as a demonstration, the local cloud for developers, the judge on the command line.

mod client;
mod cloud;
mod demo;
mod disk;
mod handlers;
mod qr;
mod trust;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};

/// Chứng thực bản sao điện tử từ bản chính / certified electronic copies.
#[derive(Debug, Parser)]
#[command(name = "ctdt", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Chạy trọn một hồ sơ, từ lịch hẹn đến tệp đã kiểm tra / run the main job end to end
    Demo {
        /// Bản quét: PDF, JPEG, PNG hoặc TIFF / the scan
        #[arg(long, value_name = "FILE")]
        scan: Option<PathBuf>,
        /// Thư mục kết quả / where the results go
        #[arg(long, value_name = "DIR", default_value = "ctdt-demo")]
        out: PathBuf,
        /// Thư mục chứa chương trình Lambda thật / run the real Lambda programs of this folder
        #[arg(long, value_name = "DIR", hide = true)]
        functions: Option<PathBuf>,
    },
    /// Chạy đám mây cục bộ / run the local cloud
    Dev {
        /// Cổng HTTP, 0 là cổng trống bất kỳ / HTTP port, 0 takes a free one
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Nơi giữ dữ liệu; không có thì giữ trong bộ nhớ / where state is kept, else in memory
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Thư mục chứa chương trình Lambda thật / run the real Lambda programs of this folder
        #[arg(long, value_name = "DIR", hide = true)]
        functions: Option<PathBuf>,
        /// Số giây chờ TSA, OCSP, CRL và cổng ký / seconds that these are waited for, else as the template says
        #[arg(long, value_name = "SECONDS", hide = true)]
        patience: Option<u32>,
        /// Cổng ký nói giao thức nào / what the signing gateway speaks
        #[arg(long, value_name = "PROTOCOL", value_parser = ["csc-v2", "mss-soap", "mss-json", "mss-soap-cms", "mss-json-cms"])]
        gateway: Option<String>,
        /// Hạn mức cho người không có mã truy cập như mẫu triển khai / the template's quotas for callers without a token
        #[arg(long, hide = true)]
        quotas: bool,
        /// Lịch nền chỉ chạy lúc bắt đầu và khi dời đồng hồ / schedules run at the start and when the clock is moved only
        #[arg(long, hide = true)]
        still: bool,
        /// Tự tắt bằng SIGKILL tại một yêu cầu / die at one request, as `before|after N WORD…` says; for tests
        #[arg(long, value_name = "MOMENT", hide = true)]
        power_cut: Option<local::cut::PowerCut>,
    },
    /// Kiểm tra tệp PDF đã ký / judge signed PDF files
    Verify(verify::VerifyArgs),
    /// Kiểm tra mã QR trên bản in, không cần mạng / check the QR codes of prints, offline
    Qr(qr::QrArgs),
    /// Danh sách tin cậy: nhập, ký, xem / trust lists: import, sign, look at
    #[command(subcommand)]
    Trust(trust::TrustCommand),
    /// Trình giả lập cổng SIM PKI / the SIM-PKI gateway simulator
    #[command(hide = true)]
    Simpki {
        #[arg(long, default_value_t = 0)]
        port: u16,
        #[arg(long)]
        dir: Option<PathBuf>,
        #[arg(long)]
        clock_offset_file: Option<PathBuf>,
        #[arg(long)]
        token: String,
        /// Where the end of prompts is told, with what it is signed in CTDT_CALLBACK_SECRET / địa chỉ nhận thông báo ngược
        #[arg(long, value_name = "URL")]
        callback: Option<String>,
        /// Để mọi lần chạy giống nhau, trừ khóa / so that runs are the same but for the keys
        #[arg(long)]
        seed: Option<u64>,
    },
}

fn main() -> ExitCode {
    let begun = Instant::now();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // The text of clap is for the person at the terminal; a pipe that is gone needs none.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(3) } else { ExitCode::SUCCESS };
        }
    };
    match cli.command {
        Command::Verify(args) => verify::run(&args),
        Command::Qr(args) => qr::run(&args),
        Command::Trust(command) => trust::run(&command),
        Command::Demo { scan, out, functions } => within(demonstrate(scan, out, functions, begun)),
        Command::Dev { port, data, functions, patience, gateway, quotas, still, power_cut } => {
            let patience_s = patience;
            within(develop(cloud::How { port, data, functions, patience_s, gateway, quotas, still, power_cut }))
        }
        Command::Simpki { port, dir, clock_offset_file, token, callback, seed } => {
            // A secret is not for the list of processes. Without one the simulator says that it has none.
            let secret = std::env::var(local::CALLBACK_SECRET_VARIABLE).unwrap_or_default();
            let callback = callback.map(|url| simpki::Callback { url, secret });
            let options = simpki::Options { port, dir, clock_offset_file, callback, seed, token };
            within(async move { Ok(simpki::run(options).await.map(|()| ExitCode::SUCCESS)?) })
        }
    }
}

/// Stack of the threads that functions run on: what the main thread has, on which they run in Lambda.
const STACK: usize = 8 << 20;
/// Warnings of ours; the embedded DynamoDB warns of every question it answers with no.
const QUIET: &str = "warn,dynoxide=error";

fn within(work: impl Future<Output = Result<ExitCode, api::Error>>) -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("CTDT_LOG").unwrap_or_else(|_| QUIET.into()))
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("ctdt: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(work).unwrap_or_else(|error| {
        eprintln!("ctdt: {error}");
        ExitCode::FAILURE
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    code
}

async fn demonstrate(
    scan: Option<PathBuf>,
    out: PathBuf,
    functions: Option<PathBuf>,
    begun: Instant,
) -> Result<ExitCode, api::Error> {
    let scan = demo::Scan::read(scan.as_deref())?;
    demo::can_write(&out)?;
    let stack = cloud::start(cloud::How { functions, ..cloud::How::default() }).await?;
    let verdict = demo::run(stack.url(), scan, &out, begun).await;
    stack.stop().await;
    Ok(if verdict? == "valid" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn develop(how: cloud::How) -> Result<ExitCode, api::Error> {
    use std::io::Write as _;
    let stack = cloud::start(how).await?;
    writeln!(std::io::stdout(), "READY {}", stack.url())?;
    cloud::interrupted().await?;
    stack.stop().await;
    Ok(ExitCode::SUCCESS)
}
