"""Writes records whose every name attacks its reader, for `nonhuman evaluate`. Nothing in it is a credential."""

import json

NOW = "2026-11-22T12:00:00Z"
NAMES = [
    "<script>document.title='pwned'</script>",
    "</script><script>document.title='pwned'</script>",
    "<img src=x onerror=\"document.title='pwned'\">",
    "\"><svg onload=document.title='pwned'>",
    "javascript:document.title='pwned'",
    "<!--", "-->", "<![CDATA[", "&lt;b&gt;", "{{7*7}}", "${7*7}",
    "\x1b[31mred\x1b[0m\x1b]0;pwned\x07",
    "invoice\u202egnp.exe\u2066", "zero\u200bwidth\u200d", "line\u2028para\u2029end", "null\x00byte",
    "__proto__", "constructor", "~0", "%E0%A4%A", "a#b?c=d&e/f",
    "לקוח-שירות", "خدمة-الدفع", "服务账号", "🤖" * 40, "e\u0301" * 30,
    "n" * 5000, "a-very-long-word-" * 60,
]


def main():
    count = 0
    for number, name in enumerate(NAMES):
        location = {"type": "export", "file": f"exports/{name}.json", "object": name}
        seen = {"observed": NOW, "collector": "aws", "location": location}
        urn = f"arn:aws:iam::123456789012:user/{name}"
        tags = {"owner": name, name: name}
        print(json.dumps({
            "record": "identity", "id": urn, "kind": "aws.user", "tenant": "123456789012", "name": name,
            "enabled": True, "created": "2020-01-01T00:00:00Z", "labels": tags if number % 2 else {}, "evidence": seen}))
        print(json.dumps({
            "record": "credential", "id": f"aws:access-key/{name}", "kind": "aws.access-key", "holder": urn,
            "tenant": "123456789012", "name": name, "active": True, "created": "2021-01-01T00:00:00Z", "expires": None,
            "evidence": seen}))
        count += 2
    print(json.dumps({
        "record": "coverage", "collector": "aws", "target": NAMES[0], "what": NAMES[2], "outcome": "refused",
        "count": 0, "detail": NAMES[1], "remedy": NAMES[3], "blinds": ["grants"]}))
    print(json.dumps({"record": "end", "records": count + 1}))


if __name__ == "__main__":
    main()
