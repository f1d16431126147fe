//! What clients of Quay set on a namespace and read back.

use super::{StoreError, Tx};
use crate::domain::caller::AccountId;

/// Settings of a user or an organization. Nothing is decided by them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceSettings {
    /// Whether invoices are wanted by e-mail.
    pub invoice_email: bool,
    /// Where to.
    pub invoice_email_address: Option<String>,
    /// How long deleted tags are kept, in seconds.
    pub tag_expiration: i64,
}

impl Default for NamespaceSettings {
    /// As Quay has it while nothing was set.
    fn default() -> Self {
        Self { invoice_email: false, invoice_email_address: None, tag_expiration: 14 * 24 * 60 * 60 }
    }
}

impl Tx<'_> {
    /// The settings of a namespace.
    pub fn namespace_settings(&mut self, namespace: AccountId) -> Result<NamespaceSettings, StoreError> {
        let found = self.first(
            "SELECT invoice_email, invoice_email_address, tag_expiration FROM namespace_setting WHERE account_id = $1",
            &[namespace.into()],
            |columns| {
                Ok(NamespaceSettings {
                    invoice_email: columns.take()?,
                    invoice_email_address: columns.take()?,
                    tag_expiration: columns.take()?,
                })
            },
        )?;
        Ok(found.unwrap_or_default())
    }

    /// Writes the settings of a namespace.
    pub fn put_namespace_settings(
        &mut self,
        namespace: AccountId,
        settings: &NamespaceSettings,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO namespace_setting (account_id, invoice_email, invoice_email_address, tag_expiration) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (account_id) DO UPDATE SET invoice_email = excluded.invoice_email, \
             invoice_email_address = excluded.invoice_email_address, tag_expiration = excluded.tag_expiration",
            &[
                namespace.into(),
                settings.invoice_email.into(),
                settings.invoice_email_address.as_deref().into(),
                settings.tag_expiration.into(),
            ],
        )
        .map(drop)
    }
}
