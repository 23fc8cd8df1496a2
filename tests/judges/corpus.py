"""Four judges on every file of the corpora, each reduced to one word: what it says of the worst signature or document time-stamp.

Trust plays no part, no judge gets a password or a network. The words:

- intact: every digest and signature value holds, no signature is partial, nothing that is not permitted came later;
- altered: digests and values hold, something came later that the judge does not permit;
- broken: a digest or a value does not hold, a signature cannot be read or used, covers something else than a revision, or is not what
  its field demands;
- unsigned: no signature was found;
- unreadable: no verdict: the file cannot be read, or no signature of it is of a kind that the judge knows;
- exhausted: no verdict within the time and the memory that a file is given.

poppler does not look at what came later, so its "intact" is compared with "intact" and "altered" alike.
"""

import csv
import json
import re
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import judge

HERE = Path(__file__).parent
JUDGES = ("ctdt", "pyhanko", "poppler", "dss")
OTHERS = JUDGES[1:]
NAMES = {"ctdt": "ours", "pyhanko": "pyHanko 0.38", "poppler": "poppler 22.12", "dss": "EU DSS 6.3"}
# From the best to the worst: a file is judged by its worst signature.
WORDS = ("unsigned", "intact", "altered", "broken", "unreadable", "exhausted")
# The instant at which ctdt judges; trust plays no part, so only its reproducibility matters.
AT = "2026-11-23T12:00:00Z"
# Seconds of CPU that poppler may take for one file, and seconds that everybody may take for all files.
TIME = 10
ALL = 800
MEMORY = 3 << 30


@dataclass(frozen=True)
class Said:
    """One word, and what the judge said literally."""

    word: str
    why: str


def manifest(corpora):
    """The rows of the manifest whose file is there: file → row."""
    with open(corpora / "manifest.tsv", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["file"]: row for row in rows if (corpora / row["file"]).is_file()}


def worst(sayings):
    return max(sayings, key=lambda one: WORDS.index(one.word), default=Said("unsigned", ""))


# --- ours


def our_reports(ctdt, corpora, files):
    """File → report, with no root trusted."""
    command = [ctdt, "verify", "--json", "--offline", "--profile", "general", "--at", AT, *(corpora / file for file in files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=ALL)
    assert done.returncode in (0, 1, 2), done.stderr
    return {str(Path(one["file"]).relative_to(corpora)): one for one in json.loads(done.stdout)["files"]}


def ours(ctdt, corpora, files):
    return {file: our_word(report) for file, report in our_reports(ctdt, corpora, files).items()}


def our_word(report):
    """The worst signature; then what is found in the file beside its signatures."""
    codes = ", ".join(reason["code"] for reason in report["reasons"])
    if report["kind"] in ("unreadable", "unsigned"):
        return Said(report["kind"], codes)
    word = worst([our_signature(one) for one in report["signatures"]])
    check = next(check["result"] for check in report["checks"] if check["id"] == "integrity")
    if word.word != "intact" or check == "pass":
        return word
    return Said("altered" if check == "fail" else "unreadable", codes)


def our_signature(one):
    told = "{field}: {integrity}, {covers}, changes {changes_after}".format(**one)
    if one["integrity"] != "intact" or one["covers"] == "partial":
        return Said("broken", told)
    return Said("altered" if one["changes_after"] == "not_permitted" else "intact", told)


# --- pyHanko


def pyhanko(corpora, files):
    """A program of its own: it ends at nothing but the end of the list, and its limits are its own."""
    names = "".join(f"{corpora / file}\n" for file in files)
    command = [sys.executable, HERE / "corpus_pyhanko.py"]
    done = subprocess.run(command, input=names, capture_output=True, text=True, timeout=ALL)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return {str(Path(one["file"]).relative_to(corpora)): pyhanko_word(one) for one in answers}


def pyhanko_word(answer):
    if "exhausted" in answer:
        return Said("exhausted", answer["exhausted"])
    if "error" in answer:
        return Said("unreadable", answer["error"])
    word = worst([pyhanko_signature(one) for one in answer["signatures"]])
    return Said(word.word, f"{word.why} (tolerant reader; the strict one: {answer['strict']})") if "strict" in answer else word


def pyhanko_signature(one):
    if "error" in one:
        return Said("broken", f"{one['field']}: {one['error']}")
    told = "{field}: intact {intact}, valid {valid}, {coverage}, changes {changes}, docmdp_ok {docmdp_ok}, "
    told = (told + "seed_value_ok {seed_value_ok} {suspicious}").format(**one)
    holds = one["intact"] and one["valid"] and one["seed_value_ok"]
    if not holds or one["coverage"] not in ("ENTIRE_FILE", "ENTIRE_REVISION"):
        return Said("broken", told)
    return Said("altered" if one["changes"] == "OTHER" or one["docmdp_ok"] is False else "intact", told)


# --- poppler


def poppler(corpora, files):
    return {file: poppler_file(corpora / file) for file in files}


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (TIME, TIME))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def poppler_file(path):
    # Names in certificates come in every encoding.
    command = ["pdfsig", "-nocert", path]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=ALL, preexec_fn=limited)
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGABRT):
        return Said("exhausted", f"more than {TIME} s or {MEMORY >> 30} GiB")
    blocks = re.split(r"^Signature #\d+:", done.stdout, flags=re.MULTILINE)[1:]
    said = [poppler_signature(block) for block in blocks if "The signature form field is not signed." not in block]
    known = [one for one in said if one.word != "unreadable"]
    if said:
        return worst(known or said)
    if blocks or "does not contain any signatures" in done.stdout + done.stderr:
        return Said("unsigned", "")
    return Said("unreadable", f"status {done.returncode}: {(done.stderr.strip().splitlines() or [''])[-1]}")


POPPLER_WORDS = {"Signature is Valid.": "intact", "Signature has not yet been verified.": "unreadable"}


def poppler_signature(block):
    """poppler leaves unverified what it does not know; every other answer than valid says that something does not hold."""
    found = re.search(r"Signature Validation: (.*)", block)
    told = found[1].strip() if found else "nothing"
    whole = "covers the file" if re.search(r"- Total document signed", block) else "does not cover the file"
    return Said(POPPLER_WORDS.get(told, "broken"), f"{told} It {whole}")


# --- EU DSS


SHAKE256 = "pyhanko-static/ed448-shake256-nolen.pdf"


def dss(classes, corpora, files):
    lines = {}
    for file, *columns in judge.dss(classes, [(corpora / file, None) for file in files], ALL):
        name, line = str(Path(file).relative_to(corpora)), dss_line(*columns)
        # Whether it finds SHAKE256 depends on what else its process has done: as with time and memory, that is no word about this one file.
        if name == SHAKE256 and "Unable to compute the digest" in line.why:
            line = Said("exhausted", line.why)
        lines.setdefault(name, []).append(line)
    return {file: worst(said) for file, said in lines.items()}


# Checks of the format that deny what was signed, and those that deny what came later. That elements overlap or that something looks
# different is told of every visible second signature too, and denies nothing.
DSS_BROKEN = {"BBB_FC_IBRV", "BBB_FC_DASTHVBR", "BBB_FC_IOSIP", "BBB_FC_DBTOOST"}
DSS_ALTERED = {"BBB_FC_ISDC", "BBB_FC_DSFREAP", "BBB_FC_ISVADMDPD", "BBB_FC_ISVAFMDPD", "BBB_FC_ISVASFLD", "BBB_FC_DSCNUOM"}


def dss_line(kind, *columns):
    if kind == "none":
        return Said("unsigned", "")
    if kind in ("error", "exhausted"):
        return Said("unreadable" if kind == "error" else "exhausted", ": ".join(columns))
    field, indication, why, _format, intact, checks, _errors = columns
    told, failed = f"{field}: {indication} {why} {intact} {checks}", set(checks.split(","))
    if intact != "intact" or failed & DSS_BROKEN:
        return Said("broken", told)
    return Said("altered" if failed & DSS_ALTERED else "intact", told)
