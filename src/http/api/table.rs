//! Every route of the REST API, one row each. Operation ids are Quay's.

use super::route::{Access, Endpoint, Query, Spec, routes};
use super::{
    answers, apptoken, entities, errors, logs, oauth, openapi, organizations, permissions, prototypes,
    repositories, robots, session, superuser, teams, user,
};
use crate::domain::oauth::OAuthScope::{
    self, OrgAdmin, RepoAdmin, RepoCreate, RepoRead, RepoWrite, SuperUser, UserAdmin, UserRead,
};

const fn boolean(name: &'static str, help: &'static str) -> Query {
    Query { name, kind: "boolean", help }
}

const fn text(name: &'static str, help: &'static str) -> Query {
    Query { name, kind: "string", help }
}

const fn integer(name: &'static str, help: &'static str) -> Query {
    Query { name, kind: "integer", help }
}

/// Whether a list of robots tells their teams and repositories.
pub(super) const PERMISSIONS: Query =
    boolean("permissions", "Whether to include repositories and teams in which the robots have permission.");
/// Whether a list of robots tells their secrets.
pub(super) const TOKEN: Query = boolean("token", "If false, the robot's token is not returned.");
/// How many robots are listed.
pub(super) const LIMIT: Query = integer("limit", "If specified, the number of robots to return.");

/// A namespace that a list or a search is about.
pub(super) const NAMESPACE: Query = text("namespace", "Filters the repositories returned to this namespace.");
/// Whether a list of repositories tells all public ones.
pub(super) const PUBLIC: Query = boolean("public", "Whether to list all public repositories.");
/// Whether a list of repositories tells the starred ones.
pub(super) const STARRED: Query = boolean("starred", "Whether to list the caller's starred repositories.");
/// Whether a list of repositories tells when each was changed.
pub(super) const LAST_MODIFIED: Query =
    boolean("last_modified", "Whether to include when the repository was last modified.");
/// Whether a list of repositories tells how popular each is.
pub(super) const POPULARITY: Query =
    boolean("popularity", "Whether to include the repository's popularity metric.");
/// Where a list goes on.
pub(super) const NEXT_PAGE: Query = text("next_page", "The page token for the next page.");
/// Whether the view of a repository has a place for tags.
pub(super) const INCLUDE_TAGS: Query = boolean("includeTags", "Whether to include repository tags.");
const INCLUDE_STATS: Query = boolean("includeStats", "Whether to include action statistics.");
const INCLUDE_PENDING: Query =
    boolean("includePending", "Whether to include who was invited. Nobody is: a member is one at once.");
/// Whether a search finds teams.
pub(super) const INCLUDE_TEAMS: Query = boolean("includeTeams", "Whether to include team names.");
/// Whether a search finds organizations.
pub(super) const INCLUDE_ORGS: Query = boolean("includeOrgs", "Whether to include orgs names.");

const fn repository() -> Spec {
    Spec::new("repository").scope(RepoAdmin)
}

const fn permission() -> Spec {
    Spec::new("permission").scope(RepoAdmin)
}

const fn org_robot() -> Spec {
    Spec::new("robot").scope(OrgAdmin)
}

const fn organization() -> Spec {
    Spec::new("organization").scope(OrgAdmin)
}

const fn team() -> Spec {
    Spec::new("team").scope(OrgAdmin)
}

const fn prototype() -> Spec {
    Spec::new("prototype").scope(OrgAdmin)
}

const fn user_robot() -> Spec {
    Spec::new("robot").scope(UserAdmin)
}

const fn own_user() -> Spec {
    Spec::new("user").scope(UserAdmin).access(Access::Fresh)
}

const fn app_token() -> Spec {
    Spec::new("appspecifictokens").scope(UserAdmin).access(Access::Fresh).switched()
}

const fn assigned() -> Spec {
    Spec::new("user").scope(UserAdmin).switched()
}

const fn application() -> Spec {
    Spec::new("organization").scope(OrgAdmin)
}

const fn log(scope: OAuthScope) -> Spec {
    Spec::new("logs").scope(scope)
}

const LOG_PAGE: &[Query] = &[logs::START, logs::END, logs::PERFORMER, logs::NEXT_PAGE];
const LOG_DAYS: &[Query] = &[logs::START, logs::END, logs::PERFORMER];

const fn superuser() -> Spec {
    Spec::new("superuser").scope(SuperUser).access(Access::Fresh)
}

routes! {
    /// Lists the robots of an organization, or of the calling user by its name.
    GetOrgRobots "getOrgRobots" GET "/organization/{orgname}/robots" (orgname)
        => robots::list_of_organization, org_robot().query(&[PERMISSIONS, TOKEN, LIMIT]).long()
            .answers(&answers::ROBOTS);
    /// Shows a robot of an organization.
    GetOrgRobot "getOrgRobot" GET "/organization/{orgname}/robots/{robot_shortname}" (orgname, robot_shortname)
        => robots::get_of_organization, org_robot().answers(&answers::ROBOT);
    /// Makes a robot in an organization.
    CreateOrgRobot "createOrgRobot" PUT "/organization/{orgname}/robots/{robot_shortname}" (orgname, robot_shortname)
        => robots::create_in_organization,
        org_robot().optional_body(&robots::NEW_ROBOT).success(201).audit("create_robot")
            .answers(&answers::ROBOT);
    /// Deletes a robot of an organization, or of the calling user by its name.
    DeleteOrgRobot "deleteOrgRobot" DELETE "/organization/{orgname}/robots/{robot_shortname}" (orgname, robot_shortname)
        => robots::delete_of_organization, org_robot().success(204).audit("delete_robot");
    /// Lists the repositories that a robot of an organization was granted directly.
    GetOrgRobotPermissions "getOrgRobotPermissions"
        GET "/organization/{orgname}/robots/{robot_shortname}/permissions" (orgname, robot_shortname)
        => robots::permissions_of_organization, user_robot().long().answers(&answers::GRANTS);
    /// Gives a robot of an organization a new secret.
    RegenerateOrgRobotToken "regenerateOrgRobotToken"
        POST "/organization/{orgname}/robots/{robot_shortname}/regenerate" (orgname, robot_shortname)
        => robots::regenerate_of_organization, org_robot().audit("regenerate_robot_token")
            .answers(&answers::REGENERATED_ROBOT);
    /// Lists the external identities that may act as a robot of an organization.
    GetOrgRobotFederation "getOrgRobotFederation"
        GET "/organization/{orgname}/robots/{robot_shortname}/federation" (orgname, robot_shortname)
        => robots::federation_of_organization, org_robot().answers(&answers::FEDERATION);
    /// Replaces the external identities that may act as a robot of an organization.
    CreateOrgRobotFederation "createOrgRobotFederation"
        POST "/organization/{orgname}/robots/{robot_shortname}/federation" (orgname, robot_shortname)
        => robots::federate_of_organization,
        org_robot().body(&robots::FEDERATION).audit("create_robot_federation").answers(&answers::FEDERATION);
    /// Lets no external identity act as a robot of an organization any more.
    DeleteOrgRobotFederation "deleteOrgRobotFederation"
        DELETE "/organization/{orgname}/robots/{robot_shortname}/federation" (orgname, robot_shortname)
        => robots::clear_federation_of_organization, org_robot().success(204).audit("delete_robot_federation");

    /// Lists the robots of the calling user.
    GetUserRobots "getUserRobots" GET "/user/robots" ()
        => robots::list_of_user, user_robot().query(&[PERMISSIONS, TOKEN, LIMIT]).long()
            .answers(&answers::ROBOTS);
    /// Shows a robot of the calling user.
    GetUserRobot "getUserRobot" GET "/user/robots/{robot_shortname}" (robot_shortname)
        => robots::get_of_user, user_robot().answers(&answers::ROBOT);
    /// Makes a robot in the namespace of the calling user.
    CreateUserRobot "createUserRobot" PUT "/user/robots/{robot_shortname}" (robot_shortname)
        => robots::create_of_user,
        user_robot().optional_body(&robots::NEW_ROBOT).success(201).audit("create_robot")
            .answers(&answers::ROBOT);
    /// Deletes a robot of the calling user.
    DeleteUserRobot "deleteUserRobot" DELETE "/user/robots/{robot_shortname}" (robot_shortname)
        => robots::delete_of_user, user_robot().success(204).audit("delete_robot");
    /// Lists the repositories that a robot of the calling user was granted directly.
    GetUserRobotPermissions "getUserRobotPermissions"
        GET "/user/robots/{robot_shortname}/permissions" (robot_shortname)
        => robots::permissions_of_user, user_robot().long().answers(&answers::GRANTS);
    /// Gives a robot of the calling user a new secret.
    RegenerateUserRobotToken "regenerateUserRobotToken"
        POST "/user/robots/{robot_shortname}/regenerate" (robot_shortname)
        => robots::regenerate_of_user, user_robot().audit("regenerate_robot_token")
            .answers(&answers::REGENERATED_ROBOT);
    /// Lists the external identities that may act as a robot of the calling user.
    GetUserRobotFederation "getUserRobotFederation"
        GET "/user/robots/{robot_shortname}/federation" (robot_shortname)
        => robots::federation_of_user, user_robot().answers(&answers::FEDERATION);
    /// Replaces the external identities that may act as a robot of the calling user.
    CreateUserRobotFederation "createUserRobotFederation"
        POST "/user/robots/{robot_shortname}/federation" (robot_shortname)
        => robots::federate_of_user, user_robot().body(&robots::FEDERATION).audit("create_robot_federation")
            .answers(&answers::FEDERATION);
    /// Lets no external identity act as a robot of the calling user any more.
    DeleteUserRobotFederation "deleteUserRobotFederation"
        DELETE "/user/robots/{robot_shortname}/federation" (robot_shortname)
        => robots::clear_federation_of_user, user_robot().success(204).audit("delete_robot_federation");

    /// Makes an organization; the calling user becomes the member of its team owners.
    CreateOrganization "createOrganization" POST "/organization/" ()
        => organizations::create,
        organization().scope(UserAdmin).body(&organizations::NEW_ORGANIZATION).success(201).audit("org_create")
            .answers(&answers::CREATED);
    /// Shows an organization: its teams to members, the rest to administrators.
    GetOrganization "getOrganization" GET "/organization/{orgname}" (orgname)
        => organizations::get, Spec::new("organization").access(Access::Optional)
            .answers(&answers::ORGANIZATION);
    /// Changes the details of an organization.
    ChangeOrganizationDetails "changeOrganizationDetails" PUT "/organization/{orgname}" (orgname)
        => organizations::update, organization().body(&organizations::ORGANIZATION).audit("org_change_email")
            .answers(&answers::ORGANIZATION);
    /// Deletes an organization with its robots, teams and repositories.
    DeleteAdminedOrganization "deleteAdminedOrganization" DELETE "/organization/{orgname}" (orgname)
        => organizations::delete, organization().access(Access::Fresh).success(204).audit("org_delete");
    /// Lists the people in the teams of an organization.
    GetOrganizationMembers "getOrganizationMembers" GET "/organization/{orgname}/members" (orgname)
        => organizations::list_members, organization().long().answers(&answers::MEMBERS);
    /// Shows a member of an organization, or one of its robots.
    GetOrganizationMember "getOrganizationMember"
        GET "/organization/{orgname}/members/{membername}" (orgname, membername)
        => organizations::get_member, organization().answers(&answers::MEMBER);
    /// Takes a user out of all teams of an organization, and back what was granted to it directly.
    RemoveOrganizationMember "removeOrganizationMember"
        DELETE "/organization/{orgname}/members/{membername}" (orgname, membername)
        => organizations::remove_member, organization().success(204).audit("org_remove_team_member");
    /// Lists the people outside the teams of an organization who were granted repositories of it.
    GetOrganizationCollaborators "getOrganizationCollaborators"
        GET "/organization/{orgname}/collaborators" (orgname)
        => organizations::list_collaborators, organization().long().answers(&answers::COLLABORATORS);

    /// Makes a team, or changes its role and description.
    UpdateOrganizationTeam "updateOrganizationTeam" PUT "/organization/{orgname}/team/{teamname}" (orgname, teamname)
        => teams::put, team().body(&teams::TEAM).audit("org_create_team").answers(&answers::TEAM);
    /// Deletes a team.
    DeleteOrganizationTeam "deleteOrganizationTeam"
        DELETE "/organization/{orgname}/team/{teamname}" (orgname, teamname)
        => teams::delete, team().success(204).audit("org_delete_team");
    /// Lists who sits in a team.
    GetOrganizationTeamMembers "getOrganizationTeamMembers"
        GET "/organization/{orgname}/team/{teamname}/members" (orgname, teamname)
        => teams::members, team().long().query(&[INCLUDE_PENDING]).answers(&answers::TEAM_MEMBERS);
    /// Puts a user, or a robot of the organization, into a team.
    UpdateOrganizationTeamMember "updateOrganizationTeamMember"
        PUT "/organization/{orgname}/team/{teamname}/members/{membername}" (orgname, teamname, membername)
        => teams::add_member, team().audit("org_add_team_member").answers(&answers::TEAM_MEMBER);
    /// Takes a user or a robot out of a team.
    DeleteOrganizationTeamMember "deleteOrganizationTeamMember"
        DELETE "/organization/{orgname}/team/{teamname}/members/{membername}" (orgname, teamname, membername)
        => teams::remove_member, team().success(204).audit("org_remove_team_member");
    /// Lists the repositories granted to a team.
    GetOrganizationTeamPermissions "getOrganizationTeamPermissions"
        GET "/organization/{orgname}/team/{teamname}/permissions" (orgname, teamname)
        => teams::permissions, team().long().answers(&answers::GRANTS);

    /// Lists the default permissions of an organization.
    GetOrganizationPrototypePermissions "getOrganizationPrototypePermissions"
        GET "/organization/{orgname}/prototypes" (orgname)
        => prototypes::list, prototype().long().answers(&answers::PROTOTYPES);
    /// Makes a default permission: what a repository of the organization grants from its making on.
    CreateOrganizationPrototypePermission "createOrganizationPrototypePermission"
        POST "/organization/{orgname}/prototypes" (orgname)
        => prototypes::create,
        prototype().body(&prototypes::NEW_PROTOTYPE).audit("create_prototype_permission")
            .answers(&answers::PROTOTYPE);
    /// Changes the role of a default permission.
    UpdateOrganizationPrototypePermission "updateOrganizationPrototypePermission"
        PUT "/organization/{orgname}/prototypes/{prototypeid}" (orgname, prototypeid)
        => prototypes::update, prototype().body(&prototypes::PROTOTYPE).audit("modify_prototype_permission")
            .answers(&answers::PROTOTYPE);
    /// Deletes a default permission.
    DeleteOrganizationPrototypePermission "deleteOrganizationPrototypePermission"
        DELETE "/organization/{orgname}/prototypes/{prototypeid}" (orgname, prototypeid)
        => prototypes::delete, prototype().success(204).audit("delete_prototype_permission");

    /// Registers a repository.
    CreateRepo "createRepo" POST "/repository" ()
        => repositories::create,
        repository().scope(RepoCreate).access(Access::Optional).body(&repositories::NEW_REPOSITORY).success(201).audit("create_repo")
            .answers(&answers::NEW_REPOSITORY);
    /// Lists the repositories of a namespace that the caller may see, or all public ones.
    ListRepos "listRepos" GET "/repository" ()
        => repositories::list,
        repository().scope(RepoRead).access(Access::Optional)
            .query(&[NAMESPACE, PUBLIC, STARRED, LAST_MODIFIED, POPULARITY, NEXT_PAGE])
            .answers(&answers::REPOSITORIES);
    /// Shows a repository.
    GetRepo "getRepo" GET "/repository/{repository}" (repository)
        => repositories::get,
        repository().scope(RepoRead).access(Access::Optional).query(&[INCLUDE_TAGS, INCLUDE_STATS])
            .answers(&answers::REPOSITORY);
    /// Describes a repository.
    UpdateRepo "updateRepo" PUT "/repository/{repository}" (repository)
        => repositories::describe,
        repository().scope(RepoWrite).body(&repositories::DESCRIPTION).audit("set_repo_description")
            .answers(&answers::SUCCESS);
    /// Forgets a repository and its grants.
    DeleteRepository "deleteRepository" DELETE "/repository/{repository}" (repository)
        => repositories::delete, repository().success(204).audit("delete_repo");
    /// Sets who may pull a repository without a grant.
    ChangeRepoVisibility "changeRepoVisibility" POST "/repository/{repository}/changevisibility" (repository)
        => repositories::change_visibility,
        repository().body(&repositories::CHANGE_VISIBILITY).audit("change_repo_visibility")
            .answers(&answers::SUCCESS_OR_NULL);
    /// Sets what may be written to a repository at all.
    ChangeRepoState "changeRepoState" PUT "/repository/{repository}/changestate" (repository)
        => repositories::change_state, repository().body(&repositories::CHANGE_STATE).audit("change_repo_state")
            .answers(&answers::SUCCESS);

    /// Lists the users and robots that a repository was granted to.
    ListRepoUserPermissions "listRepoUserPermissions" GET "/repository/{repository}/permissions/user/" (repository)
        => permissions::list_users, permission().long().answers(&answers::ACCOUNT_GRANTS);
    /// Shows what a user or robot was granted.
    GetUserPermissions "getUserPermissions" GET "/repository/{repository}/permissions/user/{username}" (repository, username)
        => permissions::get_user, permission().answers(&answers::ACCOUNT_GRANT);
    /// Grants a user or robot a role.
    ChangeUserPermissions "changeUserPermissions"
        PUT "/repository/{repository}/permissions/user/{username}" (repository, username)
        => permissions::set_user, permission().body(&permissions::ROLE).audit("change_repo_permission")
            .answers(&answers::ACCOUNT_GRANT);
    /// Takes a grant back from a user or robot.
    DeleteUserPermissions "deleteUserPermissions"
        DELETE "/repository/{repository}/permissions/user/{username}" (repository, username)
        => permissions::unset_user, permission().success(204).audit("delete_repo_permission");
    /// Lists every role that a user or robot has on a repository, however it came by it.
    GetUserTransitivePermission "getUserTransitivePermission"
        GET "/repository/{repository}/permissions/user/{username}/transitive" (repository, username)
        => permissions::transitive, permission().answers(&answers::GRANTED_ROLES);
    /// Lists the teams that a repository was granted to.
    ListRepoTeamPermissions "listRepoTeamPermissions" GET "/repository/{repository}/permissions/team/" (repository)
        => permissions::list_teams, permission().long().answers(&answers::TEAM_GRANTS);
    /// Shows what a team was granted.
    GetTeamPermissions "getTeamPermissions" GET "/repository/{repository}/permissions/team/{teamname}" (repository, teamname)
        => permissions::get_team, permission().answers(&answers::GRANTED_ROLE);
    /// Grants a team a role.
    ChangeTeamPermissions "changeTeamPermissions"
        PUT "/repository/{repository}/permissions/team/{teamname}" (repository, teamname)
        => permissions::set_team, permission().body(&permissions::ROLE).audit("change_repo_permission")
            .answers(&answers::TEAM_GRANT);
    /// Takes a grant back from a team.
    DeleteTeamPermissions "deleteTeamPermissions"
        DELETE "/repository/{repository}/permissions/team/{teamname}" (repository, teamname)
        => permissions::unset_team, permission().success(204).audit("delete_repo_permission");

    /// Finds users by how their names begin, and robots and teams of a namespace that the caller belongs to.
    GetMatchingEntities "getMatchingEntities" GET "/entities/{prefix}" (prefix)
        => entities::search, Spec::new("entity").query(&[NAMESPACE, INCLUDE_TEAMS, INCLUDE_ORGS])
            .answers(&answers::ENTITIES);
    /// Describes an error type.
    GetErrorDescription "getErrorDescription" GET "/error/{error_type}" (error_type)
        => errors::describe, Spec::new("error").access(Access::Open).answers(&answers::ERROR_TYPE);

    /// Describes this API as OpenAPI.
    GetOpenApi "getOpenApi" GET "/openapi.json" () => openapi::document, Spec::new("discovery").access(Access::Open)
            .answers(&answers::DOCUMENT);
    /// Describes this API as Swagger, in Quay's shape.
    Discovery "discovery" GET "/discovery" () => openapi::discovery, Spec::new("discovery").access(Access::Open)
            .answers(&answers::DOCUMENT);

    /// Makes the first user of an empty installation.
    CreateInitialUser "createInitialUser" POST "/user/initialize" ()
        => session::initialize_first_user,
        Spec::new("user").access(Access::Open).body(&session::INITIALIZE).audit("user_create")
            .answers(&answers::FIRST_USER);
    /// Signs a person in.
    SigninUser "signinUser" POST "/signin" ()
        => session::sign_in_with_password, Spec::new("user").access(Access::Csrf).body(&session::SIGN_IN)
            .answers(&answers::SUCCESS);
    /// Checks the password of the person who is signed in once more.
    VerifyUser "verifyUser" POST "/signin/verify" ()
        => session::verify, Spec::new("user").body(&session::VERIFY).answers(&answers::SUCCESS);
    /// Signs a person out.
    Logout "logout" POST "/signout" ()
        => session::sign_out_of_session, Spec::new("user").access(Access::Csrf).answers(&answers::SUCCESS);

    /// Shows the calling user.
    GetLoggedInUser "getLoggedInUser" GET "/user/" ()
        => user::get, Spec::new("user").scope(UserRead).access(Access::Optional).answers(&answers::OWN_USER);
    /// Changes the calling user.
    ChangeUserDetails "changeUserDetails" PUT "/user/" ()
        => user::change, own_user().body(&user::CHANGES).answers(&answers::OWN_USER);
    /// Makes a user for whoever asks, where FEATURE_USER_CREATION is on.
    CreateNewUser "createNewUser" POST "/user/" ()
        => user::create, Spec::new("user").access(Access::Csrf).body(&user::NEW_USER).audit("user_create")
            .answers(&answers::SIGNED_UP);
    /// Deletes the calling user.
    DeleteCurrentUser "deleteCurrentUser" DELETE "/user/" ()
        => user::delete, own_user().success(204).audit("user_delete");
    /// Shows what anybody may know of a user.
    GetUserInformation "getUserInformation" GET "/users/{username}" (username)
        => user::get_other, Spec::new("user").access(Access::Optional).answers(&answers::OTHER_USER);

    /// Lists the authorizations that were assigned to the calling user and wait for it.
    ListAssignedAuthorizations "listAssignedAuthorizations" GET "/user/assignedauthorization" ()
        => oauth::list_assigned, assigned().answers(&answers::ASSIGNED_AUTHORIZATIONS);
    /// Declines an authorization that was assigned to the calling user.
    DeleteAssignedAuthorization "deleteAssignedAuthorization"
        DELETE "/user/assignedauthorization/{assigned_authorization_uuid}" (assigned_authorization_uuid)
        => oauth::decline_assigned, assigned().success(204).audit("oauth_token_assignment_declined");

    /// Lists the application-specific tokens of the calling user.
    ListAppTokens "listAppTokens" GET "/user/apptoken" ()
        => apptoken::list, app_token().query(&[apptoken::EXPIRING]).answers(&answers::APP_TOKENS);
    /// Makes an application-specific token.
    CreateAppToken "createAppToken" POST "/user/apptoken" ()
        => apptoken::create, app_token().body(&apptoken::NEW_TOKEN).audit("create_app_specific_token")
            .answers(&answers::SHOWN_APP_TOKEN);
    /// Shows an application-specific token.
    GetAppToken "getAppToken" GET "/user/apptoken/{token_uuid}" (token_uuid)
        => apptoken::get, app_token().answers(&answers::SHOWN_APP_TOKEN);
    /// Revokes an application-specific token.
    RevokeAppToken "revokeAppToken" DELETE "/user/apptoken/{token_uuid}" (token_uuid)
        => apptoken::revoke, app_token().success(204).audit("revoke_app_specific_token");

    /// Lists the OAuth applications of an organization.
    GetOrganizationApplications "getOrganizationApplications" GET "/organization/{orgname}/applications" (orgname)
        => oauth::list, application().answers(&answers::APPLICATIONS);
    /// Makes an OAuth application.
    CreateOrganizationApplication "createOrganizationApplication" POST "/organization/{orgname}/applications" (orgname)
        => oauth::create, application().body(&oauth::NEW_APPLICATION).audit("create_application")
            .answers(&answers::APPLICATION);
    /// Shows an OAuth application.
    GetOrganizationApplication "getOrganizationApplication"
        GET "/organization/{orgname}/applications/{client_id}" (orgname, client_id)
        => oauth::get, application().answers(&answers::APPLICATION);
    /// Changes an OAuth application.
    UpdateOrganizationApplication "updateOrganizationApplication"
        PUT "/organization/{orgname}/applications/{client_id}" (orgname, client_id)
        => oauth::update, application().body(&oauth::APPLICATION).audit("update_application")
            .answers(&answers::APPLICATION);
    /// Deletes an OAuth application and its access tokens.
    DeleteOrganizationApplication "deleteOrganizationApplication"
        DELETE "/organization/{orgname}/applications/{client_id}" (orgname, client_id)
        => oauth::delete, application().success(204).audit("delete_application");
    /// Gives an OAuth application a new client secret.
    ResetOrganizationApplicationClientSecret "resetOrganizationApplicationClientSecret"
        POST "/organization/{orgname}/applications/{client_id}/resetclientsecret" (orgname, client_id)
        => oauth::reset_secret, application().audit("reset_application_client_secret")
            .answers(&answers::APPLICATION);
    /// Lists the access tokens of an OAuth application.
    ListOrganizationApplicationTokens "listOrganizationApplicationTokens"
        GET "/organization/{orgname}/applications/{client_id}/tokens" (orgname, client_id)
        => oauth::list_tokens, application().answers(&answers::ACCESS_TOKENS);
    /// Makes an access token that acts for the calling user.
    CreateOrganizationApplicationToken "createOrganizationApplicationToken"
        POST "/organization/{orgname}/applications/{client_id}/tokens" (orgname, client_id)
        => oauth::create_token, application().body(&oauth::NEW_TOKEN).audit("create_oauth_api_token")
            .answers(&answers::ACCESS_TOKEN);
    /// Revokes an access token.
    DeleteOrganizationApplicationToken "deleteOrganizationApplicationToken"
        DELETE "/organization/{orgname}/applications/{client_id}/tokens/{token_uuid}" (orgname, client_id, token_uuid)
        => oauth::revoke_token, application().success(204).audit("revoke_oauth_api_token");

    /// Lists what happened in an organization.
    ListOrgLogs "listOrgLogs" GET "/organization/{orgname}/logs" (orgname)
        => logs::list_of_organization, log(OrgAdmin).query(LOG_PAGE).answers(&answers::LOGS);
    /// Counts what happened in an organization, by kind and day.
    GetAggregateOrgLogs "getAggregateOrgLogs" GET "/organization/{orgname}/aggregatelogs" (orgname)
        => logs::aggregate_of_organization, log(OrgAdmin).query(LOG_DAYS).answers(&answers::AGGREGATED_LOGS);
    /// Lists what happened in the namespace of the calling user.
    ListUserLogs "listUserLogs" GET "/user/logs" ()
        => logs::list_of_user, log(UserAdmin).query(LOG_PAGE).answers(&answers::LOGS);
    /// Counts what happened in the namespace of the calling user, by kind and day.
    GetAggregateUserLogs "getAggregateUserLogs" GET "/user/aggregatelogs" ()
        => logs::aggregate_of_user, log(UserAdmin).query(LOG_DAYS).answers(&answers::AGGREGATED_LOGS);
    /// Lists what happened to a repository.
    ListRepoLogs "listRepoLogs" GET "/repository/{repository}/logs" (repository)
        => logs::list_of_repository, log(RepoAdmin).query(LOG_PAGE).answers(&answers::LOGS);
    /// Counts what happened to a repository, by kind and day.
    GetAggregateRepoLogs "getAggregateRepoLogs" GET "/repository/{repository}/aggregatelogs" (repository)
        => logs::aggregate_of_repository, log(RepoAdmin).query(LOG_DAYS).answers(&answers::AGGREGATED_LOGS);
    /// Lists everything that happened.
    ListAllLogs "listAllLogs" GET "/superuser/logs" ()
        => logs::list_of_everything, log(SuperUser).query(LOG_PAGE).access(Access::Fresh)
            .answers(&answers::LOGS);
    /// Counts everything that happened, by kind and day.
    ListAllAggregateLogs "listAllAggregateLogs" GET "/superuser/aggregatelogs" ()
        => logs::aggregate_of_everything, log(SuperUser).query(LOG_DAYS).access(Access::Fresh)
            .answers(&answers::AGGREGATED_LOGS);

    /// Lists every user.
    ListAllUsers "listAllUsers" GET "/superuser/users/" ()
        => superuser::list_users, superuser().query(&[superuser::LIMIT, superuser::NEXT_PAGE])
            .answers(&answers::USERS);
    /// Makes a user with a generated password.
    CreateInstallUser "createInstallUser" POST "/superuser/users/" ()
        => superuser::create_user, superuser().body(&superuser::NEW_USER).audit("user_create")
            .answers(&answers::NEW_USER);
    /// Shows a user.
    GetInstallUser "getInstallUser" GET "/superuser/users/{username}" (username)
        => superuser::get_user, superuser().answers(&answers::USER_RECORD);
    /// Changes a user.
    ChangeInstallUser "changeInstallUser" PUT "/superuser/users/{username}" (username)
        => superuser::update_user, superuser().body(&superuser::USER).answers(&answers::USER_RECORD);
    /// Deletes a user.
    DeleteInstallUser "deleteInstallUser" DELETE "/superuser/users/{username}" (username)
        => superuser::delete_user, superuser().success(204).audit("user_delete");
    /// Lists every organization.
    ListAllOrganizations "listAllOrganizations" GET "/superuser/organizations/" ()
        => superuser::list_organizations, superuser().query(&[superuser::LIMIT, superuser::NEXT_PAGE])
            .answers(&answers::ORGANIZATIONS);
    /// Renames an organization.
    ChangeOrganization "changeOrganization" PUT "/superuser/organizations/{name}" (name)
        => superuser::update_organization, superuser().body(&superuser::ORGANIZATION)
            .answers(&answers::ORGANIZATION_RECORD);
    /// Deletes an organization.
    DeleteOrganization "deleteOrganization" DELETE "/superuser/organizations/{name}" (name)
        => superuser::delete_organization, superuser().success(204).audit("org_delete");
    /// Makes the calling super-user an owner of a namespace.
    TakeOwnership "takeOwnership" POST "/superuser/takeownership/{namespace}" (namespace)
        => superuser::take_ownership, superuser().audit("take_ownership").answers(&answers::OWNERSHIP);
}

#[cfg(test)]
mod tests {
    use super::super::route::Unrouted;
    use super::*;
    use hyper::Method;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn get(path: &str) -> Result<ApiRoute, Unrouted> {
        ApiRoute::parse(&Method::GET, &format!("/api/v1{path}"))
    }

    #[test]
    fn handlers_get_the_parameters_that_the_template_names_in_its_order() {
        for (template, parameters) in PARAMETERS {
            let named: Vec<_> = template
                .split('/')
                .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
                .collect();
            assert_eq!(named, *parameters, "{template}");
        }
    }

    #[test]
    fn operation_ids_and_rows_are_unique_and_every_row_is_reached() {
        let (mut ids, mut rows) = (HashSet::new(), HashSet::new());
        for endpoint in ApiRoute::endpoints() {
            assert!(ids.insert(endpoint.id), "{}", endpoint.id);
            assert!(rows.insert((endpoint.method, endpoint.template)), "{}", endpoint.template);
            let path = endpoint.template.replace("{repository}", "acme/app").replace(['{', '}'], "");
            let method = Method::from_bytes(endpoint.method.as_bytes()).unwrap();
            let route = ApiRoute::parse(&method, &format!("/api/v1{path}")).unwrap();
            assert_eq!(route.endpoint().id, endpoint.id, "{path}");
        }
    }

    #[test]
    fn parameters_are_decoded_once_and_a_plus_stays_a_plus() {
        let robot = |text: &str| {
            Ok(ApiRoute::GetOrgRobot { orgname: "acme".to_owned(), robot_shortname: text.to_owned() })
        };
        assert_eq!(get("/organization/acme/robots/ci"), robot("ci"));
        assert_eq!(get("/organization/acme/robots/a+b"), robot("a+b"));
        assert_eq!(get("/organization/acme/robots/a%2Bb"), robot("a+b"));
        assert_eq!(get("/organization/acme/robots/a%252Bb"), robot("a%2Bb"));
        assert_eq!(get("/organization/acme/robots/a%2Fb"), robot("a/b"));
        for broken in
            ["/organization/acme/robots/%zz", "/organization/acme/robots/%ff", "/organization//robots"]
        {
            assert_eq!(get(broken), Err(Unrouted::NotFound), "{broken}");
        }
    }

    #[test]
    fn a_method_that_is_not_there_is_told_from_a_path_that_is_not_there() {
        let allowed = "GET, PUT, DELETE, HEAD, OPTIONS".to_owned();
        let path = "/api/v1/user/robots/ci";
        let parse = |method| ApiRoute::parse(&method, path);
        assert_eq!(parse(Method::POST), Err(Unrouted::MethodNotAllowed(allowed.clone())));
        assert_eq!(parse(Method::OPTIONS), Err(Unrouted::Preflight(allowed)));
        assert!(parse(Method::HEAD).is_ok());
        assert_eq!(get("/nothing"), Err(Unrouted::NotFound));
        assert_eq!(get("/user/robots/"), Err(Unrouted::NotFound));
    }

    proptest! {
        #[test]
        fn no_path_makes_it_panic(path in "(/(repository|organization|user|robots|[a-z%+.0-9/]{0,8})){0,6}") {
            let _ = get(&path);
        }
    }
}
