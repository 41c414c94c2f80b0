"""A year of nights into one history: how large it grows, and how long `diff` takes. 20,000 made-up tokens, 100 others each night.

    year.py NONHUMAN FOLDER
"""

import datetime
import random
import resource
import string
import subprocess
import sys
import time
import zlib
from pathlib import Path

NIGHTS, FILES, TOKENS = 365, 200, 100
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def token(draw):
    body = "".join(draw.choice(DIGITS) for _ in range(30))
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = DIGITS[digit] + digits
    return f"ghp_{body}{digits}"


def run(folder, *command):
    """Seconds of the clock and of CPU, and what was said."""
    used, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if ran.returncode not in (0, 1):
        raise SystemExit(f"{command}: {ran.returncode}\n{ran.stderr}")
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.time() - begun, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, ran.stdout


def main():
    binary, folder, draw = str(Path(sys.argv[1]).absolute()), Path(sys.argv[2]), random.Random(1)
    tree, history = folder / "tree", ("--isolated", "--history-file", "scans.db")
    tree.mkdir(parents=True)

    def write(number):
        lines = "".join(f'token_{at} = "{token(draw)}"\n' for at in range(TOKENS))
        (tree / f"part_{number:03}.py").write_text(lines)

    for number in range(FILES):
        write(number)
    first, begun = datetime.date(2025, 11, 23), time.time()
    for night in range(NIGHTS):
        if night > 0:
            write(night % FILES)
        run(folder, binary, "secrets", "tree", *history, "-q", "--now", str(first + datetime.timedelta(night)), "--format", "csv")
    size = (folder / "scans.db").stat().st_size
    print(f"{NIGHTS} nights in {time.time() - begun:.0f} s, the file has {size / 1e6:.1f} MB")
    took, cpu, said = run(folder, binary, "diff", *history)
    print(f"diff of the last two: {took:.2f} s, {cpu:.2f} CPU s: {said.splitlines()[1]}")
    if took > 1 or size > 200_000_000:
        raise SystemExit("that is too slow, or too large")


if __name__ == "__main__":
    main()
