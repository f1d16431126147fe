//! The closed sets that metric labels are taken from. Nothing that a client sends ever becomes a label: that would let
//! it make as many time series as it likes, and would publish names.

use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};
use std::fmt::{self, Write};

macro_rules! label {
    ($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $about:literal])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[doc = $about])* $variant,)+
        }

        impl $name {
            /// Every variant, so that all time series exist from the start and a rate of zero is not a gap.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The value of the label.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), fmt::Error> {
                encoder.write_str(self.word())
            }
        }
    };
}

label! {
    /// How a token request ended.
    TokenOutcome {
        /// Everything that was asked for was granted, or nothing was asked for.
        Granted = "granted",
        /// Some of what was asked for was granted.
        Partial = "partial",
        /// Nothing of what was asked for was granted.
        Empty = "empty",
        /// Wrong credentials, or none where they are needed.
        Unauthorized = "unauthorized",
        /// Refused by `ROBOTS_DISALLOW`.
        Disallowed = "disallowed",
        /// Refused for too many failed attempts.
        Throttled = "throttled",
        /// The database or the password threads could not serve it.
        Unavailable = "unavailable",
        /// Could not be understood.
        BadRequest = "bad_request",
    }
}
label! {
    /// How the exchange of an outside issuer's token for a robot token ended.
    ExchangeOutcome {
        /// With a robot token.
        Exchanged = "exchanged",
        /// The token, the robot or its federation did not fit.
        Refused = "refused",
        /// Refused for too many failed attempts.
        Throttled = "throttled",
        /// The issuer's keys could not be fetched, or the database could not serve it.
        Unavailable = "unavailable",
    }
}
label! {
    /// What kind of credentials a request came with, judged by their form, right or wrong.
    CallerKind {
        /// None.
        Anonymous = "anonymous",
        /// A user name and password.
        User = "user",
        /// A robot's full name and secret.
        Robot = "robot",
        /// An application-specific token (`$app`) or OAuth access token (`$oauthtoken`).
        Application = "application",
    }
}
label! {
    /// Whether a use case of the store may change something.
    Access {
        /// Only reads.
        Read = "read",
        /// Changes something.
        Write = "write",
    }
}
label! {
    /// What expires.
    KeyKind {
        /// The token root certificate that registries trust.
        Root = "root",
        /// The leaf certificate of the current signing key.
        Signing = "signing",
        /// The server certificate.
        Tls = "tls",
    }
}
