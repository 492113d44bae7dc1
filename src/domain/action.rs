//! The closed list of actions that may be recommended. None is carried out by a model.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::codes;

codes! {
    /// What a person may be recommended to do.
    ActionCode {
        /// Look at the camera's live picture.
        CheckLiveView,
        /// Look at the neighbouring cameras.
        CheckNeighbours,
        /// Speak over the loudspeaker.
        TalkDown,
        /// Send the site's guard to look.
        SendGuard,
        /// Call the person who holds the keys.
        CallKeyholder,
        /// Begin the site's own emergency procedure.
        FollowEmergencyProcedure,
        /// Call the police. Off unless the site turns it on.
        CallPolice,
        /// Call the fire brigade. Off unless the site turns it on.
        CallFireBrigade,
        /// Call an ambulance. Off unless the site turns it on.
        CallAmbulance,
        /// Keep the clip beyond its normal term.
        PreserveClip,
        /// Tell the supervisor.
        NotifySupervisor,
        /// Ask for the camera to be cleaned, turned or mended.
        RequestCameraService,
        /// Write it down and do nothing else.
        LogOnly,
    }
}

impl ActionCode {
    /// The actions that name an emergency service: off by default, always a person's decision.
    pub const EMERGENCY: [Self; 3] = [Self::CallPolice, Self::CallFireBrigade, Self::CallAmbulance];
}

codes! {
    /// How soon.
    Urgency {
        /// At once.
        Immediate,
        /// Within minutes.
        Soon,
        /// When there is time.
        Routine,
    }
}

codes! {
    /// Who must approve, in rising order.
    Approver {
        /// Any operator.
        Operator,
        /// A supervisor.
        Supervisor,
        /// A manager.
        Manager,
        /// Two persons, neither of whom asked for it.
        TwoPersons,
    }
}

/// An action that the policy makes due, for a person to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecommendedAction {
    /// What to do.
    pub code: ActionCode,
    /// How soon.
    pub urgency: Urgency,
    /// Who must approve.
    pub approver: Approver,
    /// The rule that makes it due.
    pub rule: String,
    /// That rule's own words.
    pub because: String,
}
