#!/usr/bin/env python3
"""Judges a large synthetic cluster with planted facts and compares findings with what was planted, item by item.

Usage:
  kubernetes.py truth DIRECTORY            one scan from the dump, every planted class, missed items and further findings
  kubernetes.py growth DIRECTORY...        time, memory and size of the report, from the dump and through a server
  kubernetes.py serve DIRECTORY [PORT]     answers as an API server would (lists, pages, metadata only), for `--kubernetes`

DIRECTORY is what the project's generator of large clusters wrote: one list a kind, and truth.json. NONHUMAN names the
binary. It needs no network and no package beyond Python's own.
"""

import collections, http.server, json, os, subprocess, sys, tempfile, urllib.parse

NONHUMAN = os.environ.get("NONHUMAN", "target/release/nonhuman")
NOW = "2026-11-22"

# Planted class -> rules of which one must speak of the item. The first is the rule for it; the others say the same or more:
# who administrates a namespace is not told besides that it may create pods there.
RULES = {
    "bound_unused_sa": ["service-account-unused-privileged", "service-account-not-yet-used",
                        "account-of-administrator-unused"],
    "cloud_link_azure": ["link"], "cloud_link_gke": ["link"], "cloud_link_irsa": ["link"],
    "cluster_admin": ["cluster-administrator"],
    "cluster_escalate": ["escalates-roles", "cluster-administrator"],
    "cluster_exec": ["enters-pods", "cluster-administrator"],
    "cluster_impersonate": ["impersonates", "cluster-administrator"],
    "cluster_nodes_proxy": ["reaches-kubelets", "cluster-administrator"],
    "cluster_pod_create": ["creates-pods", "cluster-administrator"],
    "cluster_secrets_read": ["reads-all-secrets", "cluster-administrator"],
    "cluster_token_create": ["requests-tokens", "cluster-administrator"],
    "cluster_wildcard": ["cluster-administrator", "wildcard-rule"],
    "cross_ns": ["crosses-namespaces", "production-namespace-from-below"],
    "dangling_role": ["binding-without-role"],
    "dangling_subject": ["binding-without-subject", "rights-waiting-for-an-account"],
    # One of them drew a role of everything: its namespace's administrator, which no other class has planted.
    "default_sa_bound": ["default-account-bound", "namespace-administrator"],
    "hardcoded_configmap": ["secret-in-configmap"],
    "hardcoded_env": ["secret-in-pod-template"],
    # The generator draws the id of the account that a token is of. One that no use since the account's making contradicts is
    # of another account of that name, and a server refuses it: that is what is told.
    "legacy_token": ["token-never-expires", "token-of-missing-account"],
    "legacy_token_stale_90d": ["token-unused", "token-old", "token-of-missing-account"],
    "ns_cluster_admin": ["namespace-administrator", "cluster-administrator"],
    "ns_exec": ["enters-pods-of-namespace", "namespace-administrator", "enters-pods", "cluster-administrator"],
    "ns_pod_create": ["creates-pods-in-namespace", "namespace-administrator", "creates-pods", "cluster-administrator"],
    "ns_secrets_read": ["reads-secrets-of-namespace", "namespace-administrator", "reads-all-secrets", "cluster-administrator"],
    "ns_token_create": ["acts-as-accounts-of-namespace", "namespace-administrator", "requests-tokens", "cluster-administrator"],
    "ns_wildcard": ["namespace-administrator", "cluster-administrator"],
    "orphan_sa": ["service-account-orphaned", "service-account-not-yet-used"],
    "unowned_sa": ["service-account-unowned"],
}
# Rules that speak of nothing planted under a class of their own, and why they are right all the same.
BESIDE = {
    "becomes-cluster-administrator": "the shortest chain to cluster-admin of what the planted rights allow",
    "cloud-account-unused": "cloud-linked and no workload: both planted, the pair is not a class",
    "privileged-token-mounted": "a planted right and a planted workload that mounts its token",
    "token-made-by-hand": "every planted token Secret is in no account's list of secrets",
    "token-mounted-needlessly": "a planted workload that mounts a token with no right beyond discovery",
    "role-unbound-powerful": "a planted risky role that no binding happened to draw",
    "token-of-administrator-unused": "a planted token that was never used, of an account that a planted right makes administrator",
    "token-old": "every planted token is 1,000 days old",
    "acts-as-accounts-of-namespace": "bound to the role edit of every cluster, which gives this",
    "creates-pods-in-namespace": "bound to the role edit of every cluster, which gives this",
    "enters-pods-of-namespace": "bound to the role edit of every cluster, which gives this",
    "reads-secrets-of-namespace": "bound to the role edit of every cluster, which gives this",
    "rights-waiting-for-an-account": "",
    "takes-nodes": "administrates a planted namespace without pod security, or relabels it, and runs pods on nodes' files",
    "service-account-not-yet-used": "younger than 30 days with a token and no binding",
    "service-account-unused-privileged": "holds a token and no binding: no orphan, and not planted as bound",
}


def load(directory, kind):
    with open(os.path.join(directory, f"{kind}.json")) as file:
        return json.load(file)


MEASURE = """import json, os, subprocess, sys, time
start = time.monotonic()
process = subprocess.Popen(sys.argv[2:], stdout=open(sys.argv[1], "wb"))
_, status, used = os.wait4(process.pid, 0)
print(json.dumps({"wall": time.monotonic() - start, "cpu": used.ru_utime + used.ru_stime, "mb": used.ru_maxrss / 1024,
                  "code": os.waitstatus_to_exitcode(status)}))"""


def scan(arguments, output, environment=None):
    """Runs one scan; wall and CPU seconds, peak memory in MB, bytes of the report. A small process starts it: a child's
    peak begins with that of the process it was forked from."""
    command = [sys.executable, "-c", MEASURE, output, NONHUMAN, *arguments, "--isolated", "--now", NOW]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **(environment or {})})
    return {**json.loads(ran.stdout), "bytes": os.path.getsize(output)}


def judge(directory, output):
    return scan(["scan", "--no-discover", "--kubernetes-export", f"large={directory}", "--format", "json", "--exit-zero",
                 "--allow-partial"], output)


def subject(text):
    """`k8s:large/ns/kind/name` as (ns, kind, name)."""
    _, namespace, kind, name = text.split("#")[0].split("/", 3)
    return namespace, kind, name


def item_of(cls, finding):
    namespace, kind, name = subject(finding["subject"])
    if cls.startswith(("dangling_", "cross_")):
        return f"{namespace}/RoleBinding/{name}"
    if cls == "hardcoded_env":
        return f"{namespace}/Deployment/{name}"
    if cls == "hardcoded_configmap":
        return f"{namespace}/ConfigMap/{name}"
    return f"{namespace}/{name}"


def truth(directory):
    planted = {name: set(one["items"]) for name, one in load(directory, "truth").items()}
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "scan.json")
        judge(directory, output)
        with open(output) as file:
            scanned = json.load(file)
    by_rule = collections.defaultdict(list)
    for finding in scanned["findings"]:
        by_rule[finding["rule"]].append(finding)
    # A cross-namespace binding is one grant; findings about accounts name it in their chain.
    chains = collections.defaultdict(set)
    for finding in scanned["findings"]:
        for line in finding.get("chain", []):
            for word in line.replace(",", " ").split():
                chains[finding["rule"]].add(word)
    linked = {link["from"] for link in scanned["links"] if link["kind"] == "acts-as"}
    linked = {"/".join((namespace, name)) for namespace, _, name in map(subject, linked)}
    print(f"{'class':24} {'planted':>7} {'found':>6}  missed")
    failed = False
    explained = collections.defaultdict(set)
    for cls, items in sorted(planted.items()):
        found = set(linked) if RULES[cls] == ["link"] else set()
        by_first = None
        for rule in RULES[cls]:
            here = {item_of(cls, finding) for finding in by_rule.get(rule, [])}
            if cls == "cross_ns":
                here |= {f"{one.split('/')[0]}/RoleBinding/{one.split('/')[1]}" for one in chains[rule] if one.count("/") == 1}
            explained[rule] |= here & items
            found |= here & items
            by_first = len(here & items) if by_first is None else by_first
        missed = sorted(items - found)
        failed |= bool(missed)
        more = "" if by_first in (None, len(items)) or RULES[cls] == ["link"] else f"  ({by_first} by {RULES[cls][0]})"
        print(f"{cls:24} {len(items):7} {len(items) - len(missed):6}  {' '.join(missed[:5])}{more}")
    print(f"\n{'rule':40} {'findings':>8} {'planted':>8}  the rest")
    for rule, findings in sorted(by_rule.items()):
        beside = BESIDE.get(rule, "")
        classes = [cls for cls, rules in RULES.items() if rule in rules]
        keys = {item_of(classes[0] if classes else "", finding) for finding in findings}
        all_planted = set().union(*(planted.get(cls, set()) for cls, rules in RULES.items() if rule in rules))
        rest = sorted(keys - all_planted)
        why = "" if not rest else beside or "UNEXPLAINED " + ", ".join(rest[:4])
        failed |= why.startswith("UNEXPLAINED")
        print(f"{rule:40} {len(findings):8} {len(keys & all_planted):8}  {len(rest)} {why}")
    return 1 if failed else 0


GROUPS = {"roles": "rbac.authorization.k8s.io", "clusterroles": "rbac.authorization.k8s.io",
          "rolebindings": "rbac.authorization.k8s.io", "clusterrolebindings": "rbac.authorization.k8s.io",
          "deployments": "apps", "replicasets": "apps", "daemonsets": "apps", "statefulsets": "apps",
          "jobs": "batch", "cronjobs": "batch"}


def server(directory, port=0):
    """An API server that lists what the directory holds, in pages, and lets everything be read."""
    lists = {}
    for name in os.listdir(directory):
        kind = name.removesuffix(".json")
        if kind != "truth" and name.endswith(".json"):
            whole = load(directory, kind)
            for one in whole["items"]:
                one.pop("apiVersion", None), one.pop("kind", None)
            lists[kind] = (whole["apiVersion"], whole["kind"], whole["items"])
    cache = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one piece, as API servers write them: in two, each answer waits 40 ms for an acknowledgement.
        wbufsize = 1 << 20

        def answer(self, code, body):
            text = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)))
            if not self.path.split("?")[0].endswith("/selfsubjectaccessreviews"):
                return self.answer(405, {"kind": "Status", "code": 405})
            self.answer(201, {**body, "status": {"allowed": True}})

        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(url.query))
            parts = url.path.strip("/").split("/")
            kind = parts[-1]
            if url.path in ("/api", "/apis"):
                return self.answer(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": []})
            if kind not in lists or len(parts) > 4:
                return self.answer(404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404})
            metadata_only = "PartialObjectMetadata" in self.headers.get("Accept", "")
            key = (kind, url.query, metadata_only)
            if key not in cache:
                cache[key] = self.page(kind, query, metadata_only)
            self.answer(200, cache[key])

        def page(self, kind, query, metadata_only):
            version, name, items = lists[kind]
            selector = query.get("fieldSelector", "")
            wanted = selector.partition("type!=")[2], selector.partition("type=")[2]
            if wanted[0]:
                items = [one for one in items if one.get("type") != wanted[0]]
            elif wanted[1]:
                items = [one for one in items if one.get("type") == wanted[1]]
            start, limit = int(query.get("continue", "0")), int(query.get("limit", "0")) or len(items)
            part, rest = items[start:start + limit], len(items) - start - limit
            if metadata_only:
                version, name = "meta.k8s.io/v1", "PartialObjectMetadataList"
                part = [{"kind": "PartialObjectMetadata", "apiVersion": version, "metadata": one["metadata"]} for one in part]
            metadata = {"resourceVersion": "1"}
            if rest > 0:
                metadata |= {"continue": str(start + limit), "remainingItemCount": rest}
            whole = {"kind": name, "apiVersion": version, "metadata": metadata, "items": part}
            return json.dumps(whole, separators=(",", ":")).encode()

        def log_message(self, *_):
            pass

    return http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)


def kubeconfig(folder, port):
    path = os.path.join(folder, "kubeconfig")
    with open(path, "w") as file:
        file.write(f"""apiVersion: v1
kind: Config
current-context: large
clusters: [{{name: large, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: reader, user: {{token: synthetic}}}}]
contexts: [{{name: large, context: {{cluster: large, user: reader}}}}]
""")
    return path


def growth(directories):
    print(f"{'':32} {'objects':>8} {'wall s':>7} {'CPU s':>6} {'peak MB':>8} {'report MB':>9}")
    for directory in directories:
        kinds = [name.removesuffix(".json") for name in os.listdir(directory) if name != "truth.json"]
        count = sum(len(load(directory, kind)["items"]) for kind in kinds)
        line = lambda what, r: print(f"{what:32} {count:8} {r['wall']:7.1f} {r['cpu']:6.1f} {r['mb']:8.0f} {r['bytes'] / 1e6:9.1f}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            output = os.path.join(folder, "out")
            line("scan, from the dump, JSON", judge(directory, output))
            collected = ["collect", "--no-discover", "--kubernetes-export", f"large={directory}", "--allow-partial"]
            line("collect alone, from the dump", scan(collected, output))
            # The server is a process of its own, so that its memory is not counted.
            held = subprocess.Popen([sys.executable, __file__, "serve", directory], stdout=subprocess.PIPE, text=True)
            try:
                environment = {"KUBECONFIG": kubeconfig(folder, int(held.stdout.readline()))}
                live = ["scan", "--no-discover", "--kubernetes", "--format", "json", "--exit-zero", "--allow-partial"]
                scan(live, output, environment)  # the server makes its pages once
                line("scan, through the server, JSON", scan(live, output, environment))
                live = ["collect", "--no-discover", "--kubernetes", "--allow-partial"]
                line("collect alone, from the server", scan(live, output, environment))
            finally:
                held.terminate()
                held.wait()


def main(arguments):
    match arguments:
        case ["truth", directory]:
            return truth(directory)
        case ["growth", *directories] if directories:
            return growth(directories)
        case ["serve", directory, *port]:
            one = server(directory, int(port[0]) if port else 0)
            print(one.server_address[1], flush=True)
            one.serve_forever()
        case _:
            print(__doc__)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
