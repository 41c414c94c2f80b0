//! Facts that only one provider has, by a closed set of names: a line here, and a rule can ask for it.
//! Holds no fact that has a field of its own on its noun.

use super::SubjectKind;
use super::attributes::AttributeType;

macro_rules! attributes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal: $ty:ident of [$($noun:ident),+];)+) => {
        super::names! {
            /// The name of an attribute.
            AttributeName { $($(#[doc = $doc])+ $variant = $text),+ }
        }

        impl AttributeName {
            /// What it holds.
            pub const fn ty(self) -> AttributeType {
                match self { $(Self::$variant => AttributeType::$ty),+ }
            }

            /// The nouns that may have it.
            pub const fn nouns(self) -> &'static [SubjectKind] {
                match self { $(Self::$variant => &[$(SubjectKind::$noun),+]),+ }
            }

            /// What it means, in a sentence.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+)),+ }
            }
        }
    };
}

attributes! {
    /// How many agents hold the same value, where there are several; told at the first place of the value alone.
    AgentCount = "agent_count": Int of [Exposure];
    /// Which agents hold the same value.
    AgentsOfValue = "agents_of_value": Text of [Exposure];
    /// The action, program or framework that runs it.
    AgentProgram = "agent_program": Text of [Identity];
    /// Its tools run without anybody being asked.
    ApprovalsOff = "approvals_off": Bool of [Identity];
    /// The folders that it may read or write.
    Folders = "folders": Texts of [Identity];
    /// The known server whose package's name it looks like.
    LooksLike = "looks_like": Text of [Identity];
    /// The program that starts it: npx, uvx, docker and their like.
    Launcher = "launcher": Text of [Identity];
    /// The package or image that is started.
    Package = "package": Text of [Identity];
    /// It starts exactly one version, by number or digest.
    Pinned = "pinned": Bool of [Identity];
    /// It starts a package or image that is fetched.
    Fetched = "fetched": Bool of [Identity];
    /// The digest of the image that is started.
    ImageDigest = "image_digest": Text of [Identity];
    /// Where it is reached; without user, password and query.
    Endpoint = "endpoint": Text of [Identity];
    /// It is reached over a network without encryption.
    PlainHttp = "plain_http": Bool of [Identity];
    /// A secret stands in the query of its address.
    SecretInQuery = "secret_in_query": Bool of [Identity];
    /// Credentials that it is given, by name.
    GivenSecrets = "given_secrets": Texts of [Identity];
    /// One of the credentials that it is given is strong: its kind gives much power by itself.
    HoldsStrongSecret = "holds_strong_secret": Bool of [Identity, Credential];
    /// It reads data that is not public.
    PrivateData = "private_data": Bool of [Identity];
    /// It reads text that outsiders write.
    UntrustedContent = "untrusted_content": Bool of [Identity];
    /// It can send data out.
    Egress = "egress": Bool of [Identity];
    /// It runs any command or reaches the whole disk.
    Unrestricted = "unrestricted": Bool of [Identity];
    /// Why it counts as unrestricted.
    UnrestrictedBy = "unrestricted_by": Text of [Identity];
    /// The tools it may use, as written.
    Tools = "tools": Texts of [Identity];
    /// How sure it is that it is an agent: high for a dependency, low for a call in code.
    SeenWith = "seen_with": Text of [Identity];
    /// The events that start it.
    Triggers = "triggers": Texts of [Identity];
    /// Anybody can start it, or write what it reads.
    UntrustedTrigger = "untrusted_trigger": Bool of [Identity];
    /// What its workflow token may write.
    WritePermissions = "write_permissions": Texts of [Identity];
    /// There is a list of the organisation's agents, and it does not name this one.
    Unregistered = "unregistered": Bool of [Identity];
    /// It needs no authentication.
    Unauthenticated = "unauthenticated": Bool of [Identity];
    /// It is not signed.
    Unsigned = "unsigned": Bool of [Identity];
    /// The role it acts as, as written.
    CloudRole = "cloud_role": Text of [Identity];
    /// What makes the role an administrator, as the code says.
    RoleIsAdministrator = "role_is_administrator": Text of [Identity];
    /// How a value is given: env, header, argument, url, file.
    GivenAs = "given_as": Text of [Credential];
    /// The value itself stands there.
    Literal = "literal": Bool of [Credential];
    /// What is referred to in place of a value.
    Reference = "reference": Text of [Credential];
    /// The detector that knows the form of the value.
    SecretForm = "secret_form": Text of [Credential];
    /// The permissions of the file, as in `0600`.
    FileMode = "file_mode": Text of [Credential];
    /// Others than its owner may read the file.
    ReadableByOthers = "readable_by_others": Bool of [Credential];
    /// The file holds a token that makes new tokens.
    HoldsRefreshToken = "holds_refresh_token": Bool of [Credential];
    /// The file lies in a repository or in a folder that is synchronised.
    IsShared = "is_shared": Bool of [Credential];
    /// Public claims of its tokens: issuer, audience, subject.
    Claims = "claims": Texts of [Credential];
    /// The key of the setting.
    Key = "key": Text of [Setting];
    /// What it is set to.
    SetTo = "set_to": Text of [Setting];
    /// The last use that its service tells of it.
    Accessed = "accessed": Time of [Setting];
    /// The account it belongs to or speaks of.
    Account = "account": Text of [Setting];
    /// How many access keys of it, or of its user, work.
    ActiveKeys = "active_keys": Int of [Identity, Credential];
    /// Who made it.
    Author = "author": Text of [Identity, Setting];
    /// When it was made, began or was started.
    Began = "began": Time of [Workload, Setting];
    /// When it was last changed.
    Changed = "changed": Time of [Workload, Setting];
    /// Accounts that it lets in and that were suspended or closed.
    ClosedAccounts = "closed_accounts": Texts of [Identity, Setting];
    /// When its deletion was asked for.
    Deleted = "deleted": Time of [Setting];
    /// Principals in its trust or resource policy that were deleted.
    DeletedPrincipals = "deleted_principals": Texts of [Identity, Setting];
    /// Whether it works.
    Enabled = "enabled": Bool of [Workload, Setting];
    /// When it ends or ended; more than zero means that it is over.
    Ends = "ends": Time of [Workload, Setting];
    /// Accounts outside of those that were read and of the organisation, that its trust or resource policy lets in.
    ExternalAccounts = "external_accounts": Texts of [Identity, Setting];
    /// The external accounts with the names of known vendors.
    ExternalNames = "external_names": Texts of [Identity, Setting];
    /// External accounts that its trust policy lets in without an external id.
    ExternalWithoutId = "external_without_id": Texts of [Identity];
    /// The metadata service answers without a token (IMDSv1).
    ImdsV1 = "imds_v1": Bool of [Workload];
    /// The instance profile of an instance.
    InstanceProfile = "instance_profile": Text of [Workload];
    /// Who issues its tokens.
    Issuer = "issuer": Text of [Setting];
    /// A service of the provider keeps and rotates it.
    Managed = "managed": Bool of [Setting];
    /// How many machines were registered with it.
    Machines = "machines": Int of [Workload];
    /// How many network hops the metadata service answers over.
    MetadataHops = "metadata_hops": Int of [Workload];
    /// A second factor is asked for.
    Mfa = "mfa": Bool of [Identity, Credential, Setting];
    /// The fewest characters of a password.
    MinimumLength = "minimum_length": Int of [Setting];
    /// Multi-tenant issuers whose tokens its trust policy accepts whatever their subject.
    OidcAnySubject = "oidc_any_subject": Texts of [Identity];
    /// OIDC providers whose tokens its trust policy accepts whatever their audience.
    OidcAnyAudience = "oidc_any_audience": Texts of [Identity];
    /// Subjects in its trust policy that more match than one repository, project, workspace or service account.
    OidcWideSubjects = "oidc_wide_subjects": Texts of [Identity];
    /// Anybody on the internet reaches it without signing in, or its policy lets anybody in.
    Public = "public": Bool of [Workload, Setting];
    /// How many former passwords may not be used again.
    Remembered = "remembered": Int of [Setting];
    /// The resource it speaks of.
    Resource = "resource": Text of [Setting];
    /// Where an agent may send people back with a token.
    ReturnUrls = "return_urls": Texts of [Identity];
    /// Whoever uses it is root there.
    RootAccess = "root_access": Bool of [Workload];
    /// The root user has access keys.
    RootKeys = "root_keys": Bool of [Setting];
    /// When its value was last rotated.
    Rotated = "rotated": Time of [Setting];
    /// Its value is rotated on a schedule.
    Rotation = "rotation": Bool of [Setting];
    /// It runs as an administrator, or as one who can become administrator.
    RunsAsAdministrator = "runs_as_administrator": Bool of [Workload];
    /// The service it is for.
    Service = "service": Text of [Credential, Setting];
    /// Services that its trust policy lets in for whomever they work, and that would say for whom.
    ServicesUnbound = "services_unbound": Texts of [Identity];
    /// What it gives is limited by a policy of its own.
    SessionPolicy = "session_policy": Bool of [Workload];
    /// The state its provider shows.
    State = "state": Text of [Workload, Setting];
    /// Containers get a role of their own, not that of the machine.
    TaskRole = "task_role": Bool of [Workload];
    /// Its trust policy lets in everyone but those it names.
    TrustsAllBut = "trusts_all_but": Bool of [Identity];
    /// In what form it was made: the version of a template, the type of an app.
    Form = "form": Text of [Identity, Credential, Workload, Setting];
    /// A person signs in with it, not a machine.
    Human = "human": Bool of [Identity];
    /// Who owns its file by CODEOWNERS.
    CodeOwners = "code_owners": Texts of [Workload, Setting];
    /// The ARN of the identity that code makes, from a state.
    DefinedArn = "defined_arn": Text of [Setting];
    /// The kind of the identity that code makes.
    DefinedKind = "defined_kind": Text of [Setting];
    /// The name of the identity that code makes, where it stands there plainly.
    DefinedName = "defined_name": Text of [Setting];
    /// People without any right to the repository can start it.
    Outsiders = "outsiders": Bool of [Workload];
    /// The repository it lies in, as owner/name.
    Repository = "repository": Text of [Workload, Setting];
    /// The JWK thumbprint of its public key, `sha256:<base64url>` (RFC 7638).
    JwkThumbprint = "jwk_thumbprint": Text of [Credential];
    /// When its password was last changed.
    PasswordChanged = "password_changed": Time of [Identity, Credential];
    /// The id by which a client names itself to the authorization server.
    ClientId = "client_id": Text of [Identity];
    /// How many AI agents and tool servers run as it.
    Agents = "agents": Int of [Identity];
    /// How many different applications run as it.
    Applications = "applications": Int of [Identity];
    /// What it acts as in a cloud, by its annotations.
    CloudIdentity = "cloud_identity": Text of [Identity];
    /// What it is to act as in a cloud cannot be a name of that cloud.
    CloudLinkBroken = "cloud_link_broken": Bool of [Identity];
    /// For how many days an audit log does not show it.
    UnseenDays = "unseen_days": Int of [Identity];
    /// A tool of people that an audit log shows it with.
    UsedWith = "used_with": Text of [Identity];
    /// Registry Secrets that it names and that are not there.
    MissingPullSecrets = "missing_pull_secrets": Texts of [Identity];
    /// Its token is mounted into a pod.
    TokenMounted = "token_mounted": Bool of [Identity];
    /// It was read from a template that nobody rendered: names and values are guesses.
    Template = "template": Bool of [Identity, Workload, Setting];
    /// The images of its containers.
    Images = "images": Texts of [Workload];
    /// An AI agent or tool server runs in it.
    RunsAgent = "runs_agent": Bool of [Workload];
    /// How many seconds the longest token works that it has issued.
    TokenSeconds = "token_seconds": Int of [Workload];
    /// Service accounts other than its own whose token Secrets it reads.
    TokensOfOthers = "tokens_of_others": Texts of [Workload];
    /// Names of values that look like secrets in plain text.
    LiteralSecrets = "literal_secrets": Texts of [Workload, Setting];
    /// Since when its server refuses it for not having been used.
    Invalidated = "invalidated": Time of [Credential];
    /// Somebody made it, and not the platform.
    ByHand = "by_hand": Bool of [Credential];
    /// It names nobody.
    IsEmpty = "is_empty": Bool of [Setting];
    /// Other roles are put together from it.
    Aggregated = "aggregated": Bool of [Setting];
    /// No binding names it.
    Unbound = "unbound": Bool of [Setting];
    /// What it amounts to, as names of capabilities.
    Powers = "powers": Texts of [Setting];
    /// What it amounts to beyond what its platform made it with.
    AddedPowers = "added_powers": Texts of [Setting];
    /// An annotation of it holds its value.
    ValueInAnnotation = "value_in_annotation": Bool of [Setting];
    /// It says when it ends.
    TokenExpires = "token_expires": Bool of [Setting];
    /// Nothing that was read refers to it.
    Unreferenced = "unreferenced": Bool of [Setting];
    /// Keyed fingerprints of its values, by the names of its entries; until they are compared.
    ValuePrints = "value_prints": Texts of [Setting];
    /// What credentials it holds, by their form.
    Holds = "holds": Texts of [Setting];
    /// Where else one of its values is.
    SameValueAs = "same_value_as": Texts of [Setting];
    /// What else it opens.
    Opens = "opens": Text of [Setting];
    /// It holds a kubeconfig with a credential.
    HoldsKubeconfig = "holds_kubeconfig": Bool of [Setting];
    /// Who is a member of system:masters by it.
    Masters = "masters": Texts of [Setting];
    /// It is by or for a service account, or for system:masters.
    ForPrivileged = "for_privileged": Bool of [Setting];
    /// Tokens may be asked for with a bounded life only.
    TokenLifetimeBounded = "token_lifetime_bounded": Bool of [Setting];
    /// What it asks is let pass when it gives no answer.
    FailsOpen = "fails_open": Bool of [Setting];
    /// The level of pod security that is enforced in it.
    PodSecurity = "pod_security": Text of [Setting];

    // Okta
    /// How many of its owners are there and active.
    ActiveOwners = "active_owners": Int of [Identity];
    /// The admin roles it holds, also by a group.
    AdminRoles = "admin_roles": Texts of [Identity];
    /// An AI agent of the registry is linked to it.
    AgentApp = "agent_app": Bool of [Identity];
    /// It is an AI agent, the app of one, or an app that people use AI by.
    AiApp = "ai_app": Bool of [Identity];
    /// The AI apps that it lets people into.
    AiApps = "ai_apps": Texts of [Setting];
    /// Every client may use it.
    AllClients = "all_clients": Bool of [Setting];
    /// All resources of the organisation are in its reach.
    AllResources = "all_resources": Bool of [Setting];
    /// The app of an agent works.
    AppActive = "app_active": Bool of [Identity];
    /// How the app of an agent proves itself.
    AppAuthMethod = "app_auth_method": Text of [Identity];
    /// How many refresh tokens of an agent's app work.
    AppRefreshTokens = "app_refresh_tokens": Int of [Identity];
    /// How many secrets and keys of an agent or of its app work.
    AppSecrets = "app_secrets": Int of [Identity];
    /// It is given to the group of all users.
    AssignedToEveryone = "assigned_to_everyone": Bool of [Identity];
    /// How it proves itself to the token endpoint: client_secret_basic, private_key_jwt, none and others.
    AuthMethod = "auth_method": Text of [Identity];
    /// What it asks of a sign-in beside factors: network, device, risk, group, expression.
    Conditions = "conditions": Texts of [Setting];
    /// How an agent gets in: IDENTITY_ASSERTION_APP_INSTANCE, STS_VAULT_SECRET and others.
    ConnectionType = "connection_type": Text of [Setting];
    /// Whoever made it has left.
    CreatorLeft = "creator_left": Bool of [Identity];
    /// How many of its secrets are switched off and were not deleted.
    DeadSecrets = "dead_secrets": Int of [Identity];
    /// Its tokens are bound to a key (DPoP).
    Dpop = "dpop": Bool of [Identity];
    /// Everyone may use it.
    Everyone = "everyone": Bool of [Setting];
    /// The OAuth grant types that it may use.
    GrantTypes = "grant_types": Texts of [Identity, Setting];
    /// The length of the key in bits.
    KeyBits = "key_bits": Int of [Credential];
    /// Its last sign-in by a person.
    LastLogin = "last_login": Time of [Identity];
    /// It lets people in.
    LetsIn = "lets_in": Bool of [Setting];
    /// How many of its refresh tokens work.
    LiveRefreshTokens = "live_refresh_tokens": Int of [Identity];
    /// How many of its secrets work.
    LiveSecrets = "live_secrets": Int of [Identity];
    /// How many log streams of the organisation run.
    LogStreams = "log_streams": Int of [Setting];
    /// From where it may be used: ANYWHERE or ZONE.
    Network = "network": Text of [Identity, Credential];
    /// One factor is enough.
    OneFactor = "one_factor": Bool of [Setting];
    /// How many owners the registry names.
    Owners = "owners": Int of [Identity];
    /// What it allows.
    Permissions = "permissions": Texts of [Setting];
    /// A browser keeps the session after it was closed.
    PersistentCookie = "persistent_cookie": Bool of [Setting];
    /// It asks for a proof of the client by PKCE.
    Pkce = "pkce": Bool of [Identity];
    /// No earlier rule catches everyone before it.
    Reachable = "reachable": Bool of [Setting];
    /// Where answers with tokens are sent.
    RedirectUris = "redirect_uris": Texts of [Identity];
    /// How long a refresh token lives, in minutes; 0 for ever.
    RefreshTokenMinutes = "refresh_token_minutes": Int of [Setting];
    /// Which of the target's scopes: ALL_SCOPES, INCLUDE_ONLY, EXCLUDE.
    ScopeCondition = "scope_condition": Text of [Setting];
    /// The scopes that were granted.
    Scopes = "scopes": Texts of [Identity, Setting];
    /// Its name or type says that a machine uses it.
    ServiceLike = "service_like": Bool of [Identity];
    /// How long a session lives, in minutes; 0 for ever.
    SessionMinutes = "session_minutes": Int of [Setting];
    /// The state as its provider writes it.
    Status = "status": Text of [Identity, Credential, Setting];
    /// The state in detail, as its provider writes it.
    StatusDetail = "status_detail": Text of [Identity];
    /// How long an access token lives, in minutes.
    TokenMinutes = "token_minutes": Int of [Setting];
    /// For how many days it lives without being used.
    TokenWindow = "token_window": Int of [Credential];
    /// The granted scopes that no token was asked for within the log's window.
    UnusedScopes = "unused_scopes": Texts of [Identity];
    /// How many active people may use it.
    Users = "users": Int of [Identity];
    /// How many of them have no second factor.
    UsersWithoutFactor = "users_without_factor": Int of [Identity];
    /// How many of them have none but SMS, voice, e-mail or a question.
    UsersWithWeakFactors = "users_with_weak_factors": Int of [Identity];
    /// How many event hooks of the organisation run and are verified.
    VerifiedHooks = "verified_hooks": Int of [Setting];
    /// Some of these users by name.
    WeakUsers = "weak_users": Texts of [Identity];
    /// Any host below a domain may be where answers are sent.
    WildcardRedirect = "wildcard_redirect": Bool of [Identity];
    /// Where its public keys are fetched from.
    KeysUrl = "keys_url": Text of [Identity];
}
