//! `sereno log`: check the whole log, sign it, show where it stands.

use clap::Subcommand;

use crate::audit::verify::Report;

use super::{App, AppError, Ending, print, triage::progress_bar};

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub enum Log {
    /// Recompute every leaf, the tree and every signature, and name the first thing that is wrong.
    Verify {
        /// The verifier key to trust, in place of the one in the data folder: `origin+id+key`.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
        /// Print the findings as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the newest signed checkpoint.
    Checkpoint,
}

impl Log {
    /// Runs the command.
    pub async fn run(self, app: &App) -> Result<Ending, AppError> {
        let store = app.open_store().await?;
        match self {
            Self::Checkpoint => {
                let note = store.latest_checkpoint().await?;
                print(note.as_deref().unwrap_or("the log is empty"))
            }
            Self::Verify { key, json } => {
                let key = key.unwrap_or_else(|| store.verifier_key());
                let bar = progress_bar(0, "entries");
                let report = store
                    .verify_log(&key, &mut |done, total| {
                        bar.set_length(total);
                        bar.set_position(done);
                    })
                    .await?;
                bar.finish_and_clear();
                if json {
                    print(&serde_json::json!(report).to_string())?;
                } else {
                    print(&describe(&report))?;
                }
                Ok(if report.ok { Ending::Done } else { Ending::No })
            }
        }
    }
}

/// What was checked, and the first things that are wrong.
fn describe(report: &Report) -> String {
    let mut lines = vec![format!(
        "{} entries, root {}, {} checkpoints covering {} entries",
        report.size, report.root, report.checkpoints, report.signed_size
    )];
    lines.push(format!(
        "{} personal values match their commitments, {} are erased, {} documents match",
        report.disclosed, report.erased, report.documents
    ));
    lines.extend(report.findings.iter().map(|finding| match finding.entry {
        Some(entry) => format!("WRONG entry {entry}: {}", finding.problem),
        None => format!("WRONG {}", finding.problem),
    }));
    lines.push(if report.ok {
        "the log verifies".to_owned()
    } else {
        format!("the log does not verify: {} problems", report.problems)
    });
    lines.join("\n")
}
