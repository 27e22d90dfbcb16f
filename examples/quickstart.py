"""The platform's main job from the outside: sign in, upload a CSV, run a crosstab, read the result.

Usage:  python examples/quickstart.py [CSV ROWS_COLUMN COLUMNS_COLUMN]
Needs:  a running platform (``make run``) and the ``requests`` package. Without arguments it uses the
        survey of the demo project. PLUGZERO_URL, PLUGZERO_EMAIL and PLUGZERO_PASSWORD choose another server.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import requests

URL = os.environ.get("PLUGZERO_URL", "http://127.0.0.1:8000")
EMAIL = os.environ.get("PLUGZERO_EMAIL", "demo@example.com")
PASSWORD = os.environ.get("PLUGZERO_PASSWORD", "correct-horse-1996")


class Client:
    """A signed-in session against ``/api/v1/``; problems become exceptions with their code and detail."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self.base = f"{url}/api/v1"
        self.session = requests.Session()
        tokens = self.call("POST", "/auth/login/", json={"email": email, "password": password})
        self.session.headers["Authorization"] = f"Bearer {tokens['access']}"

    def call(self, method: str, path: str, **options: Any) -> Any:
        response = self.session.request(method, self.base + path, timeout=60, **options)
        body = response.json() if response.content else {}
        if not response.ok:
            raise SystemExit(f"{response.status_code} {body.get('code')}: {body.get('detail')}")
        return body

    def wait(self, task: dict[str, Any]) -> dict[str, Any]:
        """Poll a task run until it ends; its result names what it made."""
        while task["state"] in ("PENDING", "STARTED", "RETRY"):
            time.sleep(0.1)
            task = self.call("GET", f"/tasks/{task['task_id']}/")
        if task["state"] != "SUCCESS":
            error = task["error"] or {"code": task["state"], "detail": "The run was cancelled."}
            raise SystemExit(f"{error['code']}: {error['detail']}")
        return task


def main() -> None:
    client = Client(URL, EMAIL, PASSWORD)
    if len(sys.argv) == 4:
        path, rows, columns = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
        project = client.call("POST", "/projects/", json={"name": path.stem})
        with path.open("rb") as stream:
            task = client.call(
                "POST", "/files/", data={"project": project["id"]}, files={"file": (path.name, stream)}
            )
        dataset_id = client.wait(task)["result"]["id"]
    else:
        rows, columns = "education", "vote"
        found = client.call("GET", "/datasets/", params={"search": "anes96"})["results"]
        if not found:
            raise SystemExit("The demo dataset is not there yet; give it a second, or pass a CSV file.")
        dataset_id = found[0]["id"]
    dataset = client.call("GET", f"/datasets/{dataset_id}/")
    print(f"{dataset['name']}: {dataset['row_count']} rows, {dataset['column_count']} columns")

    request = {
        "dataset": dataset_id,
        "procedure": "crosstab",
        "parameters": {"rows": rows, "columns": columns},
    }
    started = time.perf_counter()
    task = client.wait(client.call("POST", "/analysis/run/", json=request))
    print(
        f"crosstab {rows} x {columns}: task {task['task_id'][:8]}... {task['state']} "
        f"after {time.perf_counter() - started:.2f} s\n"
    )
    output = client.call("GET", f"/analysis/results/{task['result']['id']}/")["output"]
    show(output)


def show(output: dict[str, Any]) -> None:
    table = output["tables"][0]
    keys = [column["key"] for column in table["columns"]]
    print("  ".join(f"{column['label'][:24]:>24}" for column in table["columns"]))
    for row in table["rows"]:
        print("  ".join(f"{cell_text(row[key]):>24}" for key in keys))
    print()
    for fact in output["facts"]:
        if fact["p"] is not None:
            print(
                f"{fact['name']}: {fact['value']:.4g}  (n = {fact['n']}, p = {fact['p']:.3g}, {fact['test']})"
            )


def cell_text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if isinstance(value, float) else str(value)[:24]


if __name__ == "__main__":
    main()
