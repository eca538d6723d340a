"""What tests/recipes.sh asks of the blocks in docs/recipes.

blocks.py extract DOCUMENTS FOLDER           one file a block, named by document and kind; a block without a kind is an error
blocks.py receiver CONFIG FILE               the Prometheus part of a configuration of the OpenTelemetry Collector
blocks.py jsonpaths REPORT MACROS PATHS...   every path finds something in the report, for every endpoint
"""

import json
import re
import sys
from pathlib import Path

import jsonpath
import yaml

BLOCK = re.compile(r"(?:^ *<!-- check: (?P<kind>[a-z]+) -->\n\n)?^(?P<indent> *)```[a-z]+\n(?P<text>.*?)^ *```$", re.M | re.S)


def extract(documents, folder):
    for document in sorted(Path(documents).glob("*.md")):
        for number, block in enumerate(BLOCK.finditer(document.read_text()), 1):
            if not block["kind"]:
                sys.exit(f"{document}: block {number} does not say what checks it: put <!-- check: KIND --> above")
            text = re.sub(f"^{block['indent']}", "", block["text"], flags=re.M)
            (Path(folder) / f"{document.stem}-{number}.{block['kind']}").write_text(text)


def receiver(config, file):
    config = yaml.safe_load(Path(config).read_text())
    pipeline = config["service"]["pipelines"]["metrics"]
    for part in ("receivers", "exporters"):
        missing = set(pipeline[part]) - set(config[part])
        if missing:
            sys.exit(f"the pipeline names {missing}, and there is none in {part}")
    Path(file).write_text(yaml.safe_dump(config["receivers"]["prometheus"]["config"]))


def jsonpaths(report, macros, *files):
    report = json.loads(Path(report).read_text())
    macros = [line.split() for line in Path(macros).read_text().splitlines()]
    endpoints = jsonpath.findall("$.targets[*].endpoints[*]", report)
    if len(endpoints) < 2:
        sys.exit("the report has too few endpoints to tell them apart")
    for path in [line for file in files for line in Path(file).read_text().splitlines()]:
        for endpoint in endpoints:
            once(path, endpoint, macros, report)


def once(path, endpoint, macros, report):
    """Zabbix puts the macros in, and `.first()` at the end is its own."""
    filled = path
    for macro, inner in macros:
        [value] = jsonpath.findall(inner, endpoint)
        filled = filled.replace(macro, str(value))
    found = jsonpath.findall(filled.removesuffix(".first()"), report)
    wanted = [endpoint[filled.split(".")[-2]]] if filled.endswith(".first()") else found
    if not found or found != wanted:
        sys.exit(f"{filled} finds {found}, not {wanted}")


command, *arguments = sys.argv[1:]
{"extract": extract, "receiver": receiver, "jsonpaths": jsonpaths}[command](*arguments)
