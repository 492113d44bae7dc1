//! The policies at the start of the service: what the store says is in force, or the first ones.

use super::{Checked, Desk, check, was_overtaken};
use crate::{
    app::AppError,
    http::PolicyDeskError,
    policy::Draft,
    store::{LivePolicy, LiveReason},
};

/// Services that start on one database at the same time may overtake each other so often.
const TRIES: usize = 5;

impl From<PolicyDeskError> for AppError {
    fn from(error: PolicyDeskError) -> Self {
        match error {
            PolicyDeskError::Unsound(_) | PolicyDeskError::NotPolicyFiles(_) => Self::input(error),
            error => Self::environment(error),
        }
    }
}

impl Desk {
    /// Puts in force what the store says; on an empty store, what was loaded. Then proposes what the
    /// folder, or else this build, has that is not known. `fault` is why the folder could not be loaded,
    /// where another set stands in for it.
    ///
    /// # Errors
    /// [`AppError::Input`] where nothing was ever in force and the folder is faulty,
    /// [`AppError::Environment`] where the store fails.
    pub async fn start(&self, fault: Option<&str>) -> Result<(), AppError> {
        let mut tries = TRIES;
        while let Err(error) = self.begin(fault).await {
            tries -= 1;
            match error {
                Begin::Desk(error) if tries > 0 && was_overtaken(&error) => {}
                Begin::Desk(error) => return Err(error.into()),
                Begin::App(error) => return Err(error),
            }
        }
        match self.folder.path() {
            Some(path) => self.open_folder(path.to_owned()).await?,
            None => self.propose_shipped().await?,
        }
        Ok(())
    }

    async fn begin(&self, fault: Option<&str>) -> Result<(), Begin> {
        match self.store.live_policy().await? {
            None => self.begin_first(fault).await?,
            Some(live) => self.carry_on(live, &self.origin(fault.is_some())).await?,
        }
        self.store.set_policy_digest(self.policies.current().digest());
        Ok(())
    }

    /// Nothing was ever in force: what was loaded goes live, if nothing at all is wrong with it.
    async fn begin_first(&self, fault: Option<&str>) -> Result<(), Begin> {
        if let Some(fault) = fault {
            return Err(Begin::App(AppError::Input(fault.to_owned())));
        }
        let loaded = self.policies.current();
        let (files, note) = (loaded.files().to_vec(), self.origin(false));
        let check = self.in_turn(move || check::check_proven(&loaded)).await?;
        if !check.problems.is_empty() {
            return Err(Begin::Desk(PolicyDeskError::Unsound(check.problems)));
        }
        let reason = LiveReason::FirstStart;
        self.store.begin_policy(&note, &files, &check, reason, None).await?;
        *self.followed.lock().await = Some(check.digest);
        Ok(())
    }

    /// Something was in force. Where this build's schema gives its files another digest, they are in
    /// force under that; where this build cannot load them, what it loaded stands in.
    /// `origin` is where that is from.
    async fn carry_on(&self, live: LivePolicy, origin: &str) -> Result<(), Begin> {
        let before = live.digest;
        let loaded = self.policies.current();
        if loaded.digest() != before {
            let kept = self.recheck(&before).await.or_else(|error| match error {
                PolicyDeskError::Unsound(problems) => Ok(Checked::unread(&before, problems)),
                error => Err(error),
            })?;
            if kept.check.digest != before || kept.proven.is_none() {
                return self.carry_over(&before, kept, origin).await;
            }
            if !kept.check.problems.is_empty() {
                let problems = kept.check.problems.join("; ");
                tracing::error!(problems, "the policies in force hold, but not all is well");
            }
            kept.proven.into_iter().for_each(|proven| self.exchange(proven));
        }
        *self.followed.lock().await = Some(before);
        Ok(())
    }

    async fn carry_over(&self, before: &str, kept: Checked, origin: &str) -> Result<(), Begin> {
        let reason = LiveReason::CarriedOver;
        let version = env!("CARGO_PKG_VERSION");
        let after = if let Some(proven) = kept.proven {
            let note = format!("The files of {before} under the schema of Sereno {version}.");
            let Checked { check, files, .. } = kept;
            self.store.begin_policy(&note, &files, &check, reason, Some(before)).await?;
            tracing::warn!(
                before,
                after = check.digest,
                "the policies in force have another digest under this build's schema"
            );
            self.exchange(proven);
            check.digest
        } else {
            let problems = kept.check.problems.join("; ");
            let loaded = self.policies.current();
            let files = loaded.files().to_vec();
            let check = self.in_turn(move || check::check_proven(&loaded)).await?;
            let note =
                format!("{origin} Stands in for {before}, which Sereno {version} cannot load.");
            self.store.begin_policy(&note, &files, &check, reason, Some(before)).await?;
            tracing::error!(
                before,
                after = check.digest,
                problems,
                "this build cannot load the policies that were in force; others stand in. {origin}"
            );
            check.digest
        };
        *self.followed.lock().await = Some(after);
        Ok(())
    }

    /// Where the policies that were loaded at start are from.
    fn origin(&self, folder_is_faulty: bool) -> String {
        match self.folder.path() {
            Some(path) if !folder_is_faulty => {
                format!("Found in the policy folder {}.", path.display())
            }
            _ => format!("Came with Sereno {}.", env!("CARGO_PKG_VERSION")),
        }
    }

    async fn propose_shipped(&self) -> Result<(), PolicyDeskError> {
        let problems = self.take_in(Draft::shipped(), &self.origin(true)).await?;
        if !problems.is_empty() {
            // What is in force is another set, so the service can start.
            tracing::error!(problems = problems.join("; "), "this build ships faulty policies");
        }
        Ok(())
    }
}

/// Why the policies could not be put in force at start.
enum Begin {
    Desk(PolicyDeskError),
    App(AppError),
}

impl<E: Into<PolicyDeskError>> From<E> for Begin {
    fn from(error: E) -> Self {
        Self::Desk(error.into())
    }
}
