"""standardwebhooks, the reference library of Standard Webhooks, at both ends: it judges what the simulator says by itself, and
it signs calls that the house takes or refuses."""

import base64
import datetime
import hashlib
import json

import pytest
import requests
from conftest import SECRET
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

NUMBER = "+84900990{}"
OTHER = "whsec_" + base64.b64encode(b"another secret of thirty-two by.").decode()
SHA256 = "2.16.840.1.101.3.4.2.1"


def prompt(simulator, suffix):
    """An order of the CSC face that calls itself `session-1`."""
    phone = simulator.enrol(NUMBER.format(suffix))
    credentials = simulator.call("POST", "/csc/v2/credentials/list", {"userID": phone})
    order = {
        "credentialID": credentials["credentialIDs"][0],
        "numSignatures": 1,
        "hashes": [base64.b64encode(hashlib.sha256(b"x").digest()).decode()],
        "hashAlgorithmOID": SHA256,
        "authData": [{"id": "PIN"}],
        "description": "MA 1234. Ky BS",
        "clientData": "session-1",
    }
    simulator.call("POST", "/csc/v2/credentials/authorize", order)
    return phone


def verified(hint):
    headers, body = hint
    return Webhook(SECRET).verify(body, headers)


def test_a_hint_is_a_standard_webhook(simulator, receiver):
    phone = prompt(simulator, "001")
    simulator.confirm(phone)
    [hint] = receiver.exactly(1)
    payload = verified(hint)
    assert set(payload) == {"type", "timestamp", "data"}
    assert payload["data"] == {"clientData": "session-1"}
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(hint[1], hint[0])


def test_a_duplicate_has_the_same_identifier(simulator, receiver):
    simulator.confirm(prompt(simulator, "010"))
    first, second = receiver.exactly(2)
    assert verified(first) == verified(second)
    assert first[0]["webhook-id"] == second[0]["webhook-id"]


def test_an_early_hint_is_sound(simulator, receiver):
    prompt(simulator, "011")
    # The start has been answered: the hint was there before.
    assert len(receiver.heard) == 1
    verified(receiver.heard[0])


def test_a_forger_never_passes(simulator, receiver):
    prompt(simulator, "022")
    told = []
    for hint in receiver.exactly(3):
        with pytest.raises(WebhookVerificationError) as why:
            verified(hint)
        told.append(str(why.value))
    assert told == ["No matching signature found", "Message timestamp too old", "No matching signature found"]


def call(house, msg_id="msg_1", secret=SECRET, age=0, signed_id=None, signed_body=None):
    """Says something to the house, signed by the library; gives status and code."""
    body = json.dumps({"type": "signing.finished", "data": {"clientData": "sgn_00000000000000000000000000"}})
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=age)
    signature = Webhook(secret).sign(signed_id or msg_id, at, signed_body or body)
    headers = {
        "content-type": "application/json",
        "webhook-id": msg_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
    answer = requests.post(f"{house}/v1/gateway-callbacks/simpki", data=body, headers=headers, timeout=20)
    return answer.status_code, answer.json().get("code")


def test_the_house_takes_what_the_library_signs_and_nothing_else(house):
    refused = (401, "callback-signature")
    assert call(house) == (202, None)
    assert call(house) == (202, None), "said again, it is taken again and followed once"
    assert call(house, age=290) == (202, None)
    assert call(house, age=-290) == (202, None)
    assert call(house, secret=OTHER) == refused
    assert call(house, age=310) == refused
    assert call(house, age=-310) == refused
    assert call(house, signed_id="msg_2") == refused
    assert call(house, signed_body='{"type":"signing.finished"}') == refused
