"""math-verify's verdicts: a program of its own, for any Python that has math-verify and nothing of this project.

It reads a JSON list of [gold, answer], both text, and writes a JSON list of true and false. It works in its main
thread, because math-verify's time limits raise elsewhere; it calls sympy's parser, which evaluates, so it is given
hand-made pairs only.
"""

import json
import logging
import sys


def main() -> None:
    from math_verify import parse, verify

    logging.disable(logging.CRITICAL)
    verdicts = [bool(verify(parse(gold), parse(answer))) for gold, answer in json.load(sys.stdin)]
    json.dump(verdicts, sys.stdout)


if __name__ == "__main__":
    main()
