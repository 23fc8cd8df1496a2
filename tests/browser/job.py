"""The main job over HTTP as contract.md §4 tells it, by a client that shares no code with the program.

Confirming on the phone is left to the caller: in a browser a person does it.
"""

import hashlib
import itertools
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

SCAN = Path(__file__).parent.parent / "scans" / "anh-xoay-exif.jpg"
PATIENCE_S = 60


class Refused(Exception):
    """The API said no."""


class Api:
    """Calls with a fresh idempotency key each; remembers nothing but the personas."""

    def __init__(self, base):
        self.base = base
        self.keys = itertools.count(1)
        # Answers of loopback must not go through a proxy of the environment.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect())
        self.people = {one["key"]: one for one in self.get("/v1/sandbox/personas").body["data"]}

    def get(self, path, by=None):
        return self.call("GET", path, by)

    def post(self, path, body, by=None, on=None):
        return self.call("POST", path, by, body, on)

    def put(self, path, body, by=None, on=None):
        return self.call("PUT", path, by, body, on)

    def call(self, method, path, by=None, body=None, on=None):
        headers = {}
        if by:
            headers["Authorization"] = f"Bearer {self.people[by]['token']}"
        if method == "POST":
            headers["Idempotency-Key"] = f"browser-{next(self.keys)}"
        if on:
            headers["If-Match"] = on
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        return self.send(method, urllib.parse.urljoin(self.base, path), headers, body)

    def send(self, method, url, headers, body):
        request = urllib.request.Request(url, data=body, headers=headers, method=method)
        try:
            with self.opener.open(request, timeout=30) as answer:
                return Answer(answer.headers, answer.read())
        except urllib.error.HTTPError as refusal:
            if refusal.code == 303:
                return Answer(refusal.headers, b"")
            raise Refused(f"{method} {url}: {refusal.code} {refusal.read().decode(errors='replace')}") from None


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


class Answer:
    def __init__(self, headers, data):
        self.etag, self.location, self.data = headers.get("ETag"), headers.get("Location"), data

    @property
    def body(self):
        return json.loads(self.data)


def submitted(api, scan=SCAN):
    """From the visit to the leader's desk; gives the copy's id."""
    unit = api.get("/v1/units?" + urllib.parse.urlencode({"q": "xã mẫu"}), "portal").body["data"][0]["id"]
    slots = api.get(f"/v1/units/{unit}/slots", "portal").body["data"]
    visit = {
        "unit_id": unit,
        "start": next(slot["start"] for slot in slots if slot["free"] > 0),
        "account": {"kind": "person", "id": api.people["citizen"]["account_id"]},
        "originals": [{"type_id": "diploma", "title": "Bằng tốt nghiệp đại học", "pages": 1}],
    }
    appointment = api.post("/v1/appointments", visit, "portal").body["id"]
    case = api.post("/v1/cases", {"appointment_id": appointment, "basis": "paper_original"}, "clerk")
    path = f"/v1/cases/{case.body['id']}"
    grounds = {f"22.{number}": False for number in range(1, 7)}
    checked = api.put(f"{path}/checklist", {"grounds": grounds, "confirmed": True}, "clerk", case.etag)
    upload, pages = uploaded(api, scan)
    copy = {
        "type_id": "diploma",
        "title": "Bằng tốt nghiệp đại học",
        "issuer": "Trường Đại học Mẫu",
        "pages": pages,
        "upload_ids": [upload],
    }
    copy = api.post(f"{path}/copies", copy, "clerk", checked.etag)
    copy_id = copy.body["id"]
    api.put(f"/v1/copies/{copy_id}/attestation", {"template_id": "default", "placement": "auto"}, "clerk", copy.etag)
    fee = api.get(f"/v1/fees?pages={pages}").body["fee_vnd"]
    now = api.get("/v1/sandbox/clock").body["now"]
    paid = {"receipt_no": "BL-0001", "amount_vnd": fee, "paid_at": now}
    case = api.post(f"{path}/fee", paid, "clerk", api.get(path, "clerk").etag)
    api.post(f"{path}/submit", {}, "clerk", case.etag)
    return copy_id


def uploaded(api, scan):
    data = scan.read_bytes()
    declared = {
        "filename": scan.name,
        "content_type": "image/jpeg",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    upload = api.post("/v1/uploads", declared, "clerk").body
    api.send("PUT", upload["put"]["url"], upload["put"]["headers"], data)
    done = api.post(f"/v1/uploads/{upload['id']}/complete", {}, "clerk").body
    assert done["state"] == "ready", done
    return upload["id"], done["pages"]


def asked(api, copy):
    """The leader opens the copy and asks the phone; gives the session."""
    api.get("/v1/queues/sign", "leader")
    api.get(f"/v1/copies/{copy}/preview.pdf", "leader")
    body = {"purpose": "leader_sign", "copy_ids": [copy], "method": "sim"}
    return api.post("/v1/sign-sessions", body, "leader").body


def sealed(api, copy):
    """Number, seal, archive; gives the file."""
    body = {"purpose": "seal", "copy_ids": [copy], "method": "agency_key"}
    until_done(api, api.post("/v1/sign-sessions", body, "seal_keeper").body["id"], "seal_keeper")
    wait(lambda: api.get(f"/v1/copies/{copy}", "clerk").body.get("level") == "B-LTA", "the archive level")
    link = api.get(f"/v1/copies/{copy}/file", "clerk").location
    return api.send("GET", link, {}, None).data


def until_done(api, session, by):
    def done():
        state = api.get(f"/v1/sign-sessions/{session}", by).body["state"]
        assert state not in ("failed", "expired", "cancelled", "superseded"), state
        return state == "done"

    wait(done, "the session")


def wait(happened, what):
    until = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.1)
