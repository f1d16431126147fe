//! Settings that Quay has and dockpass has no use for, so that a Quay `config.yaml` can be moved over.
//!
//! Most say nothing about who may do what: they are ignored with a warning. The few that do are refused unless they
//! say what dockpass does anyway; ignoring them would silently open what the operator had closed.

use super::value::Value;

/// What becomes of a setting of Quay's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// Ignored; the text says what to use instead, or is empty.
    Ignored(&'static str),
    /// Accepted with this value only, because dockpass does just that.
    Only(&'static str),
}

impl Foreign {
    /// A warning, silence, or why the configuration is refused. The value is never shown: it may be a password.
    pub(super) fn judge(self, name: &str, value: &Value) -> Result<Option<String>, String> {
        match self {
            Self::Ignored("") => {
                Ok(Some(format!("{name}: a setting of Quay that dockpass has no use for; it is ignored")))
            }
            Self::Ignored(hint) => Ok(Some(format!("{name}: a setting of Quay that is ignored; {hint}"))),
            Self::Only(only) => match value {
                Value::Nothing => Ok(None),
                Value::Text(text) if text.eq_ignore_ascii_case(only) => Ok(None),
                _ => Err(format!(
                    "a setting of Quay that dockpass only has as {only}; remove it if that is acceptable"
                )),
            },
        }
    }
}

/// What becomes of `name`; `None` if Quay does not have it either, as far as is known here.
pub(super) fn find(name: &str) -> Option<Foreign> {
    let exact = ONLY.iter().map(|(known, only)| (*known, Foreign::Only(only)));
    let hinted = HINTED.iter().map(|(known, hint)| (*known, Foreign::Ignored(hint)));
    let plain = IGNORED.iter().map(|known| (*known, Foreign::Ignored("")));
    exact.chain(hinted).chain(plain).find(|(known, _)| *known == name).map(|(_, foreign)| foreign).or_else(
        || {
            let family = PREFIXES.iter().any(|prefix| name.starts_with(prefix))
                || SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
            family.then_some(Foreign::Ignored(""))
        },
    )
}

/// Settings that close or open something.
const ONLY: &[(&str, &str)] = &[
    ("ACCOUNT_RECOVERY_MODE", "false"),
    ("AUTHENTICATION_TYPE", "Database"),
    ("DISABLE_PUSHES", "false"),
    ("FEATURE_BLACKLISTED_EMAILS", "false"),
    ("FEATURE_DIRECT_LOGIN", "true"),
    ("FEATURE_EXTENDED_REPOSITORY_NAMES", "true"),
    ("FEATURE_FIPS", "false"),
    ("FEATURE_INVITE_ONLY_USER_CREATION", "false"),
    ("FEATURE_RECAPTCHA", "false"),
    ("FEATURE_REQUIRE_ENCRYPTED_BASIC_AUTH", "false"),
    ("FEATURE_TEAM_SYNCING", "false"),
];

/// Settings with another name or place here.
const HINTED: &[(&str, &str)] = &[
    ("ACTION_LOG_ROTATION_THRESHOLD", "use ACTION_LOG_RETENTION"),
    ("DATABASE_SECRET_KEY", "keys are kept in KEYS_DIR"),
    ("DB_URI", "use DATABASE_URL"),
    ("EXTERNAL_TLS_TERMINATION", "name the proxy in TRUSTED_PROXIES"),
    ("FEATURE_ACTION_LOG_ROTATION", "use ACTION_LOG_RETENTION"),
    ("FEATURE_LISTEN_IP_VERSION", "use LISTEN"),
    ("INSTANCE_SERVICE_KEY_SERVICE", "use TOKEN_ISSUER"),
    ("LOGGING_LEVEL", "use LOG_LEVEL"),
    ("PERMANENT_SESSION_LIFETIME", "use SESSION_LIFETIME"),
    ("PROMETHEUS_PUSHGATEWAY_URL", "metrics are at /metrics"),
    ("REGISTRY_JWT_AUTH_MAX_FRESH_S", "use TOKEN_LIFETIME"),
    ("SECRET_KEY", "keys are kept in KEYS_DIR"),
    ("SESSION_COOKIE_SECURE", "cookies are secure wherever TLS is"),
    ("SSL_CIPHERS", "the TLS library chooses"),
    ("SSL_PROTOCOLS", "the TLS library chooses"),
];

/// Families of settings of parts that dockpass does not have. No setting of ours may fall into one.
#[rustfmt::skip]
const PREFIXES: &[&str] = &[
    "ACTION_LOG_ARCHIVE_", "AVATAR_", "BUILD", "DB_CONNECTION_", "DEFAULT_", "DISTRIBUTED_STORAGE_", "ENTITLEMENT_",
    "EXPORT_", "FEATURE_UI_", "GITLAB_", "INSTANCE_SERVICE_KEY_", "LDAP_", "LOGS_MODEL", "LOG_ARCHIVE_", "MAIL_",
    "QUOTA_", "RECAPTCHA_", "REPO_MIRROR_", "SECURITY_SCANNER_", "UI_", "USERFILES_",
];
const SUFFIXES: &[&str] =
    &["_BUILD_COUNT", "_LOGIN_CONFIG", "_QUEUE_NAME", "_REDIS", "_TRIGGER_CONFIG", "_DISABLE_THRESHOLD"];

/// The rest.
#[rustfmt::skip]
const IGNORED: &[&str] = &[
    "ACTION_LOG_AUDIT_DELETE_FAILURES", "ACTION_LOG_AUDIT_PULL_FAILURES", "ACTION_LOG_AUDIT_PUSH_FAILURES",
    "ALLOWED_OCI_ARTIFACT_TYPES", "ALLOW_PULLS_WITHOUT_STRICT_LOGGING", "ALLOW_WITHOUT_STRICT_LOGGING",
    "ANALYTICS_TYPE", "APPLICATION_ROOT", "BILLING_TYPE", "BLACKLISTED_EMAIL_DOMAINS", "BLACKLIST_V2_SPEC",
    "BRANDING", "CHANNEL_COLORS", "CLEAN_BLOB_UPLOAD_FOLDER", "CONTACT_INFO", "CORS_ORIGIN",
    "DATA_MODEL_CACHE_CONFIG", "DEBUG", "DIRECT_OAUTH_CLIENTID_WHITELIST", "DISABLED_FOR_AUDIT_LOGS",
    "DISABLED_FOR_PULL_LOGS", "DOCUMENTATION_ROOT", "ENABLE_HEALTH_DEBUG_SECRET", "EXCEPTION_LOG_TYPE",
    "EXPIRED_SERVICE_KEY_TTL_SEC", "EXPLAIN_TEMPLATE_LOADING",
    "FEATURE_ACI_CONVERSION", "FEATURE_ADVERTISE_V2", "FEATURE_AGGREGATED_LOG_COUNT_RETRIEVAL",
    "FEATURE_APP_REGISTRY", "FEATURE_AUTO_PRUNE", "FEATURE_BILLING",
    "FEATURE_BITBUCKET_BUILD", "FEATURE_BUILD_SUPPORT", "FEATURE_CHANGE_TAG_EXPIRATION",
    "FEATURE_CLEAR_EXPIRED_RAC_ENTRIES", "FEATURE_DISABLE_PULL_LOGS_FOR_FREE_NAMESPACES",
    "FEATURE_EDIT_QUOTA", "FEATURE_ENTITLEMENT_RECONCILIATION", "FEATURE_EXPORT_COMPLIANCE",
    "FEATURE_GARBAGE_COLLECTION", "FEATURE_GENERAL_OCI_SUPPORT", "FEATURE_GITHUB_BUILD",
    "FEATURE_GITHUB_LOGIN", "FEATURE_GITLAB_BUILD", "FEATURE_GOOGLE_LOGIN", "FEATURE_HELM_OCI_SUPPORT",
    "FEATURE_IMAGE_EXPIRY_TRIGGER", "FEATURE_LOG_EXPORT", "FEATURE_MAILING",
    "FEATURE_MANIFEST_SIZE_BACKFILL", "FEATURE_MANIFEST_SUBJECT_BACKFILL",
    "FEATURE_NAMESPACE_GARBAGE_COLLECTION", "FEATURE_NONSUPERUSER_TEAM_SYNCING_SETUP", "FEATURE_ORG_MIRROR",
    "FEATURE_PARTIAL_USER_AUTOCOMPLETE", "FEATURE_PERMANENT_SESSIONS", "FEATURE_PROXY_CACHE",
    "FEATURE_PROXY_STORAGE", "FEATURE_PUBLIC_CATALOG", "FEATURE_QUOTA_MANAGEMENT",
    "FEATURE_QUOTA_SUPPRESS_FAILURES", "FEATURE_RATE_LIMITS", "FEATURE_READER_BUILD_LOGS",
    "FEATURE_REFERRERS_API", "FEATURE_REPOSITORY_ACTION_COUNTER", "FEATURE_REPOSITORY_GARBAGE_COLLECTION",
    "FEATURE_REPO_MIRROR", "FEATURE_REQUIRE_TEAM_INVITE", "FEATURE_RESTRICTED_V1_PUSH",
    "FEATURE_RH_MARKETPLACE", "FEATURE_SECURITY_NOTIFICATIONS", "FEATURE_SECURITY_SCANNER",
    "FEATURE_SECURITY_SCANNER_NOTIFY_ON_NEW_INDEX", "FEATURE_SIGNING", "FEATURE_STORAGE_REPLICATION",
    "FEATURE_USERNAME_CONFIRMATION", "FEATURE_USER_LOG_ACCESS", "FEATURE_USER_METADATA",
    "FEATURE_VERIFY_QUOTA", "FOOTER_LINKS", "GARBAGE_COLLECTION_FREQUENCY", "GREENLET_TRACING",
    "HEALTH_CHECKER", "JSONIFY_PRETTYPRINT_REGULAR", "LABEL_KEY_RESERVED_PREFIXES", "LOCAL_OAUTH_HANDLER",
    "MANIFESTS_ENDPOINT_READ_TIMEOUT", "MAXIMUM_LAYER_SIZE", "MAX_COOKIE_SIZE",
    "NOTIFICATION_MIN_SEVERITY_ON_NEW_INDEX", "NOTIFICATION_SEND_TIMEOUT",
    "NOTIFICATION_TASK_RUN_MINIMUM_INTERVAL_MINUTES", "PAGE_TOKEN_KEY", "PERMANENTLY_DELETE_TAGS",
    "PROMETHEUS_NAMESPACE", "PROPAGATE_EXCEPTIONS", "PUBLIC_NAMESPACES", "PUSH_TEMP_TAG_EXPIRATION_SEC",
    "QUEUE_METRICS_TYPE", "QUEUE_WORKER_METRICS_REFRESH_SECONDS", "REGISTRY_TITLE", "REGISTRY_TITLE_SHORT",
    "RESET_CHILD_MANIFEST_EXPIRATION", "SEARCH_MAX_RESULT_PAGE_COUNT", "SEARCH_RESULTS_PER_PAGE",
    "SEND_FILE_MAX_AGE_DEFAULT", "SENTRY_DSN", "SENTRY_PUBLIC_DSN", "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_NAME", "SESSION_COOKIE_SAMESITE", "SESSION_REFRESH_EACH_REQUEST", "SETUP_COMPLETE",
    "SIGNED_GRANT_EXPIRATION_SEC", "STAGGER_WORKERS", "STATUS_TAGS", "TAG_EXPIRATION_OPTIONS",
    "TEAM_RESYNC_STALE_TIME", "TEAM_SYNC_WORKER_FREQUENCY", "TESTING", "TRAP_HTTP_EXCEPTIONS",
    "TUF_GUN_PREFIX", "TUF_SERVER", "UNAPPROVED_SERVICE_KEY_TTL_SEC", "USER_RECOVERY_TOKEN_LIFETIME",
    "USE_CDN", "USE_X_SENDFILE", "V1_PUSH_WHITELIST", "V2_PAGINATION_SIZE", "V3_UPGRADE_MODE",
    "WEBHOOK_HOSTNAME_BLACKLIST",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_setting_of_ours_is_taken_for_one_of_quays_alone() {
        for key in super::super::keys() {
            assert_eq!(find(key.name), None, "{}", key.name);
        }
    }

    #[test]
    fn a_slip_in_one_of_our_names_is_not_taken_for_one_of_quays() {
        for key in super::super::keys() {
            let slips =
                [key.name.get(..key.name.len() - 1), key.name.get(1..), Some(&*format!("{}S", key.name))]
                    .map(|slip| slip.unwrap().to_owned());
            for slip in slips {
                assert_eq!(find(&slip), None, "{slip}");
            }
        }
    }

    #[test]
    fn settings_that_close_something_are_refused_with_another_value() {
        let judge = |name, value: &str| find(name).unwrap().judge(name, &Value::from_text(value));
        assert_eq!(judge("AUTHENTICATION_TYPE", "Database"), Ok(None));
        assert!(judge("AUTHENTICATION_TYPE", "LDAP").is_err());
        assert_eq!(judge("DISABLE_PUSHES", "False"), Ok(None));
        assert!(judge("DISABLE_PUSHES", "true").is_err());
    }

    #[test]
    fn other_settings_of_quay_are_ignored_with_a_warning_that_shows_no_value() {
        let names = [
            "DB_URI",
            "BUILDLOGS_REDIS",
            "LDAP_ADMIN_PASSWD",
            "DISTRIBUTED_STORAGE_CONFIG",
            "GITHUB_LOGIN_CONFIG",
        ];
        for name in names {
            let warning = find(name).unwrap().judge(name, &Value::from_text("hunter2")).unwrap().unwrap();
            assert!(warning.contains(name) && !warning.contains("hunter2"), "{warning}");
        }
    }
}
