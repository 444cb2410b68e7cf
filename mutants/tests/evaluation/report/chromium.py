"""A headless Chromium that opens a page and answers what it measured there; no driver, no network."""

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

PROBE = """
addEventListener("load", () => {
  const loaded = performance.now();
  const width = innerWidth;
  const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const outside = () => [...document.querySelectorAll("body *")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width > 0 && box.right > width + 1 && !one.closest(".scroll, svg");
  }).map((one) => one.tagName + "." + one.className).slice(0, 5);
  const found = {width, loaded, closed: overflow()};
  const form = document.getElementById("filter");
  found.filter = !!form && !form.hidden;
  if (found.filter) {
    form.elements.outcome.value = "truncated";
    form.dispatchEvent(new Event("change"));
    found.truncated = [...document.querySelectorAll("details.problem")].filter((one) => !one.hidden).length;
    form.elements.outcome.value = "";
    form.dispatchEvent(new Event("change"));
  }
  document.querySelectorAll("details").forEach((one) => { one.open = true; one.style.contentVisibility = "visible"; });
  found.open = overflow();
  found.outside = outside();
  const colours = (one) => getComputedStyle(one);
  found.paper = colours(document.body).backgroundColor;
  found.ink = colours(document.body).color;
  const label = document.querySelector("figure svg text");
  found.label = colours(label).fill;
  found.card = colours(label.closest("figure")).backgroundColor;
  found.labelHeight = label.getBoundingClientRect().height;
  found.plots = [...document.querySelectorAll("figure svg")].map((one) => one.getBoundingClientRect().width);
  found.scripts = window.hacked === undefined;
  parent.document.getElementById("found").textContent = JSON.stringify(found);
});
"""


def find() -> str | None:
    """The path of a Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def measure(browser: str, page: Path, width: int, dark: bool, height: int = 900) -> dict[str, Any]:
    """Open a copy of `page` that carries the probe, allowed by its own hash beside the page's policy.

    It stands in a frame of the wanted width, because a window is never narrower than 500 pixels.
    """
    digest = base64.b64encode(hashlib.sha256(PROBE.encode()).digest()).decode()
    text = page.read_text(encoding="utf-8")
    text, policies = re.subn(r"script-src ", f"script-src 'sha256-{digest}' ", text, count=1)
    assert policies == 1
    at = text.rindex("</body>")
    with tempfile.TemporaryDirectory() as folder:
        inner = html.escape(f"{text[:at]}<script>{PROBE}</script>{text[at:]}")
        copy = Path(folder, "page.html")
        copy.write_text(
            f'<!DOCTYPE html><html style="color-scheme: light dark"><body><pre id="found"></pre>'
            f'<iframe width="{width}" height="{height}" style="border: 0" srcdoc="{inner}"></iframe></body></html>',
            encoding="utf-8",
        )
        done = subprocess.run(
            [
                browser,
                *FLAGS,
                f"--user-data-dir={folder}/profile",
                f"--window-size={width + 200},{height}",
                f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                "--dump-dom",
                copy.as_uri(),
            ],
            capture_output=True,
            text=True,
            timeout=240,
            check=True,
        )
    found = re.search(r'<pre id="found">(\{.*?\})</pre>', done.stdout, flags=re.DOTALL)
    assert found is not None, done.stdout[:500]
    answer: dict[str, Any] = json.loads(html.unescape(found[1]))
    return answer
