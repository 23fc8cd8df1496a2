"""What the judges look at: every folder below `--copies` that holds ban-sao.pdf, trust.pem and bien-ban.json.

The judges never reach a network: a connection attempt fails the test that made it. The stack that made the copies has
ended; whatever a verdict needs stands in the file and in trust.pem.
"""

import json
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

# Another environment runs these: their client needs libraries that clash with pyHanko's.
collect_ignore = ["mobile"]


@dataclass(frozen=True)
class Copy:
    """One run of the main job."""

    folder: Path

    @property
    def path(self):
        return self.folder / "ban-sao.pdf"

    @property
    def trust(self):
        return self.folder / "trust.pem"

    @property
    def data(self):
        return self.path.read_bytes()

    @property
    def report(self):
        return json.loads((self.folder / "bien-ban.json").read_text(encoding="utf-8"))


def pytest_addoption(parser):
    parser.addoption("--copies", type=Path, required=True, help="folder with one folder per run of the main job")
    parser.addoption("--ctdt", type=Path, required=True, help="the program ctdt")
    parser.addoption("--dss", type=Path, help="folder with the compiled Java judge")
    parser.addoption("--corpora", type=Path, help="folder with manifest.tsv and the signed files of others")
    parser.addoption("--flips", type=int, default=500, help="how many single bytes are flipped")


def copies(config):
    found = sorted(path.parent for path in config.getoption("--copies").glob("*/ban-sao.pdf"))
    return [Copy(folder) for folder in found]


def pytest_generate_tests(metafunc):
    if "copy" in metafunc.fixturenames:
        found = copies(metafunc.config)
        metafunc.parametrize("copy", found, ids=[one.folder.name for one in found])


@pytest.fixture(scope="session")
def one_copy(request):
    """The smallest copy: what is done hundreds of times is done to this one."""
    return min(copies(request.config), key=lambda one: one.path.stat().st_size)


@pytest.fixture(scope="session")
def ctdt(request):
    return request.config.getoption("--ctdt").resolve()


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a judge tried to reach the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def pytest_sessionstart(session):
    if not copies(session.config):
        raise pytest.UsageError("no copy to judge below --copies: run `cargo xtask test --only demo` first")
