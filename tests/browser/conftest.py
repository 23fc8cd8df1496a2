"""A running local cloud and Chromium. Every page fails its test on an error in the console or a request to another origin."""

import os
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

import job

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Without the background flags Chromium looks for hosts of its own at every start.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
START_S = 60


def pytest_addoption(parser):
    parser.addoption("--ctdt", type=Path, required=True, help="the program ctdt")
    parser.addoption("--pictures", type=Path, help="folder for the pictures of the documents")


@pytest.fixture(scope="session")
def stack(request):
    """`ctdt dev` on a free port; gives its address. It must start within a minute and stop cleanly."""
    command = [request.config.getoption("--ctdt"), "dev", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield ready(process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            _, trouble = process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 0, trouble


def ready(process):
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if select.select([process.stdout], [], [], 0.5)[0]:
            line = process.stdout.readline().strip()
            assert line.startswith("READY "), line or process.stderr.read()
            return line.removeprefix("READY ")
    raise AssertionError("the local cloud was not ready within a minute")


@pytest.fixture(scope="session")
def api(stack):
    return job.Api(stack)


@pytest.fixture(scope="session")
def chromium():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, "no Chromium: cargo xtask test --only tools"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, stack):
    """A page of a Vietnamese visitor that forgives nothing."""
    context = chromium.new_context(base_url=stack, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh")
    page = context.new_page()
    troubles = []
    own = urlsplit(stack).netloc
    page.on("console", lambda line: troubles.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda one: troubles.append(f"asks {one.url}") if foreign(one.url, own) else None)
    yield page
    context.close()
    assert not troubles, troubles


def foreign(url, own):
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != own


@pytest.fixture
def picture(request):
    """Keeps a picture for the documents when asked to."""
    folder = request.config.getoption("--pictures")

    def keep(shot, name):
        if folder:
            os.makedirs(folder, exist_ok=True)
            (folder / name).write_bytes(shot)

    return keep
