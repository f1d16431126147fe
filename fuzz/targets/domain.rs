//! Names and scopes.

use super::text;
use dockpass::domain::caller::{AccountId, Caller, Identity, Privilege};
use dockpass::domain::decide::{Authority, Facts, NamespaceFacts, Policy, RepositoryFacts, decide};
use dockpass::domain::name::{
    AccountName, MAX_NAME, Namespace, RepositoryName, RobotName, ShortName, TeamName,
};
use dockpass::domain::oauth::{OAuthScope, OAuthScopes};
use dockpass::domain::permission::{RepositoryState, Role, Visibility};
use dockpass::domain::scope::{MAX_RESOURCES, Naming, Requested, Resource};

/// What parses is exactly what was given, made of the characters that names have, and no longer than they may be.
pub(crate) fn names(data: &[u8]) {
    let text = text(data);
    let plain = |name: &str| {
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
        );
        assert!((2..=MAX_NAME).contains(&name.len()));
    };
    for parsed in [
        Namespace::parse(&text).map(|name| name.to_string()),
        ShortName::parse(&text).map(|name| name.to_string()),
        TeamName::parse(&text).map(|name| name.to_string()),
    ]
    .into_iter()
    .flatten()
    {
        assert_eq!(parsed, text);
        plain(&parsed);
    }
    if let Some(robot) = RobotName::parse(&text) {
        assert_eq!(format!("{}+{}", robot.namespace(), robot.short()), text);
        plain(robot.namespace().as_str());
        plain(robot.short());
    }
    if let Some(account) = AccountName::parse(&text) {
        assert_eq!(account.to_string(), text);
        assert_eq!(account.is_robot(), text.contains('+'));
    }
    if let Some(repository) = RepositoryName::parse(&text) {
        assert_eq!(repository.to_string(), text);
        assert!(text.len() <= MAX_NAME && !text.contains(".."));
    }
}

fn naming() -> Naming {
    Naming { hostname: "registry.example:5000".to_owned(), library: Namespace::parse("library").ok() }
}

/// Whatever is asked for, a robot with one read grant in `acme` gets no more than `pull`, and only there; the anonymous
/// nothing.
pub(crate) fn scope(data: &[u8]) {
    let text = text(data);
    let requested = naming().requested(text.split('\n'));
    assert!(requested.len() <= MAX_RESOURCES);
    let again: Vec<String> = requested.iter().map(describe).collect();
    let reread = naming().requested(again.iter().map(String::as_str));
    assert_eq!(reread, requested, "a request that is written out again is the same request");

    let Some(name) = AccountName::parse("acme+ci") else { return };
    let robot = Identity { id: AccountId(2), name, privilege: Privilege::default(), oauth: None };
    let facts = |authority, role| Facts {
        namespace: Some(NamespaceFacts { id: AccountId(1), enabled: true, authority }),
        repository: Some(RepositoryFacts {
            visibility: Visibility::Private,
            state: RepositoryState::Normal,
            mirror_robot: None,
            role,
        }),
    };
    let granted = decide(&Caller::Account(robot), &requested, Policy::default(), |_| {
        facts(Authority::None, Some(Role::Read))
    });
    assert_eq!(granted.access().len(), requested.len());
    for (asked, access) in requested.iter().zip(granted.access()) {
        let actions: Vec<_> = access.actions.names().collect();
        assert!(asked.actions.contains(access.actions) && access.name == asked.name);
        let home =
            matches!(&asked.resource, Resource::Repository(name) if name.namespace().as_str() == "acme");
        assert!(actions.is_empty() || actions == ["pull"] && home, "{actions:?} on {}", access.name);
    }
    let anonymous = decide(&Caller::Anonymous, &requested, Policy::default(), |_| {
        facts(Authority::Admin, Some(Role::Admin))
    });
    assert!(anonymous.access().iter().all(|access| access.actions.is_empty()));
}

fn describe(requested: &Requested) -> String {
    let actions: Vec<_> = requested.actions.names().collect();
    format!("{}:{}:{}", requested.resource.kind(), requested.name, actions.join(","))
}

/// Reading scopes never makes more of them than there are words.
pub(crate) fn oauth_scope(data: &[u8]) {
    let text = text(data);
    match OAuthScopes::parse(&text) {
        Ok(scopes) => {
            for scope in OAuthScope::EVERY {
                assert_eq!(scopes.has(scope), text.split([' ', ',']).any(|word| word == scope.as_str()));
            }
        }
        Err(word) => assert!(text.contains(&word)),
    }
}
