"""django-esteid, a client of the real service, against the Mobile-ID face."""

import pytest
from esteid.exceptions import (
    CanceledByUser,
    InvalidCredentials,
    SignatureVerificationError,
    UpstreamServiceError,
    UserNotRegistered,
    UserTimeout,
)
from esteid.mobileid.base import MobileIDService

IDENTITY = "60001019906"
RELYING_PARTY = ("00000000-0000-4000-8000-000000000001", "CTDT Test")
NUMBER = "+84900990{}"
DATA = "Dữ liệu thử".encode()


@pytest.fixture
def service(simulator):
    return MobileIDService(*RELYING_PARTY, api_root=f"{simulator.url}/mid-api")


def signed(service, simulator, phone, confirm=True):
    certificate = service.get_certificate(IDENTITY, phone)
    started = service.sign(IDENTITY, phone, DATA, message="Ky BS")
    if confirm:
        simulator.confirm(phone)
    return certificate, service.sign_status(started.session_id, certificate, started.digest, 1000)


@pytest.mark.parametrize(
    "suffix, key, algorithm",
    [
        ("001", "rsa-2048", "SHA256WithRSAEncryption"),
        ("001", "rsa-3072", "SHA256WithRSAEncryption"),
        ("001", "p-256", "SHA256WithECEncryption"),
        ("018", "p-256", "SHA256WithECEncryption"),
    ],
    ids=["rsa-2048", "rsa-3072", "p-256-der", "p-256-two-numbers"],
)
def test_a_signature_verifies(service, simulator, suffix, key, algorithm):
    phone = simulator.enrol(NUMBER.format(suffix), key)
    certificate, status = signed(service, simulator, phone)
    assert (status.signature_algorithm, status.certificate) == (algorithm, certificate)
    if suffix == "018":
        assert len(status.signature) == 64


def test_an_authentication_brings_the_certificate(service, simulator):
    phone = simulator.enrol(NUMBER.format("001"))
    started = service.authenticate(IDENTITY, phone)
    assert simulator.screen(phone)[0]["code"] == started.verification_code
    simulator.confirm(phone)
    status = service.status(started.session_id, started.hash_value, 1000)
    assert status.certificate == service.get_certificate(IDENTITY, phone)


def test_both_compute_the_same_code(service, simulator):
    phone = simulator.enrol(NUMBER.format("001"))
    started = service.sign(IDENTITY, phone, DATA)
    assert simulator.screen(phone)[0]["code"] == started.verification_code


@pytest.mark.parametrize(
    "suffix, confirm, refusal",
    [
        ("002", False, CanceledByUser),
        ("004", False, UpstreamServiceError),
        ("006", False, UpstreamServiceError),
        ("007", True, UserNotRegistered),
        ("012", True, SignatureVerificationError),
        ("015", True, SignatureVerificationError),
    ],
)
def test_refusals_have_their_words(service, simulator, suffix, confirm, refusal):
    phone = simulator.enrol(NUMBER.format(suffix))
    with pytest.raises(refusal):
        signed(service, simulator, phone, confirm)


def test_nobody_answers_for_two_minutes(service, simulator):
    phone = simulator.enrol(NUMBER.format("005"))
    started = service.sign(IDENTITY, phone, DATA)
    simulator.at(121)
    with pytest.raises(UserTimeout):
        service.sign_status(started.session_id, service.get_certificate(IDENTITY, phone), started.digest, 1000)


def test_strangers_are_told_apart(service, simulator):
    with pytest.raises(UserNotRegistered):
        service.get_certificate(IDENTITY, NUMBER.format("001"))
    stranger = MobileIDService(RELYING_PARTY[0], "somebody", api_root=f"{simulator.url}/mid-api")
    with pytest.raises(InvalidCredentials):
        stranger.get_certificate(IDENTITY, NUMBER.format("001"))
