//! What handlers can extract as [`axum::extract::State`] besides all engines: the core, or one engine.

use axum::extract::FromRef;

use crate::accounts::Accounts;
use crate::admission::Admission;
use crate::admission::body_budget::BodyBudget;
use crate::conversations::Conversations;
use crate::core::Core;
use crate::engines::Engines;
use crate::readiness::Readiness;

impl FromRef<Engines> for Core {
    fn from_ref(engines: &Engines) -> Self {
        engines.core.clone()
    }
}

impl FromRef<Engines> for Accounts {
    fn from_ref(engines: &Engines) -> Self {
        engines.accounts.clone()
    }
}

impl FromRef<Engines> for Admission {
    fn from_ref(engines: &Engines) -> Self {
        engines.admission.clone()
    }
}

impl FromRef<Engines> for BodyBudget {
    fn from_ref(engines: &Engines) -> Self {
        engines.admission.bodies.clone()
    }
}

impl FromRef<Engines> for Readiness {
    fn from_ref(engines: &Engines) -> Self {
        engines.readiness.clone()
    }
}

impl FromRef<Engines> for Conversations {
    fn from_ref(engines: &Engines) -> Self {
        engines.conversations.clone()
    }
}
