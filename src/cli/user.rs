//! `sereno user`: who may log in, and which systems may send alarms.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::Subcommand;

use super::{App, AppError, Ending, print};
use crate::{domain::Role, http::auth};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Add somebody. The password is read from standard input.
    Add {
        /// The name to log in with.
        name: String,
        /// operator, supervisor, manager, auditor or admin.
        #[arg(long)]
        role: Role,
    },
    /// Change somebody's role.
    Role {
        /// The name.
        name: String,
        /// The new role.
        role: Role,
    },
    /// Set a new password, read from standard input.
    Password {
        /// The name.
        name: String,
    },
    /// Lock somebody out at once.
    Disable {
        /// The name.
        name: String,
    },
    /// Make a token for a system that sends alarms. It is shown once.
    Token {
        /// The system's name.
        name: String,
    },
}

impl User {
    /// Runs the command.
    pub async fn run(self, app: &App) -> Result<Ending, AppError> {
        let store = app.open_store().await?;
        match self {
            Self::Add { name, role } => {
                let hash = auth::hash_password(&read_password()?, app.ids.as_ref())
                    .map_err(AppError::input)?;
                store.add_user(&name, role, &hash).await?;
                print(&format!("{name} can log in as {role}"))
            }
            Self::Role { name, role } => {
                store.set_role(&name, role).await?;
                print(&format!("{name} is {role} now"))
            }
            Self::Password { name } => {
                let hash = auth::hash_password(&read_password()?, app.ids.as_ref())
                    .map_err(AppError::input)?;
                store.set_password(&name, &hash).await?;
                print(&format!("{name} has a new password"))
            }
            Self::Disable { name } => {
                store.disable_user(&name).await?;
                print(&format!("{name} is locked out"))
            }
            Self::Token { name } => {
                let made = auth::new_api_token(app.ids.as_ref());
                store.add_token(&name, Role::Source, &made.hash).await?;
                print(&made.token)
            }
        }
    }
}

/// At least twelve characters, from the first line of standard input.
pub fn read_password() -> Result<String, AppError> {
    if io::stdin().is_terminal() {
        let _asked = write!(io::stderr(), "password (it is shown as you type): ");
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(AppError::environment)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.chars().count() < 12 {
        return Err(AppError::Input("a password has at least 12 characters".to_owned()));
    }
    Ok(password)
}
