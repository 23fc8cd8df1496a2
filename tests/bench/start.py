"""CPU from process start to the first Runtime API call of every function, one JSON line each (contract.md §5).

The Runtime API stand-in is a socket on loopback. A function gets the settings of template.yaml with made-up values: none of
them is reached before the first call. The baseline, back to back: the same for a process that does nothing (/bin/true).
"""

import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent.parent
RUNS = 10
PATIENCE_S = 20
PEM = (ROOT / "tests/fuzz/corpus/roots.pem").read_text(encoding="utf-8")


class Template(yaml.SafeLoader):
    """Reads the short forms of intrinsic functions as {name: value}."""


Template.add_multi_constructor(
    "!",
    lambda loader, name, node: {
        name: loader.construct_scalar(node)
        if isinstance(node, yaml.ScalarNode)
        else loader.construct_sequence(node, deep=True)
        if isinstance(node, yaml.SequenceNode)
        else loader.construct_mapping(node, deep=True)
    },
)


def made_up(name):
    """A value of the right shape for a setting that only a deployment knows."""
    if "JWKS" in name:
        return '{"keys":[]}'
    if "ANCHOR" in name:
        return PEM
    if "URL" in name:
        return "http://127.0.0.1:9"
    return "ctdt"


def settings(template, variables):
    defaults = {name: facts.get("Default") for name, facts in template["Parameters"].items()}
    found = {}
    for name, value in variables.items():
        if isinstance(value, dict):
            value = defaults.get(value.get("Ref")) or made_up(name)
        found[name] = str(value)
    return found


def functions():
    """(binary, environment) of every function of the template."""
    template = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Template)
    shared = template.get("Globals", {}).get("Function", {}).get("Environment", {}).get("Variables", {})
    for one in template["Resources"].values():
        if one["Type"] == "AWS::Serverless::Function":
            own = one["Properties"].get("Environment", {}).get("Variables", {})
            yield one["Metadata"]["BuildProperties"]["Binary"], settings(template, {**shared, **own})


def cpu_ms(process):
    """CPU of all threads so far, from the scheduler's own count in nanoseconds."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def once(binary, environment):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_S)
        fixed = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{listener.getsockname()[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": binary.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
            "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
            "AWS_REGION": "ap-southeast-1",
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
        }
        process = subprocess.Popen([binary], env={**environment, **fixed}, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        try:
            connection, _ = listener.accept()
            with connection:
                asked = connection.recv(200)
                used = cpu_ms(process.pid)
            assert asked.startswith(b"GET /2018-06-01/runtime/invocation/next"), asked
            return used
        except TimeoutError:
            process.kill()
            sys.exit(f"{binary.name} does not ask for work: {process.stderr.read().decode(errors='replace')[-500:]}")
        finally:
            process.kill()
            process.wait()


def nothing():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["/bin/true"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def main(folder):
    for name, environment in functions():
        binary = Path(folder) / name
        if not os.access(binary, os.X_OK):
            sys.exit(f"{binary} is not built")
        best, base = min(once(binary, environment) for _ in range(RUNS)), min(nothing() for _ in range(RUNS))
        figure = {
            "bench": "start",
            "case": name,
            "value": round(best, 2),
            "unit": "ms_cpu",
            "baseline": "process_that_does_nothing",
            "baseline_value": round(base, 2),
            "ratio": round(best / base, 1) if base else None,
        }
        print(json.dumps(figure))


if __name__ == "__main__":
    main(sys.argv[1])
