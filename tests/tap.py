# SPDX-License-Identifier: MIT
"""Runs one file of unittest cases and prints TAP, as all suites here do: tap.py FOLDER MODULE."""

import sys
import unittest


class TapResult(unittest.TestResult):
    """One line for each test; what a failure has to say follows it."""

    def __init__(self):
        super().__init__()
        self.count = 0
        self.broken = 0

    def say(self, word, test, rest=""):
        self.count += 1
        print(f"{word} {self.count} - {test.id()}{rest}", flush=True)

    def fail(self, test, error):
        self.broken += 1
        self.say("not ok", test)
        print("  # " + self._exc_info_to_string(error, test).replace("\n", "\n  # "), flush=True)

    def addSuccess(self, test):
        self.say("ok", test)

    def addSkip(self, test, reason):
        self.say("ok", test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        self.fail(test, err)

    def addError(self, test, err):
        self.fail(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.fail(subtest, err)

    def addExpectedFailure(self, test, err):
        self.fail(test, err)

    def addUnexpectedSuccess(self, test):
        self.say("not ok", test)


def main():
    folder, module = sys.argv[1:3]
    sys.path.insert(0, folder)
    result = TapResult()
    unittest.defaultTestLoader.loadTestsFromName(module).run(result)
    print(f"1..{result.count}")
    return 1 if result.broken else 0


if __name__ == "__main__":
    sys.exit(main())
