//! External identities that may act as a robot.

use super::engine::Value;
use super::{StoreError, Tx};
use crate::domain::caller::AccountId;

/// One external identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedIdentity {
    /// Who vouches for it: the `iss` of its tokens, compared exactly.
    pub issuer: String,
    /// Whom it vouches for: the `sub` of its tokens, compared exactly.
    pub subject: String,
    /// Whom its tokens must be made for (`aud`).
    pub audience: String,
}

impl FederatedIdentity {
    fn deciding(&self, robot: AccountId) -> [Value<'_>; 4] {
        [robot.into(), (&self.issuer).into(), (&self.subject).into(), (&self.audience).into()]
    }
}

impl Tx<'_> {
    /// The external identities of a robot, in the order that they were given in.
    pub fn federation(&mut self, robot: AccountId) -> Result<Vec<FederatedIdentity>, StoreError> {
        let rows = self.all(
            "SELECT issuer, subject, audience, mac FROM robot_federation WHERE robot_id = $1 ORDER BY position",
            &[robot.into()],
            |columns| {
                let identity = FederatedIdentity {
                    issuer: columns.take()?,
                    subject: columns.take()?,
                    audience: columns.take()?,
                };
                Ok((identity, columns.take::<Vec<u8>>()?))
            },
        )?;
        let genuine = |(identity, mac): &(FederatedIdentity, Vec<u8>)| {
            self.is_genuine("robot_federation", &identity.deciding(robot), mac)
        };
        Ok(rows.into_iter().filter(genuine).map(|(identity, _)| identity).collect())
    }

    /// Replaces the external identities of a robot. No two may share issuer and subject.
    pub fn replace_federation(
        &mut self,
        robot: AccountId,
        identities: &[FederatedIdentity],
    ) -> Result<(), StoreError> {
        self.run("DELETE FROM robot_federation WHERE robot_id = $1", &[robot.into()])?;
        for (position, identity) in (0_i64..).zip(identities) {
            let mac = self.mac("robot_federation", &identity.deciding(robot));
            self.run(
                "INSERT INTO robot_federation (robot_id, issuer, subject, audience, position, mac) \
                 VALUES ($1, $2, $3, $4, $5, $6)",
                &[
                    robot.into(),
                    (&identity.issuer).into(),
                    (&identity.subject).into(),
                    (&identity.audience).into(),
                    position.into(),
                    (&mac).into(),
                ],
            )?;
        }
        Ok(())
    }
}
