"""What tests/chart.sh asks of rendered Kubernetes objects: split for their schemas, compared with a golden, rules compared.

objects.py split RENDERED FOLDER             one file an object, and the rules and configurations inside
objects.py golden RENDERED GOLDEN            the same as the golden, long texts shortened; UPDATE=1 writes it
objects.py same-rules RENDERED RULES JOB     the rules are those of the file, but for the job's name and the links
"""

import difflib
import json
import os
import re
import sys
from pathlib import Path

import yaml


def objects(path):
    with open(path, encoding="utf-8") as file:
        return [each for each in yaml.safe_load_all(file) if each]


def split(rendered, folder):
    folder = Path(folder)
    folder.mkdir(parents=True)
    for number, each in enumerate(objects(rendered)):
        operator = each["apiVersion"].startswith("monitoring.coreos.com/")
        part = "operator" if operator else "core"
        (folder / f"{part}-{number}.json").write_text(json.dumps(each))
        if each["kind"] == "PrometheusRule":
            (folder / f"rules-{number}.yml").write_text(json.dumps(each["spec"]))
        for field in ("data", "stringData"):
            config = each.get(field, {}).get("smtp-tls-exporter.yml")
            if config:
                (folder / f"config-{number}.yml").write_text(without_files(config))


def without_files(config):
    """The files that it names are in Secrets that are not here."""
    config = yaml.safe_load(config)
    for target in config["targets"]:
        target.pop("client_certificate", None)
    return yaml.safe_dump(config)


def shortened(each):
    """An object without what is held equal elsewhere: the words of the rules, and dashboards but for links to the
    exporter and text boxes."""
    for group in each.get("spec", {}).get("groups", []) if each["kind"] == "PrometheusRule" else []:
        for rule in group["rules"]:
            rule.pop("expr")
            if "annotations" in rule:
                links = {key: url for key, url in rule["annotations"].items() if key.endswith("_url")}
                rule["annotations"] = links
    for name, text in each.get("data", {}).items() if each["kind"] == "ConfigMap" else []:
        if name.endswith(".json"):
            pages = re.findall(r'"(https?://[^"]+/(?:targets|inside)/[^"]*)"', text)
            board = json.loads(text)
            boxes = [box for box in board["templating"]["list"] if box["type"] == "textbox"]
            limits = [{key: box[key] for key in ("name", "query", "current", "options")} for box in boxes]
            each["data"][name] = [board["title"], *sorted(set(pages)), *limits]
    return each


def golden(rendered, path):
    text = "---\n".join(yaml.safe_dump(shortened(each), width=120) for each in objects(rendered))
    if os.environ.get("UPDATE"):
        Path(path).write_text(text)
    before = Path(path).read_text() if Path(path).exists() else ""
    lines = difflib.unified_diff(before.splitlines(), text.splitlines(), path, "now", lineterm="")
    print("\n".join(lines), file=sys.stderr, end="")
    return before == text


def same_rules(rendered, rules, job):
    [found] = [each for each in objects(rendered) if each["kind"] == "PrometheusRule"]
    text = Path(rules).read_text().replace('job="smtp-tls"', f'job="{job}"')
    shipped = yaml.safe_load(text)["groups"]
    return without_links(found["spec"]["groups"]) == without_links(shipped)


def without_links(groups):
    """The chart knows where its exporter is, the rules do not."""
    for rule in [rule for group in groups for rule in group["rules"] if "annotations" in rule]:
        for key in ("runbook_url", "dashboard_url"):
            rule["annotations"].pop(key, None)
    return groups


command, *arguments = sys.argv[1:]
answer = {"split": split, "golden": golden, "same-rules": same_rules}[command](*arguments)
sys.exit(0 if answer in (None, True) else 1)
