use super::*;
use crate::domain::caller::Privilege;
use crate::domain::oauth::OAuthScopes;
use crate::domain::scope::Naming;
use proptest::prelude::*;

const NAMESPACE: NamespaceFacts =
    NamespaceFacts { id: AccountId(1), enabled: true, authority: Authority::None };
const PRIVATE: RepositoryFacts = RepositoryFacts {
    visibility: Visibility::Private,
    state: RepositoryState::Normal,
    mirror_robot: None,
    role: None,
};

fn caller(name: &str) -> Caller {
    let name = AccountName::parse(name).unwrap();
    Caller::Account(Identity { id: AccountId(7), name, privilege: Privilege::default(), oauth: None })
}

fn with(name: &str, change: impl FnOnce(&mut Identity)) -> Caller {
    let Caller::Account(mut identity) = caller(name) else { unreachable!() };
    change(&mut identity);
    Caller::Account(identity)
}

fn requested(scopes: &str) -> Vec<Requested> {
    Naming { hostname: "registry.example".to_owned(), library: None }.requested([scopes])
}

fn grant(caller: &Caller, actions: &str, facts: Facts) -> String {
    let granted =
        decide(caller, &requested(&format!("repository:acme/app:{actions}")), Policy::default(), |_| facts);
    let names: Vec<_> = granted.access()[0].actions.names().collect();
    let made = if granted.creations().is_empty() { "" } else { " and creates" };
    format!("{}{made}", names.join(","))
}

fn stored(role: Option<Role>) -> Facts {
    Facts { namespace: Some(NAMESPACE), repository: Some(RepositoryFacts { role, ..PRIVATE }) }
}

fn missing(authority: Authority) -> Facts {
    Facts { namespace: Some(NamespaceFacts { authority, ..NAMESPACE }), repository: None }
}

#[test]
fn a_robot_gets_what_its_role_allows_as_in_quay() {
    let robot = caller("acme+ci");
    assert_eq!(grant(&robot, "pull,push,*", stored(None)), "");
    assert_eq!(grant(&robot, "pull,push,*", stored(Some(Role::Read))), "pull");
    assert_eq!(grant(&robot, "pull,push,*", stored(Some(Role::Write))), "push,pull");
    assert_eq!(grant(&robot, "pull,push,*", stored(Some(Role::Admin))), "push,pull,*");
    assert_eq!(grant(&robot, "delete", stored(Some(Role::Write))), "");
    assert_eq!(grant(&robot, "delete", stored(Some(Role::Admin))), "delete");
}

#[test]
fn teams_of_creators_and_administrators_may_push_to_a_missing_repository() {
    let robot = caller("acme+ci");
    assert_eq!(grant(&robot, "pull,push,*", missing(Authority::None)), "");
    assert_eq!(grant(&robot, "pull,push,*", missing(Authority::Creator)), "push,pull,* and creates");
    assert_eq!(grant(&robot, "pull,push,*", missing(Authority::Admin)), "push,pull,* and creates");
    assert_eq!(grant(&robot, "pull", missing(Authority::Creator)), "", "a pull makes nothing");
    assert_eq!(grant(&robot, "pull,*", missing(Authority::Admin)), "pull");
}

#[test]
fn a_robot_is_a_stranger_outside_its_namespace() {
    let stranger = caller("other+ci");
    assert_eq!(grant(&stranger, "pull,push", stored(Some(Role::Admin))), "");
    assert_eq!(grant(&stranger, "pull,push", missing(Authority::Admin)), "");
    let public = RepositoryFacts { visibility: Visibility::Public, role: Some(Role::Admin), ..PRIVATE };
    let facts = Facts { namespace: Some(NAMESPACE), repository: Some(public) };
    assert_eq!(grant(&stranger, "pull,push", facts), "pull");
    assert_eq!(
        grant(&caller("acm+ci"), "push", stored(Some(Role::Admin))),
        "",
        "a prefix is another namespace"
    );
}

#[test]
fn the_anonymous_pull_public_repositories_and_nothing_else() {
    let public = RepositoryFacts { visibility: Visibility::Public, ..PRIVATE };
    let facts = Facts { namespace: Some(NAMESPACE), repository: Some(public) };
    assert_eq!(grant(&Caller::Anonymous, "pull,push,delete,*", facts), "pull");
    assert_eq!(grant(&Caller::Anonymous, "pull", stored(None)), "");
    assert_eq!(grant(&Caller::Anonymous, "push", missing(Authority::None)), "");
}

#[test]
fn a_disabled_namespace_grants_nothing_not_even_what_is_public() {
    let disabled = NamespaceFacts { enabled: false, authority: Authority::Admin, ..NAMESPACE };
    let public = RepositoryFacts { visibility: Visibility::Public, role: Some(Role::Admin), ..PRIVATE };
    for repository in [Some(public), None] {
        let facts = Facts { namespace: Some(disabled), repository };
        assert_eq!(grant(&caller("alice"), "pull,push", facts), "");
        assert_eq!(grant(&Caller::Anonymous, "pull", facts), "");
    }
}

#[test]
fn read_only_and_mirrored_repositories_can_be_pulled_only() {
    for state in [RepositoryState::ReadOnly, RepositoryState::Mirror] {
        let repository = RepositoryFacts { state, role: Some(Role::Admin), ..PRIVATE };
        let facts = Facts { namespace: Some(NAMESPACE), repository: Some(repository) };
        assert_eq!(grant(&caller("acme+ci"), "pull,push,delete,*", facts), "pull");
    }
    let mirrored =
        RepositoryFacts { state: RepositoryState::Mirror, mirror_robot: Some(AccountId(7)), ..PRIVATE };
    let facts = Facts { namespace: Some(NAMESPACE), repository: Some(mirrored) };
    assert_eq!(grant(&caller("acme+mirror"), "pull,push,*", facts), "push,pull");
    assert_eq!(grant(&with("acme+ci", |robot| robot.id = AccountId(8)), "pull,push", facts), "");
}

#[test]
fn super_users_reach_other_namespaces_only_with_full_access() {
    let panel = with("root1", |user| user.privilege.super_user = true);
    assert_eq!(grant(&panel, "pull", stored(None)), "");
    let full = with("root1", |user| user.privilege.full_access = true);
    assert_eq!(grant(&full, "pull,push,*", stored(None)), "push,pull,*");
    let read_only = with("auditor", |user| {
        user.privilege =
            Privilege { super_user: true, full_access: true, read_only: true, ..Privilege::default() };
    });
    assert_eq!(grant(&read_only, "pull,push,*", stored(None)), "pull");
    assert_eq!(grant(&read_only, "push", missing(Authority::Admin)), "", "and creates nothing");
}

#[test]
fn the_catalog_is_for_super_users() {
    let scopes = requested("registry:catalog:*");
    let ask = |caller: &Caller| {
        decide(caller, &scopes, Policy::default(), |_| Facts::default()).access()[0].actions
    };
    assert_eq!(ask(&Caller::Anonymous), Actions::NONE);
    assert_eq!(ask(&caller("alice")), Actions::NONE);
    assert_eq!(ask(&with("root1", |user| user.privilege.super_user = true)), Actions::ALL);
    assert_eq!(ask(&with("acme+ci", |robot| robot.privilege.super_user = true)), Actions::NONE);
}

#[test]
fn an_access_token_never_adds_rights() {
    let scoped = |words| with("alice", |user| user.oauth = OAuthScopes::parse(words).ok());
    assert_eq!(grant(&scoped("repo:read"), "pull,push", stored(Some(Role::Admin))), "pull");
    assert_eq!(grant(&scoped("repo:admin"), "pull,push,*", stored(Some(Role::Read))), "pull");
    assert_eq!(grant(&scoped("org:admin"), "pull,push", stored(Some(Role::Admin))), "");
    assert_eq!(grant(&scoped("repo:write"), "pull,push", missing(Authority::Admin)), "");
    assert_eq!(
        grant(&scoped("repo:write repo:create"), "pull,push", missing(Authority::Admin)),
        "push,pull and creates"
    );
}

#[test]
fn an_unknown_namespace_is_made_only_where_configured_and_only_for_a_user() {
    let policy = Policy { create_namespace_on_push: true };
    let scopes = requested("repository:fresh/app:pull,push");
    let made = |caller: &Caller, policy| {
        decide(caller, &scopes, policy, |_| Facts::default())
            .creations()
            .first()
            .map(|made| made.with_namespace)
    };
    assert_eq!(made(&caller("alice"), policy), Some(true));
    assert_eq!(made(&caller("alice"), Policy::default()), None);
    assert_eq!(made(&caller("fresh+ci"), policy), None);
    let kept_from_it = with("alice", |user| user.privilege.makes_no_organizations = true);
    assert_eq!(made(&kept_from_it, policy), None);
    assert_eq!(made(&Caller::Anonymous, policy), None);
}

fn any_caller() -> impl Strategy<Value = Caller> {
    let names = prop::sample::select(vec!["alice", "acme+ci", "other+ci"]);
    let identity = (names, any::<[bool; 3]>(), prop::option::of(any::<u8>()), 6_i64..9);
    prop_oneof![
        1 => Just(Caller::Anonymous),
        6 => identity.prop_map(|(name, [super_user, full_access, read_only], scopes, id)| with(name, |who| {
            who.id = AccountId(id);
            who.privilege = Privilege { super_user, full_access, read_only, ..Privilege::default() };
            who.oauth = scopes.map(|bits| {
                let words: Vec<_> = OAuthScope::EVERY
                    .iter()
                    .enumerate()
                    .filter(|(position, _)| bits >> position & 1 == 1)
                    .map(|(_, scope)| scope.as_str())
                    .collect();
                OAuthScopes::parse(&words.join(" ")).unwrap()
            });
        })),
    ]
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let authority = prop::sample::select(vec![Authority::None, Authority::Creator, Authority::Admin]);
    let namespace = prop::option::weighted(
        0.9,
        (any::<bool>(), authority).prop_map(|(enabled, authority)| NamespaceFacts {
            id: AccountId(1),
            enabled,
            authority,
        }),
    );
    let role = prop::option::of(prop::sample::select(Role::EVERY));
    let repository = prop::option::weighted(
        0.8,
        (
            prop::sample::select(Visibility::EVERY),
            prop::sample::select(RepositoryState::EVERY),
            prop::option::of((6_i64..9).prop_map(AccountId)),
            role,
        )
            .prop_map(|(visibility, state, mirror_robot, role)| RepositoryFacts {
                visibility,
                state,
                mirror_robot,
                role,
            }),
    );
    (namespace, repository).prop_map(|(namespace, repository)| Facts { namespace, repository })
}

proptest! {
    #[test]
    fn nothing_is_granted_beyond_what_was_asked_what_is_stored_and_the_robots_namespace(
        caller in any_caller(),
        facts in any_facts(),
        create_namespace_on_push in any::<bool>(),
        scopes in prop::collection::vec("repository:(acme|other)/(app|base):(pull|push|delete|\\*)(,(pull|push|\\*))?", 0..5),
    ) {
        let requested = requested(&scopes.join(" "));
        let granted = decide(&caller, &requested, Policy { create_namespace_on_push }, |_| facts);
        prop_assert_eq!(granted.access().len(), requested.len());
        for (access, request) in granted.access().iter().zip(&requested) {
            prop_assert_eq!(&access.name, &request.name);
            prop_assert!(request.actions.contains(access.actions));
            let beyond_pull = access.actions.intersection(Actions::ADMIN) != access.actions.intersection(Actions::PULL);
            if let Some(robot) = caller.identity().and_then(|who| match &who.name {
                AccountName::Robot(robot) => Some(robot),
                AccountName::User(_) => None,
            }) && !request.name.starts_with(&format!("{}/", robot.namespace()))
            {
                prop_assert!(!beyond_pull, "a robot writes outside its namespace");
            }
            if caller == Caller::Anonymous {
                prop_assert!(!beyond_pull && granted.creations().is_empty());
            }
            if facts.namespace.is_some_and(|namespace| !namespace.enabled) {
                prop_assert!(access.actions.is_empty());
            }
            if let (Some(repository), Some(who)) = (facts.repository, caller.identity()) {
                let privileged = who.privilege.full_access
                    || facts.namespace.is_some_and(|namespace| namespace.authority == Authority::Admin);
                let by_role = repository.role.map_or(Actions::NONE, Role::actions);
                let mirrors = repository.mirror_robot == Some(who.id);
                if facts.namespace.is_some() && !privileged && !mirrors {
                    prop_assert!(by_role.union(Actions::PULL).contains(access.actions));
                }
            }
        }
    }

    #[test]
    fn the_order_of_scopes_changes_no_grant(caller in any_caller(), facts in any_facts(), mut scopes in prop::collection::vec("repository:acme/(app|base):(pull|push)", 0..5)) {
        let sorted = |scopes: &[String]| {
            let granted = decide(&caller, &requested(&scopes.join(" ")), Policy::default(), |_| facts);
            let mut access: Vec<_> = granted.access().iter().map(|one| format!("{one:?}")).collect();
            access.sort();
            access
        };
        let forwards = sorted(&scopes);
        scopes.reverse();
        prop_assert_eq!(forwards, sorted(&scopes));
    }
}
