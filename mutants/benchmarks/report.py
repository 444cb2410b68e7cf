"""What a report costs: `python -m benchmarks.report --json FILE [--samples N]`.

Makes N scored attempts like real ones (100,000 by default: 5 arms, 2 suites), then measures the summary, the page's
making and its size, and, where a Chromium is there, how long the page takes to open.
"""

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from evaluation.config import EvaluationConfig
from evaluation.measures.attempts import measure as measure_score
from evaluation.report.page import render_report
from evaluation.report.pages import write_page
from evaluation.summary import build_summary
from tests.evaluation.synthetic import ARMS, DATA, SECONDS, TRAINING, VERSIONS, make_problems, make_scores


def measure(attempts: int, folder: Path) -> dict[str, Any]:
    """Seconds of each part, bytes of the page, peak memory in MiB."""
    samples = 19
    problems = make_problems(attempts // (2 * len(ARMS) * (samples + 1)))
    by_id = {problem.id: problem for problem in problems}
    scores = list(make_scores(problems, samples=samples))
    config = EvaluationConfig(samples=samples)
    start = time.perf_counter()
    for score in scores:
        measure_score(score, by_id.get(score.episode.problem_id))
    at_measured = time.perf_counter()
    summary = build_summary(scores, problems, DATA, SECONDS, VERSIONS, config)
    at_summary = time.perf_counter()
    path = folder / "index.html"
    write_page(path, render_report(summary, problems, scores, TRAINING))
    at_page = time.perf_counter()
    return {
        "scores": len(scores),
        "problems": len(problems),
        "seconds_measuring": round(at_measured - start, 2),
        "seconds_summary": round(at_summary - at_measured, 2),
        "seconds_page": round(at_page - at_summary, 2),
        "page_mib": round(path.stat().st_size / 2**20, 2),
        "seconds_opening": opening(path),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def opening(page: Path) -> float | None:
    """Seconds from the start of the navigation to the end of the load event, the median of three; None: no browser."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    browser = next((found for name in names if (found := shutil.which(name))), None)
    if browser is None:
        return None
    probe = "addEventListener('load', () => { document.title = 'opened ' + performance.now(); });"
    text = re.sub(r"<meta http-equiv=[^>]*>", "", page.read_text(encoding="utf-8"))
    times = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, "page.html")
            copy.write_text(text.replace("</body>", f"<script>{probe}</script></body>"), encoding="utf-8")
            flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
            flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
            command = [browser, *flags, f"--user-data-dir={folder}/profile", "--dump-dom", copy.as_uri()]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        opened = re.search(r"<title>opened ([\d.]+)", done.stdout)
        assert opened is not None
        times.append(float(opened[1]) / 1000)
    return round(sorted(times)[1], 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--samples", type=int, default=100_000, help="scored attempts")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(arguments.samples, Path(folder))
    arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    json.dump(figures, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
