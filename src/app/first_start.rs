//! The first start on an empty store: somebody must be able to log in.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::PathBuf};

use base64::Engine as _;

use super::{App, AppError};
use crate::{domain::Role, http::auth, store::Store};

/// A name and the password that was made for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogIn {
    /// The name.
    pub name: String,
    /// The password, in the clear, to be shown once more.
    pub password: String,
}

/// Makes the first users where there are none. With samples, an operator, a manager and an auditor
/// are made beside the administrator, so that each view can be tried. Their passwords are kept in a
/// file that only the owner may read, until that file is deleted, so that a second start shows them.
///
/// # Errors
/// When the store or the data folder cannot be written.
pub async fn prepare(app: &App, store: &Store, with_samples: bool) -> Result<Vec<LogIn>, AppError> {
    let file = app.config.data_dir.join("first-log-in.txt");
    if store.has_users().await? {
        return Ok(remembered(&file));
    }
    let roles: &[Role] = if with_samples {
        &[Role::Operator, Role::Manager, Role::Auditor, Role::Admin]
    } else {
        &[Role::Admin]
    };
    let mut log_ins = Vec::new();
    for role in roles {
        let log_in = LogIn { name: role.as_str().to_owned(), password: new_password(app) };
        let hash = auth::hash_password(&log_in.password, app.ids.as_ref())
            .map_err(AppError::environment)?;
        store.add_user(&log_in.name, *role, &hash).await?;
        log_ins.push(log_in);
    }
    remember(&file, &log_ins).map_err(|error| {
        AppError::Environment(format!("{} cannot be written: {error}", file.display()))
    })?;
    Ok(log_ins)
}

/// 96 bits, which nobody guesses and somebody can type.
fn new_password(app: &App) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&app.ids.random_bytes()[..12])
}

fn remember(file: &PathBuf, log_ins: &[LogIn]) -> std::io::Result<()> {
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    for log_in in log_ins {
        writeln!(file, "{} {}", log_in.name, log_in.password)?;
    }
    file.sync_all()
}

fn remembered(file: &PathBuf) -> Vec<LogIn> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, password)| LogIn { name: name.to_owned(), password: password.to_owned() })
        .collect()
}
