"""Measures a thousand generated repositories with shared history in one scan and in 1, 4 and 16 shards: CPU, memory, merge.

Fails when the shards together take more than a tenth more CPU than one scan, a merge more than ten seconds, or when a merged
report is not byte for byte that of the scan.

    measure.py NONHUMAN FOLDER [REPOSITORIES]
"""

import os
import random
import shutil
import sys
import time
from pathlib import Path

from ray_shards import DAY, git

FAMILIES, SHARED, OWN = 20, 250, 10


def commit(draw, number, path, secret=None):
    lines = [f"x_{draw.randrange(10**9)} = {draw.randrange(10**9)}" for _ in range(150)]
    if secret:
        lines.append(f'database_password = "{secret}"')
    body = "\n".join(lines) + "\n"
    return (
        f"commit refs/heads/main\ncommitter Made Up <made-up@acme.example> {1_700_000_000 + number} +0000\n"
        f"data 4\nmore\nM 100644 inline {path}\ndata {len(body)}\n{body}\n"
    )


def bare_clones(folder, repositories):
    """Families of forks: the commits of a family are the same in each of its repositories; a few are their own."""
    letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    for number in range(repositories):
        clone = folder / f"repo-{number:04}.git"
        clone.mkdir(parents=True)
        git(clone, "init", "--quiet", "--bare", "--initial-branch=main")
        draw = random.Random(number % FAMILIES)
        secret = "".join(draw.choice(letters) for _ in range(40))
        stream = [commit(draw, at, f"src/part_{at % 12}.py", secret if at == 9 else None) for at in range(SHARED)]
        draw = random.Random(10_000 + number)
        stream += [commit(draw, SHARED + at, f"src/own_{at % 3}.py") for at in range(OWN)]
        git(clone, "fast-import", "--quiet", text="".join(stream).encode())


def measured(folder, output, *command):
    """Seconds of CPU and wall, and the peak memory in MiB."""
    begun = time.time()
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        out = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.execve(command[0], list(command), {"HOME": str(folder), "PATH": "/usr/bin:/bin"})
    _, status, used = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1):
        raise SystemExit(f"{command}: {code}")
    return used.ru_utime + used.ru_stime, time.time() - begun, used.ru_maxrss / 1024


def main():
    binary, folder = os.path.abspath(sys.argv[1]), Path(sys.argv[2]).absolute()
    repositories = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    if not (folder / "clones" / f"repo-{repositories - 1:04}.git").exists():
        shutil.rmtree(folder, ignore_errors=True)
        bare_clones(folder / "clones", repositories)
    sources = ["--isolated", "--quiet", "--trees-in", "clones", "--history", "--now", DAY]
    whole = measured(folder, folder / "whole.json", binary, "scan", *sources, "--format", "json")
    print(f"one scan of {repositories}: {whole[0]:.1f} CPU s, {whole[1]:.1f} s, {whole[2]:.0f} MiB")
    report, failed = (folder / "whole.json").read_bytes(), []
    for of in (1, 4, 16):
        parts = f"parts-{of}"
        shutil.rmtree(folder / parts, ignore_errors=True)
        shards = [
            measured(folder, "/dev/null", binary, "collect", *sources, "--shard", f"{n}/{of}", "--parts", parts)
            for n in range(1, of + 1)
        ]
        merge = measured(folder, folder / "merged.json", binary, "merge", "--isolated", "--quiet", "--format", "json", parts)
        cpu = sum(shard[0] for shard in shards) + merge[0]
        memory = max(shard[2] for shard in shards)
        print(
            f"{of:2} shards: {cpu:.1f} CPU s with the merge ({cpu / whole[0] - 1:+.0%}), at most {memory:.0f} MiB a shard; "
            f"merge {merge[0]:.1f} CPU s, {merge[1]:.1f} s, {merge[2]:.0f} MiB"
        )
        if (folder / "merged.json").read_bytes() != report:
            failed.append(f"{of} shards give another report")
        if cpu > whole[0] * 1.1:
            failed.append(f"{of} shards take {cpu / whole[0]:.2f} times the CPU of one scan")
        if merge[1] > 10:
            failed.append(f"the merge of {of} shards took {merge[1]:.1f} s")
    if failed:
        raise SystemExit("; ".join(failed))


if __name__ == "__main__":
    main()
