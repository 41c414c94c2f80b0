"""Shards on a Ray cluster of three nodes on one machine, of which one is killed in the middle. `./test --distributed` runs it.

The merged report must be byte for byte that of one scan.

    ray_shards.py NONHUMAN FOLDER
"""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

REPOSITORIES, COMMITS, SHARDS, DAY = 48, 40, 24, "2026-11-22"


# What Ray says goes to standard error; what is said here does not.
SAID = os.fdopen(os.dup(1), "w", buffering=1)


def say(text):
    print(text, file=SAID)


def git(folder, *arguments, text=None):
    date = f"{DAY}T00:00:00Z"
    names = {"NAME": "Made Up", "EMAIL": "made-up@acme.example", "DATE": date}
    own = {f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in names.items()}
    environment = {**os.environ, **own, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "-C", folder, *arguments], check=True, env=environment, input=text, stdout=subprocess.DEVNULL)


def bare_clones(folder):
    """Bare repositories with a key and words in their histories, the same at every run."""
    draw = random.Random(1)
    for number in range(REPOSITORIES):
        clone = folder / f"repo-{number:03}.git"
        clone.mkdir(parents=True)
        git(clone, "init", "--quiet", "--bare", "--initial-branch=main")
        stream = []
        for commit in range(COMMITS):
            lines = [f"x_{draw.randrange(10**9)} = {draw.randrange(10**9)}" for _ in range(200)]
            if commit == 7:
                # Of the form of a password in code, and made up.
                word = "".join(draw.choice("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(40))
                lines.append(f'database_password = "{word}"')
            body = "\n".join(lines) + "\n"
            stream.append(
                f"commit refs/heads/main\ncommitter Made Up <made-up@acme.example> {1_700_000_000 + commit} +0000\n"
                f"data 4\nmore\nM 100644 inline src/part_{commit % 9}.py\ndata {len(body)}\n{body}\n"
            )
        git(clone, "fast-import", "--quiet", text="".join(stream).encode())


def nonhuman(binary, folder, *arguments):
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    run = subprocess.run([binary, *arguments], cwd=folder, env=environment, capture_output=True)
    if run.returncode not in (0, 1):
        raise SystemExit(f"{arguments}: {run.returncode}\n{run.stderr.decode()}")
    return run.stdout


def main():
    sys.stdout = sys.stderr
    binary, folder = os.path.abspath(sys.argv[1]), Path(sys.argv[2]).absolute()
    shutil.rmtree(folder, ignore_errors=True)
    bare_clones(folder / "clones")
    sources = ["--isolated", "--trees-in", "clones", "--history", "--now", DAY]
    begun = time.time()
    whole = nonhuman(binary, folder, "scan", *sources, "--format", "json")
    assert whole.count(b'"leaked-secret"') >= REPOSITORIES, "the clones hold a secret each"
    say(f"one scan: {time.time() - begun:.1f} s, {len(whole)} bytes")

    import ray
    from ray.cluster_utils import Cluster

    os.environ["RAY_DEDUP_LOGS"] = "0"
    memory = 80 * 1024 * 1024
    head = {"num_cpus": 1, "object_store_memory": memory, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    workers = [cluster.add_node(num_cpus=1, object_store_memory=memory) for _ in range(2)]
    ray.init(address=cluster.address, log_to_driver=False)
    cluster.wait_for_nodes()
    alive = [node for node in ray.nodes() if node["Alive"]]
    assert len(alive) == 3, alive
    victim = workers[0].node_id

    @ray.remote(num_cpus=1, max_retries=8, scheduling_strategy="SPREAD")
    def collect(shard):
        node = ray.get_runtime_context().get_node_id()
        (folder / "starts").mkdir(exist_ok=True)
        (folder / "starts" / f"{shard}-{node}-{time.time_ns()}").touch()
        time.sleep(0.3)
        nonhuman(binary, folder, "collect", *sources, "--shard", f"{shard}/{SHARDS}", "--parts", "parts")
        return shard, node

    begun = time.time()
    waiting, done = [collect.remote(shard) for shard in range(1, SHARDS + 1)], []
    killed = False
    while waiting:
        ready, waiting = ray.wait(waiting, num_returns=1, timeout=0.02)
        assert time.time() - begun < 300, "the shards did not end within five minutes"
        done += ray.get(ready)
        # A shard has slept a third of its sleep at most when its node is killed: it cannot have ended meanwhile.
        names = [name.name.split("-") for name in (folder / "starts").iterdir()] if (folder / "starts").exists() else []
        is_young = {shard for shard, node, at in names if node == victim and time.time_ns() - int(at) < 100_000_000}
        if not killed and len(done) >= SHARDS // 4 and is_young:
            cluster.remove_node(workers[0], allow_graceful=False)
            killed = True
            say(f"killed one of three nodes after {len(done)} of {SHARDS} shards, while it had shard {', '.join(is_young)}")
    starts = [name.name for name in (folder / "starts").iterdir()]
    on_victim = sum(f"-{victim}-" in name for name in starts)
    say(f"{len(done)} shards done in {time.time() - begun:.1f} s, {len(starts)} starts, {on_victim} on the killed node")
    ray.shutdown()
    cluster.shutdown()
    assert killed and len(starts) > SHARDS and sorted(shard for shard, _ in done) == list(range(1, SHARDS + 1))

    begun = time.time()
    merged = nonhuman(binary, folder, "merge", "--isolated", "--format", "json", "parts")
    say(f"merged in {time.time() - begun:.1f} s")
    if merged != whole:
        (folder / "whole.json").write_bytes(whole)
        (folder / "merged.json").write_bytes(merged)
        raise SystemExit(f"the merged report is another one: diff {folder}/whole.json {folder}/merged.json")
    say("the merged report is byte for byte that of one scan")


if __name__ == "__main__":
    main()
