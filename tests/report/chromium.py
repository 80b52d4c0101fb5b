"""A page in a real browser, driven through Chromium's DevTools pipe with nothing but the standard library."""

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Chromium reads commands from descriptor 3 and answers on 4.
LAUNCH = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
PATIENCE_S = 60


class BrowserError(Exception):
    """Chromium did not do what it was told, as when a page is just being exchanged for another."""


class Tab:
    """One page; `complaints` are the errors and the words that it wrote to the console.

    with Tab(path, profile) as tab:
        tab.run("document.title")
    """

    def __init__(self, page: Path, profile: Path):
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
        command = [BROWSER, *options, f"--user-data-dir={profile}", "about:blank"]
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in (*os.pipe(), *os.pipe())]
        theirs, self.to, self.answers, theirs_too = ends
        launch = [sys.executable, "-c", LAUNCH, str(theirs), str(theirs_too), *command]
        self.process = subprocess.Popen(
            launch, pass_fds=(theirs, theirs_too), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(theirs)
        os.close(theirs_too)
        self.unread, self.count, self.session, self.complaints = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for events in ("Runtime", "Log", "Page"):
            self.call(f"{events}.enable")
        self.call("Page.navigate", url=page.as_uri())
        self.wait_for("document.readyState === 'complete' && location.protocol === 'file:'")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session = None
        self.call("Browser.close")  # asks it to take its helpers along
        self.process.wait(PATIENCE_S)
        os.close(self.to)
        os.close(self.answers)

    def call(self, method: str, **params) -> dict:
        """Sends one command and waits for its answer."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        message |= {"sessionId": self.session} if self.session else {}
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise BrowserError(answer["error"]["message"])
                return answer["result"]
            if answer.get("method") in (
                "Runtime.exceptionThrown",
                "Runtime.consoleAPICalled",
                "Log.entryAdded",
            ):
                self.complaints.append(answer["params"])

    def run(self, script: str):
        """What a piece of JavaScript comes to, as if a person had clicked; promises are waited for."""
        options = {"awaitPromise": True, "returnByValue": True, "userGesture": True}
        answer = self.call("Runtime.evaluate", expression=script, **options)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, condition: str):
        """Until a piece of JavaScript is true."""
        end = time.monotonic() + PATIENCE_S
        while not self._is(condition):
            assert time.monotonic() < end, f"not within {PATIENCE_S} s: {condition}"
            time.sleep(0.05)

    def _is(self, condition: str) -> bool:
        try:
            return self.run(condition)
        except BrowserError:
            return False

    def _read(self) -> dict:
        while b"\0" not in self.unread:
            ready, _, _ = select.select([self.answers], [], [], PATIENCE_S)
            assert ready, "Chromium does not answer"
            chunk = os.read(self.answers, 1 << 20)
            assert chunk, "Chromium ended"
            self.unread += chunk
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)
