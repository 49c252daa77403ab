#!/usr/bin/env python3
"""A golden corpus: requests, each with every byte of the response that the server sent when they were recorded.

    corpus.py check  MOCKSERVER...    replay golden.json against `MOCKSERVER... serve` and print each difference (exit 1)
    corpus.py record MOCKSERVER...    write golden.json anew from what it answers (only in the commit that explains the change)

Each session is one fresh server, frozen at one instant, with raw requests in order. Compared: status line, headers (order and case
too, except X-Mockserver-Exchange), body. Where a change of an answer is wanted, record anew and list session/number and reason in the commit's message.
Standard library only.
"""

import json
import pathlib
import random
import socket
import subprocess
import sys
import time
from urllib.parse import urlencode

HERE = pathlib.Path(__file__).parent
FREEZE = "2026-06-01T12:00:00Z"


def get(path, **headers):
    return raw("GET", path, b"", headers)


def post(path, body, kind="application/x-www-form-urlencoded", **headers):
    return raw(
        "POST",
        path,
        body.encode() if isinstance(body, str) else body,
        {"Content-Type": kind, **headers} if kind else headers,
    )


def raw(method, path, body, headers):
    head = {"Host": "127.0.0.1:7670", **headers, "Connection": "close"}
    if body or method == "POST":
        head["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in head.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def basic(user, password):
    import base64

    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def sessions():
    chance = random.Random(20261129)
    pick = chance.choice
    foo = {"access_key": "foo", "secret_access_key": "bar"}
    demo = {"access_key": "demo-access-key", "secret_access_key": "demo-secret-key"}
    texts = [
        "Thank you for calling.",
        "x" * 256,
        "x" * 257,
        "",
        "Zażółć gęślą jaźń",
        "a]]>b & <c>",
        "🙂" * 3,
        "STOP",
        "line\nbreak",
        "tab\there",
        "\x01control",
        "%20",
        "+ plus",
        "quote\"'",
    ]
    numbers = [
        "5556667777",
        "15556667777",
        "555666777",
        "(555) 666-7777",
        "+15556667777",
        "",
        "abc",
        "9995550100",
        "9995550112",
        "9995550125",
        "9995550133",
        "9995550151",
        "5554332111",
    ]
    senders = ["5554332111", "5554443210", "5559990000", "3125550142", "", "555"]
    dates = [
        "20170101",
        "20170102",
        "20161231",
        "20260601",
        "20260501",
        "2017-01-01",
        "20170231",
        "",
        "2017010",
        "99991231",
        "00010101",
    ]

    def dialog(n):
        out = []
        for _ in range(n):
            action = pick(
                ["sms.send_message"] * 4
                + ["sms.get_messages"] * 4
                + ["sms.get_numbers", "sms.get_message", "sms.fly", ""]
            )
            q = {
                "action": action,
                **pick(
                    [
                        foo,
                        foo,
                        foo,
                        demo,
                        {"access_key": "foo", "secret_access_key": "no"},
                        {"access_key": "foo"},
                        {},
                        {"api_key": "demo-api-key"},
                    ]
                ),
            }
            if action == "sms.send_message":
                q.update({"to": pick(numbers), "from": pick(senders), "message": pick(texts)})
            if action == "sms.get_messages":
                a, b = pick(dates), pick(dates)
                q.update({"start_date": a, "end_date": pick([a, a, b])})
                if chance.random() < 0.4:
                    q["number"] = pick(numbers + senders)
            for name in list(q):
                if chance.random() < 0.04:
                    q.pop(name)
            if chance.random() < 0.1:
                q["extra"] = "1"
            way = chance.random()
            if way < 0.5:
                out.append(get("/ibp_api.php?" + pick(["", "&"]) + urlencode(q)))
            elif way < 0.9:
                out.append(post("/ibp_api.php", urlencode(q)))
            elif way < 0.95:
                out.append(post("/ibp_api.php?" + urlencode(q), ""))
            else:
                parts = (
                    "".join(f'--B\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in q.items())
                    + "--B--\r\n"
                )
                out.append(post("/ibp_api.php", parts, "multipart/form-data; boundary=B"))
        return out

    def mgage(n):
        out = []
        for _ in range(n):
            program = pick(
                ["121811"] * 5 + ["141501", "141502", "141505", "141510", "500500", "999999", "abc", "0", "121811.0"]
            )
            q = {}
            if chance.random() < 0.5:
                q["startDate"] = pick(
                    [
                        "2014-12-05T00:00:00",
                        "2014-12-05T10:00:00",
                        "2026-05-01T00:00:00",
                        "2014-12-05",
                        "x",
                        "",
                        "2014-02-30T00:00:00",
                    ]
                )
            if chance.random() < 0.5:
                q["endDate"] = pick(["2014-12-05T23:59:59", "2026-06-01T12:00:00", "2013-01-01T00:00:00", "y"])
            if chance.random() < 0.5:
                q["messageType"] = pick(["MO", "MT", "mo", "both", "", "XX"])
            if chance.random() < 0.6:
                q["pageSize"] = pick(["1", "2", "50", "500", "501", "0", "-1", "abc", "", "07"])
            if chance.random() < 0.4:
                q["page"] = pick(["1", "2", "3", "99", "0", "-1", "x"])
            who = pick(
                [basic("mgage", "mgage")] * 5
                + [basic("demo", "demo")] * 3
                + [basic("mgage", "no"), {}, {"Authorization": "Bearer x"}, {"Authorization": "Basic !!"}]
            )
            path = f"/api/messages/program/{program}" + ("?" + urlencode(q) if q else "")
            method = pick(["GET"] * 9 + ["POST", "HEAD", "DELETE"])
            out.append(raw(method, path, b"", {**who, "Host": pick(["127.0.0.1:7670", "communicatepro.mgage.com"])}))
        return out

    def serwer(n):
        out = []
        for _ in range(n):
            who = pick(
                [{"username": "Login", "password": "Haslo"}] * 6
                + [{"username": "demo", "password": "demo"}] * 3
                + [{"username": "Login", "password": "x"}, {"username": "Login"}, {}]
            )
            q = dict(who)
            for name, values in {
                "phone": ["+48500600700", "500600700", "48500600700", "%2B48500600700", "500600700,600700800", "abc"],
                "type": ["eco", "nd", "ndi", "pre", "mms", "sms", ""],
                "date_from": ["2014-10-21 12:00:00", "2026-05-01 00:00:00", "x"],
                "date_to": ["2014-10-21 13:00:00", "2026-06-01 00:00:00"],
                "ndi": ["+48664078059", "664078059"],
                "read": ["true", "false", "1", "0", "yes"],
                "show_contact": ["true", "1", "false"],
                "page": ["1", "2", "0"],
                "limit": ["2", "20", "0", "x"],
                "order": ["asc", "desc", "up"],
            }.items():
                if chance.random() < 0.16:
                    q[name] = pick(values)
            action = pick(["messages/recived"] * 7 + ["error/1001", "error/9999", "messages/fly"])
            suffix = pick(["", ".json", ".json", ".xml"])
            way = chance.random()
            if way < 0.5:
                out.append(post(f"/{action}{suffix}", urlencode(q)))
            elif way < 0.9:
                out.append(
                    post(f"/{action}{suffix}", json.dumps(q, ensure_ascii=pick([True, False])), "application/json")
                )
            elif way < 0.95:
                out.append(get(f"/{action}{suffix}?" + urlencode(q)))
            else:
                out.append(
                    post(
                        f"/{action}{suffix}",
                        pick(["{", "[]", "null", '"x"', "a=b&a=c", "\xff\xfe"]).encode("latin-1"),
                        "application/json",
                    )
                )
        return out

    def printed():
        return [
            get(
                "/ibp_api.php?&action=sms.get_messages&access_key=foo&secret_access_key=bar&start_date=20170101&end_date=20170101"
            ),
            get(
                "/ibp_api.php?&action=sms.send_message&access_key=foo&secret_access_key=bar&to=5556667777&from=5554332111&message=Thank%20you%20for%20calling."
            ),
            get("/ibp_api.php?access_key=ACCESS_KEY&secret_access_key=SECRET_ACCESS_KEY&action=sms.get_numbers"),
            get(
                "/api/messages/program/121811?startDate=2014-12-05T00:00:00&endDate=2014-12-05T23:59:59&pageSize=2",
                **basic("mgage", "mgage"),
            ),
            post("/messages/recived", "username=Login&password=Haslo"),
            post("/messages/recived.xml", "username=Login&password=Haslo"),
            post("/messages/send_nd", "username=Login&password=Haslo&phone=500600700&text=Tak"),
            post("/messages/recived", "username=Login&password=Haslo&type=nd"),
            raw("OPTIONS", "/ibp_api.php", b"", {}),
            raw("PUT", "/ibp_api.php", b"", {}),
            raw("HEAD", "/ibp_api.php?action=sms.get_numbers&access_key=foo&secret_access_key=bar", b"", {}),
            raw("PUT", "/messages/recived", b"", {}),
            raw("OPTIONS", "/messages/recived", b"", {}),
            raw("OPTIONS", "/api/messages/program/121811", b"", {}),
        ]

    yield "printed", printed()
    for i in range(8):
        yield f"dialogtech-{i}", dialog(40)
    for i in range(6):
        yield f"mgage-{i}", mgage(40)
    for i in range(8):
        yield f"serwersms-{i}", serwer(40)


def ask(port, request):
    with socket.create_connection(("127.0.0.1", port), 15) as s:
        s.sendall(request)
        got = b""
        while piece := s.recv(65536):
            got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"x-mockserver-exchange")]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def served(command, requests):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    text = subprocess.run([*command, "serve", "--help"], capture_output=True, text=True).stdout
    off = [f for f in ("--no-https", "--no-tunnel", "--no-proxy") if f + " " in text]
    p = subprocess.Popen(
        [*command, "serve", "--port", str(port), *off, "--freeze", FREEZE, "--log", "quiet"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        return [ask(port, request.replace(b"127.0.0.1:7670", b"golden:7670")).decode("latin-1") for request in requests]
    finally:
        p.terminate()
        p.wait(15)


def main():
    verb, command = sys.argv[1], sys.argv[2:] or ["mockserver"]
    path = HERE / "golden.json"
    if verb == "record":
        path.write_text(
            json.dumps(
                {name: [[r.decode("latin-1"), a] for r, a in zip(rs, served(command, rs))] for name, rs in sessions()},
                indent=0,
            )
            + "\n"
        )
        print("recorded", sum(1 for _, rs in sessions() for _ in rs))
        return
    bad = n = 0
    for name, rows in json.loads(path.read_text()).items():
        for i, ((request, want), got) in enumerate(zip(rows, served(command, [r.encode("latin-1") for r, _ in rows]))):
            n += 1
            if want != got:
                bad += 1
                if bad <= 20:
                    print(f"--- {name}/{i}\n{request[:600]}\nwas: {want[:500]!r}\nis:  {got[:500]!r}\n")
    print(f"{n - bad} of {n} answers are the same")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
