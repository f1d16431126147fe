//! Settings that are one word out of a few.

use crate::telemetry::log::Format;
use tracing::level_filters::LevelFilter;

/// Makes an enum and the table of the words that stand for its variants.
macro_rules! choice {
    ($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $about:literal])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[doc = $about])* $variant,)+
        }

        impl $name {
            /// Every variant with the word that stands for it in the configuration.
            pub const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];

            /// The word that stands for this variant in the configuration.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

choice! {
    /// How addresses that are shown to people and clients begin.
    UrlScheme {
        /// Plain HTTP.
        Http = "http",
        /// HTTP over TLS.
        Https = "https",
    }
}
choice! {
    /// What tokens are signed with.
    TokenAlgorithm {
        /// ECDSA on P-256 with SHA-256: small, fast, accepted by every registry.
        Es256 = "ES256",
        /// RSA with SHA-256, for verifiers that know nothing else.
        Rs256 = "RS256",
        /// Ed25519; registry 3.x only.
        EdDsa = "EdDSA",
    }
}
choice! {
    /// How a registry finds the key that a token was signed with.
    TokenKeyHeader {
        /// The certificate chain travels in every token, so that keys rotate without touching the registry.
        X5c = "x5c",
        /// Only the key's id travels; the registry is given the keys.
        Kid = "kid",
    }
}
choice! {
    /// Whether a robot's secret may be read again.
    RobotTokenDisplay {
        /// Shown whenever an administrator asks, as Quay does; a sealed copy is stored.
        Always = "always",
        /// Shown when made, never again; no copy is stored.
        Once = "once",
    }
}
choice! {
    /// Whether anything may be changed.
    RegistryState {
        /// Everything works.
        Normal = "normal",
        /// Pulls work, changes answer 503.
        ReadOnly = "readonly",
    }
}
choice! {
    /// How a log line looks.
    LogFormat {
        /// Text when standard error is a terminal, JSON otherwise.
        Auto = "auto",
        /// One JSON object per line.
        Json = "json",
        /// For people.
        Text = "text",
    }
}
choice! {
    /// The least important log line that is written.
    LogLevel {
        /// What failed and needs somebody.
        Error = "error",
        /// What looks wrong.
        Warn = "warn",
        /// One line per request and per change.
        Info = "info",
        /// What helps to find a fault.
        Debug = "debug",
    }
}

impl LogFormat {
    /// The format to write, given whether standard error is a terminal.
    pub const fn on(self, terminal: bool) -> Format {
        match self {
            Self::Json => Format::Json,
            Self::Text => Format::Text,
            Self::Auto => {
                if terminal {
                    Format::Text
                } else {
                    Format::Json
                }
            }
        }
    }
}

impl LogLevel {
    /// What the log lets through. A build with debug assertions also shows what libraries trace at the level `debug`, so that
    /// the tests look for secrets there, too; an optimised one does not have these lines in it.
    pub const fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug if cfg!(debug_assertions) => LevelFilter::TRACE,
            Self::Debug => LevelFilter::DEBUG,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_level_shows_all_there_is_in_the_builds_of_tests() {
        assert_eq!(LogLevel::Debug.filter(), LevelFilter::TRACE);
        assert_eq!(LogLevel::Info.filter(), LevelFilter::INFO);
    }
}
