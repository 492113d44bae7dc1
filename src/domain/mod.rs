//! The words of the product as types. Imports nothing else of the crate.

pub mod action;
pub mod alarm;
pub mod assessment;
pub mod autonomy;
pub mod clock;
pub mod context;
pub mod decision;
pub mod disposition;
pub mod facts;
pub mod ids;
pub mod odds;
pub mod policy;
pub mod quality;
pub mod ruling;
pub mod user;
pub mod verdict;

pub use action::{ActionCode, Approver, RecommendedAction, Urgency};
pub use alarm::{Alarm, Caption, Clip, Detection, Phase};
pub use assessment::{Assessment, Confidence, Criterion, StageFailure};
pub use autonomy::{Grant, GrantEnd, GrantEndCode, NewGrant, Review, ReviewReason};
pub use clock::{Clock, SystemClock};
pub use context::{ActiveWindow, Context, RecentAlarms, WindowKind, ZoneContext, ZoneKind};
pub use decision::{AlarmRef, Decision, DecisionRecord};
pub use disposition::{Disposition, DispositionCode, NewDisposition};
pub use facts::{
    Act, Cause, CountBand, Counted, Facts, Hazard, Object, Observed, Place, Presence, Reader,
    SceneText, Sufficiency,
};
pub use ids::{AlarmId, CaptionId, IdSource, RandomIds};
pub use policy::{
    Backtest, BacktestChange, PolicyDocument, PolicyFile, PolicyRule, PolicyState, PolicyVersion,
    ReplacedRule, RuledAlarm, Shift, SitePolicy, SiteShift, VerdictShift,
};
pub use quality::{
    CameraTally, DriftSign, DriftSignCode, Extrapolated, Learning, Rate, SiteQuality, Tally,
};
pub use ruling::{Condition, Effect, FiredRule, NearMiss, Oversight, Ruling, Settlement};
pub use user::{Role, User};
pub use verdict::{AvsLevel, Outcome, Reason, ReasonCode, Severity, Verdict};
