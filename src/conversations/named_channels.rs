//! Which channels the items of a batch are for, where they name one.

use std::collections::HashMap;
use std::sync::Arc;

use crate::channels::Inbound;
use crate::db::Tx;
use crate::domain::ids::ProjectId;
use crate::store::channels::{self, Channel};

/// The channels that items name, by project and id: each is looked up once in a batch.
#[derive(Default)]
pub(super) struct NamedChannels(HashMap<(ProjectId, String), Option<Arc<Channel>>>);

impl NamedChannels {
    /// The channel that an item is for. One webhook can serve several channels of a project; an item that names one which is not
    /// the project's is for nobody here: `None`.
    pub(super) async fn channel_of(
        &mut self,
        tx: &Tx,
        called: &Arc<Channel>,
        inbound: &Inbound,
    ) -> anyhow::Result<Option<Arc<Channel>>> {
        let Some(external_id) = inbound.channel().filter(|id| *id != called.external_id) else {
            return Ok(Some(called.clone()));
        };
        let key = (called.project, external_id.to_owned());
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let found = channels::find(tx, called.kind, external_id).await?;
        let own = found.filter(|other| other.project == called.project).map(Arc::new);
        self.0.insert(key, own.clone());
        Ok(own)
    }
}
