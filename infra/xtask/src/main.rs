//! `cargo xtask`: everything that the project checks, with one command for people and for CI.
//!
//! Does not know what a copy or a signature is: it installs tools, starts programs in order and counts. What is checked
//! stands in the tests, in `tests/judges` and in `tests/browser`.

mod bench;
mod demo;
mod plan;
mod python;
mod readme;
mod shell;
mod stages;
mod tally;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::plan::Stage;

/// Mọi việc kiểm tra của dự án / everything the project checks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Chạy mọi kiểm tra của CI / run everything that CI runs
    Test {
        /// Bỏ giám định ngoài, trình duyệt và fuzz / leave out judges, browser and fuzz
        #[arg(long)]
        fast: bool,
        /// Chỉ các bước này / these stages only
        #[arg(long, value_name = "STAGE", num_args = 1.., value_enum)]
        only: Vec<Stage>,
        /// Liệt kê các bước / list the stages
        #[arg(long)]
        list: bool,
    },
    /// Đột biến tệp và cấu trúc có hạt giống cố định / seeded mutation of files and structures
    Fuzz {
        /// Số giây / how long
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Bắt đầu từ hạt giống này / the first seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Chỉ một loại: pdf, picture, cms, x509, ocsp, crl, tsp / one kind of input only
        #[arg(long)]
        kind: Option<String>,
        /// Thay vào đó, chừng này bản sao bị sửa / so many changed copies instead
        #[arg(long, value_name = "NUMBER")]
        mutations: Option<u64>,
    },
    /// Việc của ban đêm: mô hình cỡ lớn, lịch ngẫu nhiên, bản sao bị sửa / what a night is for: large models, drawn schedules, changed copies
    Nightly,
    /// Chụp hình cho tài liệu vào docs/pictures / take the pictures of the documents
    Pictures,
    /// Đo, mỗi số một dòng JSON / measure, one JSON line per figure
    Bench {
        /// Tên phép đo / which bench
        name: String,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Test { list: true, .. } => {
            plan::list();
            Ok(())
        }
        Command::Test { fast, only, .. } => stages::run(&plan::chosen(fast, &only)),
        Command::Fuzz { seconds, seed, kind, mutations } => stages::fuzz(seconds, seed, kind.as_deref(), mutations),
        Command::Nightly => stages::nightly(),
        Command::Pictures => python::pictures(),
        Command::Bench { name } => bench::run(&name),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("cargo xtask: {why}");
            ExitCode::FAILURE
        }
    }
}
