"""Writes records of a made-up company of a given size, for `nonhuman evaluate`. Every name and id in it is made up."""

import json
import sys

NOW = "2026-11-22T12:00:00Z"
OWNERS = ["jana.novak@big.example", "li.wen@big.example", "sofia.marino@big.example", "payments-team", "unknown"]
ADMINISTRATOR = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
READER = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


def evidence(collector, file, thing):
    return {"observed": NOW, "collector": collector, "location": {"type": "export", "file": file, "object": thing}}


def aws(number):
    account = f"{100000000000 + number % 12}"
    kind = "role" if number % 3 else "user"
    name = f"{['ci', 'batch', 'report', 'deploy', 'ingest'][number % 5]}-{number:05}"
    urn = f"arn:aws:iam::{account}:{kind}/{name}"
    seen = evidence("aws", f"exports/{account}/details.json", f"{kind}/{name}")
    labels = {"owner": OWNERS[number % 5], "team": f"team-{number % 40}"} if number % 7 else {}
    yield {"record": "identity", "id": urn, "kind": f"aws.{kind}", "tenant": account, "name": name, "enabled": True,
           "created": f"20{10 + number % 15}-0{1 + number % 9}-11T00:00:00Z", "labels": labels, "evidence": seen}
    policy = f"arn:aws:iam::{account}:policy/{'admin' if number % 50 == 0 else 'reader'}"
    yield {"record": "policy", "id": policy, "name": policy.rsplit("/")[-1], "language": "aws.iam", "tenant": account,
           "document": ADMINISTRATOR if policy.endswith("admin") else READER, "evidence": seen}
    yield {"record": "grant", "id": f"{urn}#policy/{policy}", "to": urn, "policy": policy, "kind": "policy",
           "tenant": account, "scope": "account", "evidence": seen}
    if kind == "user":
        key = f"AKIA{number:016}"
        yield {"record": "credential", "id": f"aws:access-key/{key}", "kind": "aws.access-key", "holder": urn,
               "tenant": account, "name": key, "active": True, "created": "2024-02-01T00:00:00Z", "expires": None,
               "evidence": seen}
        yield {"record": "usage", "of": f"aws:access-key/{key}", "last": f"2026-0{1 + number % 9}-01T00:00:00Z",
               "horizon": None, "source": "credential report", "evidence": seen}


def kubernetes(number):
    cluster = f"cluster-{number % 20:02}"
    namespace, name = f"team-{number % 150:03}", f"{['api', 'worker', 'web', 'cron'][number % 4]}-{number:05}"
    urn = f"k8s:{cluster}/{namespace}/sa/{name}"
    seen = evidence("kubernetes", f"dumps/{cluster}/serviceaccounts.yaml", f"ServiceAccount {namespace}/{name}")
    yield {"record": "identity", "id": urn, "kind": "kubernetes.service-account", "tenant": cluster,
           "name": f"{namespace}/{name}", "enabled": True, "created": "2025-03-01T00:00:00Z",
           "labels": {"app.kubernetes.io/part-of": namespace} if number % 3 else {}, "evidence": seen}
    if number % 4:
        yield {"record": "workload", "id": f"k8s:{cluster}/{namespace}/deploy/{name}", "kind": "kubernetes.deployment",
               "tenant": cluster, "name": f"{namespace}/{name}", "runs_as": [urn],
               "evidence": evidence("kubernetes", f"dumps/{cluster}/deployments.yaml", f"Deployment {name}")}


def records(size):
    for number in range(size):
        yield from aws(number) if number % 10 < 3 else kubernetes(number)


def main():
    count = 0
    for record in records(int(sys.argv[1])):
        print(json.dumps(record))
        count += 1
    print(json.dumps({"record": "end", "records": count}))


if __name__ == "__main__":
    main()
