//! The facts that only code, clusters and Okta have, by name: a line here, and a rule can ask for it. Builds nothing itself.

/// The entries after those that were gathered before, handed on to `$then`.
macro_rules! attributes_of_directories {
    ($then:ident { $($before:tt)* }) => {
        $then! {
            $($before)*
            /// Only an export that lies in a searched tree tells of it.
            ToldByTree = "told_by_tree": Bool of [Identity];
            /// What it may do by the groups that its cluster puts it into by itself: each right, where, and the group.
            RightsByGroup = "rights_by_group": Texts of [Identity];
            /// The group of its namespace's accounts, where that is administrator or can become it.
            AdministratorByGroup = "administrator_by_group": Text of [Identity];
            /// Whether its cluster has custom resources, which may run as it, nothing that was read says.
            UsesUnread = "uses_unread": Bool of [Identity];
            /// It may refuse pods that somebody makes.
            GuardsPods = "guards_pods": Bool of [Setting];
            /// Who owns its file by CODEOWNERS.
            CodeOwners = "code_owners": Texts of [Identity, Workload, Setting];
            /// The keyed fingerprint of the beginning and end of a key, as its provider shows them.
            HintPrint = "hint_print": Text of [Setting];
            /// The kind of credential that a listed key is, as detectors call it.
            KeyKind = "key_kind": Text of [Setting];
            /// The state of a listed key, in its provider's word.
            KeyStatus = "key_status": Text of [Setting];
            /// The address of whoever wrote the line that defines it, according to git.
            GitAuthor = "git_author": Text of [Identity, Setting];
            /// The names that code may give the identity that it makes, where it computes them; `*` stands for any text.
            DefinedPatterns = "defined_patterns": Texts of [Setting];
            /// The ARN of the identity that code makes, from a state.
            DefinedArn = "defined_arn": Text of [Setting];
            /// The kind of the identity that code makes.
            DefinedKind = "defined_kind": Text of [Setting];
            /// The policy by which the code makes it an administrator.
            AdministratorBy = "administrator_by": Text of [Setting];
            /// The host of the repository it lies in.
            Forge = "forge": Text of [Workload];
            /// The name of the identity that code makes, where it stands there plainly.
            DefinedName = "defined_name": Text of [Setting];
            /// The account or cluster that was read to its end and does not have what this code makes.
            MissingIn = "missing_in": Text of [Identity, Setting];
            /// The code makes it only in some cases, or any number of times.
            Optional = "optional": Bool of [Setting];
            /// People without any right to the repository can start it.
            Outsiders = "outsiders": Bool of [Workload];
            /// What the subjects of its tokens say behind the repository, after the role that is asked for with them (`*`: any);
            /// `?` before what is not sure.
            TokenSubjects = "token_subjects": Texts of [Workload];
            /// The cluster of the provider that it is about, by the provider's name for it.
            OfCluster = "of_cluster": Text of [Workload, Setting];
            /// The service account that it is about, as namespace/name.
            OfAccount = "of_account": Text of [Workload];
            /// The accounts that the code is applied to, where it says so.
            DefinedAccounts = "defined_accounts": Texts of [Setting];
            /// The repository it lies in, as owner/name.
            Repository = "repository": Text of [Workload, Setting];
            /// The JWK thumbprint of its public key, `sha256:<base64url>` (RFC 7638).
            JwkThumbprint = "jwk_thumbprint": Text of [Credential];
            /// The SHA-256 of its public key's SubjectPublicKeyInfo, `sha256:<hex>`, as certificates hold it.
            SpkiSha256 = "spki_sha256": Text of [Credential, Setting];
            /// The fingerprint of its public key, `SHA256:<base64>`, as `ssh-keygen -l` shows it.
            SshFingerprint = "ssh_fingerprint": Text of [Credential, Setting];
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
            /// Why it cannot act as the identity of a cloud that it names.
            CloudLinkWhy = "cloud_link_why": Text of [Identity];
            /// Secrets that it may read by name and that open something else.
            OpensBySecrets = "opens_by_secrets": Texts of [Identity];
            /// For how many days an audit log does not show it.
            UnseenDays = "unseen_days": Int of [Identity];
            /// The sorts of requests that an audit log shows it with: verb, API group, resource and namespace.
            AskedFor = "asked_for": Texts of [Identity];
            /// Until when the audit log goes that says how it was used.
            LogUntil = "log_until": Time of [Identity];
            /// What an annotation or label names as its owner in the cluster, and is not there any more.
            OwnerGone = "owner_gone": Text of [Identity];
            /// The object of its cluster that made it.
            Maker = "maker": Text of [Identity];
            /// A tool of people that an audit log shows it with.
            UsedWith = "used_with": Text of [Identity];
            /// Registry Secrets that it names and that are not there.
            MissingPullSecrets = "missing_pull_secrets": Texts of [Identity];
            /// Its token is mounted into a pod.
            TokenMounted = "token_mounted": Bool of [Identity];
            /// It was read from a template that nobody rendered: names and values are guesses.
            Template = "template": Bool of [Identity, Workload, Setting];
            /// Why no pod of it runs for now: suspended, scaled to zero, finished.
            Rests = "rests": Text of [Workload];
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
            /// When it was made, where that is later than what is asked of it.
            MadeAt = "made_at": Time of [Setting];
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
            /// It names the group system:masters, which is allowed everything before any rule is asked.
            ForMasters = "for_masters": Bool of [Credential];
            /// For how many days it works in all.
            LifetimeDays = "lifetime_days": Int of [Credential];
            /// Tokens may be asked for with a bounded life only.
            TokenLifetimeBounded = "token_lifetime_bounded": Bool of [Setting];
            /// The operator of which it is a part: controllers of that may act for it as the operator comes.
            OperatorPart = "operator_part": Text of [Identity];
            /// The version of its API server, as that says it.
            ServerVersion = "server_version": Text of [Setting];
            /// What it asks is let pass when it gives no answer.
            FailsOpen = "fails_open": Bool of [Setting];
            /// The service accounts as which pods on it run.
            PodsOf = "pods_of": Texts of [Setting];
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
            /// The scopes that people let it have in their own name.
            ConsentedScopes = "consented_scopes": Texts of [Identity];
            /// How many people let it have scopes in their name.
            Consents = "consents": Int of [Identity];
            /// Whoever made it has left.
            CreatorLeft = "creator_left": Bool of [Identity];
            /// How many of its secrets are switched off and were not deleted.
            DeadSecrets = "dead_secrets": Int of [Identity];
            /// Its tokens are bound to a key (DPoP).
            Dpop = "dpop": Bool of [Identity];
            /// Everyone may use it.
            Everyone = "everyone": Bool of [Setting];
            /// What it proves itself by beside a password, as its provider calls it: push, webauthn, sms and others.
            Factors = "factors": Texts of [Identity];
            /// The OAuth grant types that it may use.
            GrantTypes = "grant_types": Texts of [Identity, Setting];
            /// The length of the key in bits.
            KeyBits = "key_bits": Int of [Credential];
            /// Its provider makes new signing keys for it by itself.
            KeyRotation = "key_rotation": Bool of [Identity];
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
            /// What must be enrolled.
            Required = "required": Texts of [Setting];
            /// Which of the target's scopes: ALL_SCOPES, INCLUDE_ONLY, EXCLUDE.
            ScopeCondition = "scope_condition": Text of [Setting];
            /// The scopes that were granted.
            Scopes = "scopes": Texts of [Identity, Credential, Setting];
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
            /// How many active people may use it; of a group, its members.
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
    };
}
pub(super) use attributes_of_directories;
