//! The `sereno` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    sereno::cli::main()
}
