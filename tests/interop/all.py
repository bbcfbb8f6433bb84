# SPDX-License-Identifier: Apache-2.0
"""Runs the tests beside this file against the build in MESH_BUILD. Usage: all.py [PART OF A NAME...]"""

import logging
import pathlib
import sys
import unittest


class Result(unittest.TextTestResult):
    def tell(self, test, verdict):
        method = getattr(test, test._testMethodName, None) if hasattr(test, "_testMethodName") else None
        for number in getattr(method, "statements", ()):
            self.stream.writeln(f"     statement {number} {verdict} interop: {test._testMethodName}")

    def addSuccess(self, test):
        super().addSuccess(test)
        self.tell(test, "ok")

    def addError(self, test, err):
        super().addError(test, err)
        self.tell(test, "FAIL")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell(test, "FAIL")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.tell(test, "skip")


def wanted(suite, parts):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from wanted(test, parts)
        elif not parts or any(part in test.id() for part in parts):
            yield test


if __name__ == "__main__":
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a slow machine is no news
    everything = unittest.defaultTestLoader.discover(str(pathlib.Path(__file__).parent))
    chosen = unittest.TestSuite(wanted(everything, sys.argv[1:]))
    outcome = unittest.TextTestRunner(verbosity=2, resultclass=Result).run(chosen)
    sys.exit(0 if outcome.wasSuccessful() and outcome.testsRun else 1)
