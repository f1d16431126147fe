//! The registry's scope grammar (distribution `spec/auth/scope`): text to requests, merged by type and name.

use super::name::{Namespace, RepositoryName};
use serde::Serialize;

/// Most resources read from one request; further ones are dropped. The largest real request (a mount of several
/// sources) names a handful.
pub const MAX_RESOURCES: usize = 32;
/// Most bytes of one scope text; a longer one is dropped.
const MAX_SCOPE: usize = 1024;

/// A set of the actions that registries know: `pull`, `push`, `delete` and `*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Actions(u8);

impl Actions {
    /// No action at all.
    pub const NONE: Self = Self(0);
    /// Reading manifests and blobs.
    pub const PULL: Self = Self(1);
    /// Writing manifests and blobs; registries ask for `pull` beside it.
    pub const PUSH: Self = Self(2);
    /// Deleting manifests and blobs.
    pub const DELETE: Self = Self(4);
    /// The literal `*`, which registries take as every action.
    pub const ALL: Self = Self(8);
    /// Everything an administrator of a repository may be granted.
    pub const ADMIN: Self = Self(15);

    /// In the order that Quay writes them.
    const NAMES: [(Self, &'static str); 4] =
        [(Self::PUSH, "push"), (Self::PULL, "pull"), (Self::DELETE, "delete"), (Self::ALL, "*")];

    fn parse(text: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, name)| *name == text).map(|(action, _)| *action)
    }

    /// Every action of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The actions of both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether every action of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is no action in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The actions' names, in Quay's order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(action, _)| self.contains(*action)).map(|(_, name)| name)
    }
}

impl Serialize for Actions {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

/// What a requested resource is to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A repository.
    Repository(RepositoryName),
    /// `registry:catalog`, the list of all repositories.
    Catalog,
}

impl Resource {
    /// The word before the first `:`; a class such as `(plugin)` is dropped, registries refuse it in a token.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Repository(_) => "repository",
            Self::Catalog => "registry",
        }
    }
}

/// One resource that a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    /// The resource.
    pub resource: Resource,
    /// The name exactly as it was asked for: the registry compares it byte for byte.
    pub name: String,
    /// The actions asked for. May be empty: the resource is then answered with no actions, as Quay does.
    pub actions: Actions,
}

/// How a repository's name in a scope is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    /// The registry's own `host[:port]`; a name that starts with it is read without it (Quay's SERVER_HOSTNAME).
    pub hostname: String,
    /// The namespace of names that have none (Quay's LIBRARY_NAMESPACE), or `None` to drop such scopes.
    pub library: Option<Namespace>,
}

impl Naming {
    fn repository(&self, text: &str) -> Option<RepositoryName> {
        let own = text.strip_prefix(self.hostname.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let path = own.unwrap_or(text);
        if path.contains('/') {
            RepositoryName::parse(path)
        } else {
            RepositoryName::new(self.library.clone()?, path)
        }
    }

    /// Reads one scope. The type ends at the first `:`, the actions begin after the last one, because a name may
    /// hold a port. `None` for anything that no token can grant: junk never fails the request, since clients
    /// send scopes of other registries along with ours.
    fn scope(&self, text: &str) -> Option<Requested> {
        if text.len() > MAX_SCOPE {
            return None;
        }
        let (kind, rest) = text.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        let kind =
            kind.split_once('(').map_or(kind, |(kind, class)| if class.ends_with(')') { kind } else { "" });
        let resource = match (kind, name) {
            ("repository", name) => Resource::Repository(self.repository(name)?),
            ("registry", "catalog") => Resource::Catalog,
            _ => return None,
        };
        let actions = actions.split(',').filter_map(Actions::parse).fold(Actions::NONE, Actions::union);
        Some(Requested { resource, name: name.to_owned(), actions })
    }

    /// Reads every `scope` value of a request. A value may hold several scopes joined by spaces; the same resource asked for
    /// twice is answered once with both sets of actions. Order of first appearance is kept.
    pub fn requested<'a>(&self, values: impl IntoIterator<Item = &'a str>) -> Vec<Requested> {
        let mut requested: Vec<Requested> = Vec::new();
        for scope in values.into_iter().flat_map(|value| value.split(' ')).filter_map(|text| self.scope(text))
        {
            let same = |known: &&mut Requested| {
                known.name == scope.name && known.resource.kind() == scope.resource.kind()
            };
            if let Some(known) = requested.iter_mut().find(same) {
                known.actions = known.actions.union(scope.actions);
            } else if requested.len() < MAX_RESOURCES {
                requested.push(scope);
            }
        }
        requested
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naming() -> Naming {
        Naming { hostname: "reg.example:5000".to_owned(), library: Namespace::parse("library").ok() }
    }

    fn read(values: &[&str]) -> Vec<String> {
        let describe = |one: Requested| {
            let actions: Vec<_> = one.actions.names().collect();
            format!("{}:{}:{}", one.resource.kind(), one.name, actions.join(","))
        };
        naming().requested(values.iter().copied()).into_iter().map(describe).collect()
    }

    #[test]
    fn scopes_repeat_or_share_a_value_and_merge_by_type_and_name() {
        assert_eq!(
            read(&["repository:acme/app:pull repository:acme/app:push,pull", "repository:acme/base:pull"]),
            ["repository:acme/app:push,pull", "repository:acme/base:pull"]
        );
    }

    #[test]
    fn a_class_is_dropped_and_a_port_stays_in_the_name() {
        assert_eq!(read(&["repository(plugin):acme/app:pull"]), ["repository:acme/app:pull"]);
        assert_eq!(
            read(&["repository:reg.example:5000/acme/app:pull"]),
            ["repository:reg.example:5000/acme/app:pull"]
        );
        let requested = naming().requested(["repository:reg.example:5000/acme/app:pull"]);
        assert_eq!(requested[0].resource, Resource::Repository(RepositoryName::parse("acme/app").unwrap()));
    }

    #[test]
    fn a_name_without_namespace_belongs_to_the_library() {
        let requested = naming().requested(["repository:alpine:pull"]);
        assert_eq!(
            requested[0].resource,
            Resource::Repository(RepositoryName::parse("library/alpine").unwrap())
        );
        assert_eq!(requested[0].name, "alpine", "the registry compares the name as the client sent it");
        assert!(Naming { library: None, ..naming() }.requested(["repository:alpine:pull"]).is_empty());
    }

    #[test]
    fn delete_star_and_catalog_are_read() {
        assert_eq!(read(&["repository:acme/app:delete,*"]), ["repository:acme/app:delete,*"]);
        assert_eq!(read(&["registry:catalog:*"]), ["registry:catalog:*"]);
    }

    #[test]
    fn junk_is_dropped_and_the_rest_is_kept() {
        let junk = [
            "",
            " ",
            ":",
            "::",
            "repository",
            "repository:acme/app",
            "repository::pull",
            "repository:../x:pull",
            "repository:other.example:443/acme/app:pull",
            "repository:acme/App:pull",
            "registry:other:*",
            "widget:acme/app:pull",
            "repository(plugin:acme/app:pull",
            "repository:acme/app\u{0}:pull",
        ];
        for text in junk {
            assert_eq!(read(&[text, "repository:acme/app:pull"]), ["repository:acme/app:pull"], "{text:?}");
        }
        assert_eq!(read(&["repository:acme/app:PULL,fly,pull"]), ["repository:acme/app:pull"]);
        assert_eq!(read(&["repository:acme/app:"]), ["repository:acme/app:"]);
    }

    #[test]
    fn no_more_than_the_stated_number_of_resources_is_read() {
        let many: Vec<String> = (0..100).map(|n| format!("repository:acme/app{n}:pull")).collect();
        assert_eq!(naming().requested(many.iter().map(String::as_str)).len(), MAX_RESOURCES);
        assert_eq!(read(&[&many[..MAX_RESOURCES].join(" "), &many[0], &many[40]]).len(), MAX_RESOURCES);
    }

    #[test]
    fn a_scope_is_read_up_to_its_longest_and_dropped_beyond() {
        let longest = |actions: usize| {
            format!("repository:acme/app:{}", ["pull"; 300].join(","))
                .chars()
                .take(actions)
                .collect::<String>()
        };
        // Cut inside a word: the words before it count.
        assert_eq!(read(&[&longest(MAX_SCOPE)]), ["repository:acme/app:pull"]);
        assert_eq!(read(&[&longest(MAX_SCOPE + 1)]), Vec::<String>::new());
    }

    #[test]
    fn sets_of_actions_are_sets() {
        let (pull, push) = (Actions::PULL, Actions::PUSH);
        let both = pull.union(push);
        assert_eq!(both.union(pull), both, "once or twice is the same");
        assert_eq!(both.intersection(pull), pull);
        assert!(both.contains(pull) && !pull.contains(both) && !pull.contains(push));
        assert!(Actions::NONE.is_empty() && !pull.is_empty());
        assert_eq!(Actions::ADMIN.names().collect::<Vec<_>>(), ["push", "pull", "delete", "*"]);
        assert_eq!(
            read(&["repository:acme/app:pull repository:acme/app:pull"]),
            ["repository:acme/app:pull"]
        );
    }

    fn scope_text() -> impl Strategy<Value = String> {
        (
            "(repository|registry|x)",
            "(acme|other)/(app|base)|catalog",
            "(pull|push|delete|\\*|junk)(,(pull|push))?",
        )
            .prop_map(|(kind, name, actions)| format!("{kind}:{name}:{actions}"))
    }

    proptest! {
        #[test]
        fn the_order_of_scopes_changes_nothing(mut scopes in prop::collection::vec(scope_text(), 0..12)) {
            let mut forwards = read(&scopes.iter().map(String::as_str).collect::<Vec<_>>());
            scopes.reverse();
            let mut backwards = read(&scopes.iter().map(String::as_str).collect::<Vec<_>>());
            let joined = scopes.join(" ");
            prop_assert_eq!(&backwards, &read(&[&joined]));
            forwards.sort();
            backwards.sort();
            prop_assert_eq!(forwards, backwards);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let _ = read(&[&text]);
        }
    }
}
