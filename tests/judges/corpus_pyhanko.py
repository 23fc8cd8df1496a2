"""pyHanko on many files: names come in by line, one JSON object per line goes out. Run by corpus.py, as often as there are processors.

Trust plays no part: there are no roots, nothing is fetched, and no password is known but the empty one. Where the strict reader stands
in the way of a verdict the tolerant one is asked too, and that is told. A file that takes too long, or too much memory, is an error and
not the end of the run.
"""

import json
import logging
import resource
import signal
import socket
import sys

from pyhanko.pdf_utils.crypt import StandardSecurityHandler
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import SuspiciousModification
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import EmbeddedPdfSignature, validate_pdf_signature, validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext

# Seconds of CPU and bytes that one file may take.
TIME = 10
MEMORY = 3 << 30


class Slow(BaseException):
    """No `except Exception` on the way may take it for an answer."""


def slow(_number, _frame):
    raise Slow


def nothing(*_args, **_kwargs):
    raise AssertionError("a judge tried to reach the network")


def named(error):
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


def judged(file, name, field):
    """What is said of one signature field."""
    said = {"field": name}
    try:
        one = EmbeddedPdfSignature(file, field, name)
        stamp = str(one.sig_object.get("/Type", "")) == "/DocTimeStamp"
        validate = validate_pdf_timestamp if stamp else validate_pdf_signature
        status = validate(one, ValidationContext(trust_roots=[], allow_fetching=False))
    except Exception as error:  # noqa: BLE001 - whatever it refuses is told
        return said | {"error": named(error)}
    level, suspicious = status.modification_level, status.diff_result
    return said | {
        "intact": status.intact,
        "valid": status.valid,
        "coverage": status.coverage.name,
        "changes": level.name if level else None,
        "suspicious": str(suspicious)[:200] if isinstance(suspicious, SuspiciousModification) else "",
        "docmdp_ok": status.docmdp_ok,
        "seed_value_ok": getattr(status, "seed_value_ok", True),
    }


def read(path, strict):
    """The answer of one reader: an error, or its signatures."""
    try:
        with open(path, "rb") as bytes_of_file:
            file = PdfFileReader(bytes_of_file, strict=strict)
            if isinstance(file.security_handler, StandardSecurityHandler):
                file.decrypt(b"")
            fields = list(enumerate_sig_fields(file, filled_status=True))
            return {"signatures": [judged(file, name, field) for name, _, field in fields]}
    except MemoryError:
        return {"exhausted": f"more than {MEMORY >> 30} GiB"}
    except Exception as error:  # noqa: BLE001 - as above
        return {"error": named(error)}


def refusal(answer):
    """Why an answer is no verdict, or not of all signatures; None when it is."""
    first = (one["error"] for one in answer.get("signatures", ()) if "error" in one)
    return answer.get("error") or next(first, None)


def said(path):
    try:
        strict = read(path, strict=True)
        tolerant = read(path, strict=False) if refusal(strict) else None
    except Slow:
        return {"exhausted": f"more than {TIME} s of CPU"}
    return tolerant | {"strict": refusal(strict)} if tolerant and "signatures" in tolerant else strict


def main():
    logging.disable(logging.CRITICAL)
    socket.socket.connect = socket.getaddrinfo = nothing
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, slow)
    for line in sys.stdin:
        path = line.rstrip("\n")
        signal.setitimer(signal.ITIMER_PROF, TIME)
        answer = said(path)
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps({"file": path} | answer), flush=True)


if __name__ == "__main__":
    main()
