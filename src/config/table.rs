//! The macro that turns the list of settings into the `Config` type, its reader and its reference.

/// What the reference says about one setting.
#[derive(Clone, Debug)]
pub struct Key {
    /// The name in `config.yaml`.
    pub name: &'static str,
    /// The heading that it stands under.
    pub section: &'static str,
    /// What may stand there.
    pub allowed: String,
    /// The value when nothing is given, as YAML.
    pub default: &'static str,
    /// What it is for, one sentence per item or so.
    pub doc: &'static [&'static str],
}

/// One entry per setting yields the field, its documentation, its default and its rule, so that none of them can
/// say something else than the others. An entry reads
/// `KEY => [pub] field: Type = "default as YAML" as rule;`.
macro_rules! settings {
    ($(
        $section:literal $about:literal $Section:ident $group:ident {
            $($(#[doc = $doc:literal])+ $KEY:ident => $vis:vis $field:ident: $type:ty = $default:literal as $rule:expr;)+
        }
    )+) => {
        $(
            #[doc = $about]
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $Section {
                $(#[doc = concat!("`", stringify!($KEY), "`: ", $($doc, "\n"),+)] $vis $field: $type,)+
            }

            impl $Section {
                fn read(source: &mut Source) -> Option<Self> {
                    // Every key is read before the first missing one ends this: all problems are told at once.
                    $(let $field = source.take(stringify!($KEY), &$rule, $default);)+
                    Some(Self { $($field: $field?,)+ })
                }
            }
        )+

        /// A configuration that has been read, checked and found free of contradictions.
        #[derive(Clone, Debug)]
        pub struct Config {
            $(#[doc = $about] pub $group: $Section,)+
            /// What follows from several settings together.
            pub derived: Derived,
            /// What the operator should be told at start.
            pub warnings: Vec<String>,
            pub(super) effective: BTreeMap<&'static str, Value>,
        }

        impl Config {
            /// Reads every setting; `None` after noting the problems in `source`.
            pub(super) fn read(source: &mut Source) -> Option<Self> {
                $(let $group = $Section::read(source);)+
                Some(Self {
                    $($group: $group?,)+
                    derived: Derived::default(),
                    warnings: Vec::new(),
                    effective: BTreeMap::new(),
                })
            }
        }

        /// Every setting, in the order of the reference.
        pub fn keys() -> Vec<Key> {
            vec![$($(Key {
                name: stringify!($KEY),
                section: $section,
                allowed: $rule.allowed,
                default: $default,
                doc: &[$($doc),+],
            },)+)+]
        }
    };
}

pub(super) use settings;
