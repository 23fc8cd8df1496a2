"""Programs of others at the other end of a wire: each test starts what it needs on loopback, and ends it.

A connection to anywhere else fails the test that made it.
"""

import socket
from pathlib import Path

import pytest

import agency


def pytest_addoption(parser):
    parser.addoption("--connector", type=Path, required=True, help="the program hsm-connector")


@pytest.fixture(scope="session")
def house(request, tmp_path_factory):
    """A token with every kind of key, and the approving key beside it."""
    connector = request.config.getoption("--connector").resolve()
    return agency.Agency(tmp_path_factory.mktemp("agency"), connector)


@pytest.fixture(scope="session")
def plain(house):
    """The connector on plain loopback."""
    with house.running() as url:
        yield url


@pytest.fixture(scope="session")
def mutual(house):
    """The connector over mutual TLS."""
    with house.running(tls=True) as url:
        yield url


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch):
    real = socket.socket.connect

    def connect(self, address):
        local = self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1")
        assert local, "a peer tried to reach the network"
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
