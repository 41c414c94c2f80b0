//! The facts that only agents and AWS have, by name: a line here, and a rule can ask for it. Builds nothing itself.

/// The entries after those that were gathered before, handed on to `$then`.
macro_rules! attributes_of_clouds {
    ($then:ident { $($before:tt)* }) => {
        $then! {
            $($before)*
            /// The groups of its account that a user is in, by name.
            Groups = "groups": Texts of [Identity, Setting];
            /// How many agents hold the same value, where there are several; told at the first place of the value alone.
            AgentCount = "agent_count": Int of [Exposure, Credential];
            /// Which agents hold the same value.
            AgentsOfValue = "agents_of_value": Text of [Exposure, Credential];
            /// It lies where its client keeps it, and nobody else may read it there.
            KeptByClient = "kept_by_client": Bool of [Exposure];
            /// The action, program or framework that runs it.
            AgentProgram = "agent_program": Text of [Identity];
            /// Its tools run without anybody being asked.
            ApprovalsOff = "approvals_off": Bool of [Identity];
            /// Which of its tools run without anybody being asked, in words.
            Unasked = "unasked": Text of [Identity];
            /// The folders that it may read or write; of a setting, the projects that it speaks of.
            Folders = "folders": Texts of [Identity, Setting];
            /// The known server whose package's name it looks like.
            LooksLike = "looks_like": Text of [Identity];
            /// The known server whose package's name it has in the scope of another publisher.
            BorrowsName = "borrows_name": Text of [Identity];
            /// It is a client of a home directory: its settings hold for every tree that its user opens.
            OfHome = "of_home": Bool of [Identity];
            /// The user settings together with which it reads private data and foreign text and sends data out unasked.
            TrifectaWith = "trifecta_with": Texts of [Identity];
            /// The program that starts it: npx, uvx, docker and their like.
            Launcher = "launcher": Text of [Identity];
            /// The package or image that is started.
            Package = "package": Text of [Identity];
            /// The version, tag or range of the package or image, as written.
            Version = "version": Text of [Identity];
            /// What it is started with: flags without their values, and a mark for everything else.
            Arguments = "arguments": Texts of [Identity];
            /// The names of the variables that it is given.
            Variables = "variables": Texts of [Identity];
            /// The names of the headers that it is sent.
            Headers = "headers": Texts of [Identity];
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
            PrivateData = "private_data": Bool of [Identity, Setting];
            /// It reads text that outsiders write.
            UntrustedContent = "untrusted_content": Bool of [Identity, Setting];
            /// It can send data out.
            Egress = "egress": Bool of [Identity, Setting];
            /// It runs any command or reaches the whole disk.
            Unrestricted = "unrestricted": Bool of [Identity];
            /// Why it counts as unrestricted.
            UnrestrictedBy = "unrestricted_by": Text of [Identity];
            /// The tools it may use, as written.
            Tools = "tools": Texts of [Identity, Setting];
            /// How sure it is that it is an agent: high for a dependency, low for a call in code.
            SeenWith = "seen_with": Text of [Identity];
            /// The events that start it.
            Triggers = "triggers": Texts of [Identity];
            /// Anybody can start it, or write what it reads.
            UntrustedTrigger = "untrusted_trigger": Bool of [Identity];
            /// What its workflow token may write.
            WritePermissions = "write_permissions": Texts of [Identity];
            /// What it is given in a pipeline, in words: what its token may write, and which secrets it gets.
            GivenRights = "given_rights": Text of [Identity];
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
            /// How a value is given: env, header, argument, url, file, setting, env file.
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
            /// The services it may use, each with the time of its last use or `never`, as IAM tells it.
            LastAccessed = "last_accessed": Texts of [Identity];
            /// How many services it may use.
            GrantedServices = "granted_services": Int of [Identity];
            /// How many of the services it may use it did not use for 90 days.
            UnusedServices = "unused_services": Int of [Identity];
            /// Those services, all of them.
            UnusedServiceList = "unused_service_list": Texts of [Identity];
            /// The first few of those services.
            UnusedServiceNames = "unused_service_names": Text of [Identity];
            /// Its policies as one, without the services that it did not use.
            TightenedPolicy = "tightened_policy": Text of [Identity];
            /// Those of its policies that allow everything but what they name.
            AllButPolicies = "all_but_policies": Texts of [Identity];
            /// Those of its policies that let it pass every role to every service.
            PassesAnyRole = "passes_any_role": Texts of [Identity];
            /// Actions that its policies name and AWS does not have.
            UnknownActions = "unknown_actions": Texts of [Identity];
            /// Services of which it may use every action on everything: `kms:*`.
            WholeServices = "whole_services": Texts of [Identity];
            /// Actions by which it may switch off what tells what was done, on everything of its account.
            SwitchesOffLogs = "switches_off_logs": Texts of [Identity];
            /// Actions by which it may let others use any resource of a sort.
            OpensResources = "opens_resources": Texts of [Identity];
            /// Actions by which it may have credentials of any other made.
            MintsCredentials = "mints_credentials": Texts of [Identity];
            /// What an access entry of a cluster allows, each policy with where.
            AccessPolicies = "access_policies": Texts of [Setting];
            /// It makes whom it is about administrator of a whole cluster.
            ClusterAdministrator = "cluster_administrator": Bool of [Setting];
            /// The people and groups that IAM Identity Center lets use it.
            AssignedTo = "assigned_to": Texts of [Identity, Setting];
            /// The permission set of IAM Identity Center that it stands for.
            PermissionSet = "permission_set": Text of [Identity];
            /// Who is in it.
            Members = "members": Texts of [Setting];
            /// The policies of AWS that it gives.
            ManagedPolicies = "managed_policies": Texts of [Setting];
            /// The policies of each account that it gives.
            CustomerPolicies = "customer_policies": Texts of [Setting];
            /// It has a policy of its own.
            InlinePolicy = "inline_policy": Bool of [Setting];
            /// The policy that bounds what it gives.
            Boundary = "boundary": Text of [Setting];
            /// Accounts that manage a service for the whole organisation.
            DelegatedAccounts = "delegated_accounts": Texts of [Setting];
            /// It is used by people: a user that signs in and has no key, a role that people sign in to.
            OfPeople = "of_people": Bool of [Identity];
            /// Those of its policies whose conditions pass whoever lacks what they ask for.
            VainConditions = "vain_conditions": Texts of [Identity];
            /// Those of its policies that hold a variable which their version does not know.
            UnreadVariables = "unread_variables": Texts of [Identity];
            /// Actions worth watching that it may use on everything of its account, without a condition.
            WideActions = "wide_actions": Texts of [Identity];
            /// Whoever knows the identity pool becomes it without signing in.
            OpenToGuests = "open_to_guests": Bool of [Identity];
            /// Its trust policy lets anyone in who meets a condition that says nothing of who that is.
            TrustsAnyoneWeakly = "trusts_anyone_weakly": Texts of [Identity];
            /// SAML providers whose assertions its trust policy accepts whatever their audience.
            SamlAnyAudience = "saml_any_audience": Texts of [Identity];
            /// How many roles trust an identity provider.
            TrustingRoles = "trusting_roles": Int of [Identity];
            /// Services of different kinds that its trust policy lets in.
            TrustedServices = "trusted_services": Texts of [Identity];
            /// How many services of different kinds its trust policy lets in.
            TrustedServiceCount = "trusted_service_count": Int of [Identity];
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
            Ends = "ends": Time of [Identity, Workload, Setting];
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
            /// In how many instance profiles it is.
            InstanceProfiles = "instance_profiles": Int of [Identity];
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
            /// Subjects in its trust policy that fix a repository or workspace and let any branch or plan of it in.
            OidcWholeSubjects = "oidc_whole_subjects": Texts of [Identity];
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
            /// What the role of an agent may do on all of its account, where it is no administrator.
            RunsAsWide = "runs_as_wide": Texts of [Workload];
            /// Other accounts that were read, whose identities may become it.
            OwnAccounts = "own_accounts": Texts of [Identity];
            /// Identities of lower environments that may become it, where it is of production.
            EnteredFromBelow = "entered_from_below": Texts of [Identity];
            /// How it is deleted: the command, or where no command can.
            DeleteBy = "delete_by": Text of [Credential];
            /// How it is switched off: the command, or where no command can.
            StopBy = "stop_by": Text of [Credential];
            /// Containers get a role of their own, not that of the machine.
            TaskRole = "task_role": Bool of [Workload];
            /// Its trust policy lets in everyone but those it names.
            TrustsAllBut = "trusts_all_but": Bool of [Identity];
            /// In what form it was made: the version of a template, the type of an app.
            Form = "form": Text of [Identity, Credential, Workload, Setting];
            /// A person signs in with it, not a machine.
            Human = "human": Bool of [Identity];
        }
    };
}
pub(super) use attributes_of_clouds;
