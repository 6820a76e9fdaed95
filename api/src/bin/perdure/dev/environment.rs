//! `.perdure/dev.env`: how scripts reach what `perdure dev` runs, and what it remembers from start
//! to start.
//!
//! **Invariant:** the file has exactly the variables of the contract, as `KEY=VALUE` lines, and
//! only its owner can read it.

use crate::client::read_dev_env;
use engine::ops::credential;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The business number that the simulator plays.
const PHONE_NUMBER_ID: &str = "900001";

/// Everything a script may need, and whom it belongs to.
#[derive(Debug, Clone)]
pub(super) struct Environment {
    path: PathBuf,
    pub(super) tenant: Uuid,
    pub(super) api: String,
    pub(super) key: String,
    pub(super) simulator: String,
    /// Id of the WhatsApp channel.
    pub(super) channel: String,
    pub(super) phone_number_id: String,
    pub(super) app_secret: String,
    pub(super) verify_token: String,
    /// What the simulator wants to see; known to nobody else, so it is drawn at every start.
    pub(super) access_token: String,
}

impl Environment {
    /// Takes over what the last start left, as far as this database knows it.
    pub(super) async fn open(path: &Path, pool: &PgPool, api: String) -> anyhow::Result<Self> {
        let last = read_dev_env(path);
        let kept = |name: &str| {
            let found = last.iter().find(|(key, value)| key == name && !value.is_empty());
            found.map(|(_, value)| value.clone())
        };
        let (tenant, key) = match kept("PERDURE_API_KEY") {
            Some(key) => match credential::find(pool, Sha256::digest(&key).to_vec()).await? {
                Some(found) => (found.tenant_id, key),
                None => api::ensure_dev_tenant(pool).await?,
            },
            None => api::ensure_dev_tenant(pool).await?,
        };
        Ok(Self {
            path: path.to_owned(),
            tenant,
            api,
            key,
            simulator: String::new(),
            channel: String::new(),
            phone_number_id: kept("PERDURE_WHATSAPP_PHONE_NUMBER_ID")
                .unwrap_or_else(|| PHONE_NUMBER_ID.to_owned()),
            app_secret: kept("PERDURE_WHATSAPP_APP_SECRET").unwrap_or_else(draw),
            verify_token: kept("PERDURE_WHATSAPP_VERIFY_TOKEN").unwrap_or_else(draw),
            access_token: draw(),
        })
    }

    /// Writes the file.
    pub(super) fn write(&self) -> anyhow::Result<()> {
        let lines = [
            ("PERDURE_URL", &self.api),
            ("PERDURE_API_KEY", &self.key),
            ("PERDURE_SIMULATOR_URL", &self.simulator),
            ("PERDURE_WHATSAPP_CHANNEL", &self.channel),
            ("PERDURE_WHATSAPP_PHONE_NUMBER_ID", &self.phone_number_id),
            ("PERDURE_WHATSAPP_APP_SECRET", &self.app_secret),
            ("PERDURE_WHATSAPP_VERIFY_TOKEN", &self.verify_token),
        ];
        let text: String = lines.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        super::write_private(&self.path, &text)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// A secret of 32 letters: the system's randomness, less the six bits a UUID spends on its kind.
fn draw() -> String {
    Uuid::new_v4().simple().to_string()
}
