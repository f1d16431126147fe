//! What clients of Quay set on a namespace and read back. dockpass sends no invoices and deletes no tags, so nothing follows from
//! it; but a client that compares what it wants with what is there finds everything as it left it.

use super::App;
use super::actor::Actor;
use super::error::ServiceError;
use crate::store::Tx;
use crate::store::accounts::{Account, AccountKind};
use crate::store::audit::Event;
use serde_json::{Value, json};

/// What changes about a namespace's settings; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct SettingsChange {
    /// Whether invoices are wanted by e-mail.
    pub invoice_email: Option<bool>,
    /// Where to; empty: nowhere.
    pub invoice_email_address: Option<String>,
    /// How long deleted tags are kept, in seconds.
    pub tag_expiration: Option<i64>,
}

/// Changes the settings of a namespace, inside a transaction whose actor is known to administer it.
pub(super) fn change_in(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    namespace: &Account,
    change: &SettingsChange,
) -> Result<(), ServiceError> {
    let before = tx.namespace_settings(namespace.id)?;
    let mut after = before.clone();
    let [invoicing, expiration] = match namespace.kind {
        AccountKind::Organization => ["org_change_invoicing", "org_change_tag_expiration"],
        AccountKind::User | AccountKind::Robot => ["user_change_invoicing", "user_change_tag_expiration"],
    };
    let mut note = |kind, member: &str, value: Value| {
        let metadata = json!({ member: value, "namespace": namespace.name });
        let event = Event { kind, namespace: Some(namespace.id), repository: None, robot: None, metadata };
        actor.record(app, tx, &event)
    };
    if let Some(wanted) = change.invoice_email.filter(|wanted| *wanted != before.invoice_email) {
        after.invoice_email = wanted;
        note(invoicing, "invoice_email", wanted.into())?;
    }
    let address = change.invoice_email_address.as_deref();
    if address.is_some_and(|address| address != before.invoice_email_address.as_deref().unwrap_or_default()) {
        let address = address.filter(|address| !address.is_empty()).map(ToOwned::to_owned);
        note(invoicing, "invoice_email_address", json!(address))?;
        after.invoice_email_address = address;
    }
    if let Some(seconds) = change.tag_expiration.filter(|seconds| *seconds != before.tag_expiration) {
        if seconds < 0 {
            return Err(ServiceError::Invalid(format!("{seconds} is less than the minimum of 0")));
        }
        after.tag_expiration = seconds;
        note(expiration, "tag_expiration", seconds.into())?;
    }
    if after != before {
        tx.put_namespace_settings(namespace.id, &after)?;
    }
    Ok(())
}
