"""`python -m tests.browser.loading`: measures from a cold cache how long the page takes until it can be used.

That is from the begin of its navigation until the form of the first visit is there, which is when the service has
answered who this is.
"""

import re
from statistics import median

from playwright.sync_api import Browser, Page, Route, sync_playwright

from scripts.local.ports import free_port
from scripts.local.servers import LOCAL, find
from scripts.local.stack import Stack
from tests.browser.conftest import Visitor, on_slow_3g, until

ROUNDS = 7
WATCH = """
new MutationObserver(() => {
    if (document.querySelector('.door form')) globalThis.usable ??= performance.now()
}).observe(document, { childList: true, subtree: true })
"""


def _without_preloads(page: Page) -> None:
    """Let the page be as if it named no modules in advance."""

    def strip(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=re.sub(r'<link rel="modulepreload"[^>]*>', "", answer.text()))

    page.route(re.compile(r"/$"), strip)


def _milliseconds(browser: Browser, url: str, *, slow: bool, preloads: bool) -> list[float]:
    """Return one duration for each round, each with a cache of its own."""
    durations = []
    for _ in range(ROUNDS):

        def prepare(page: Page) -> None:
            page.add_init_script(WATCH)
            if slow:
                on_slow_3g(page)
            if not preloads:
                _without_preloads(page)

        context = browser.new_context(locale="en-GB")
        page = Visitor(context, url).open(prepare=prepare)
        until(page, "globalThis.usable > 0")
        durations.append(float(page.evaluate("usable")))
        context.close()
    return durations


def main() -> None:
    folder = LOCAL / "loading"
    stack = Stack(folder / "stack", folder / "stack/mail", free_port())
    stack.start(lambda part: print(f"  starting {part}"))
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find("chromium"), args=["--no-sandbox"])
            for slow in (False, True):
                for preloads in (True, False):
                    found = _milliseconds(browser, stack.url, slow=slow, preloads=preloads)
                    name = f"{'slow 3G' if slow else 'laptop'}, {'with' if preloads else 'without'} modulepreload"
                    print(f"{name}: {median(found):.0f} ({min(found):.0f} to {max(found):.0f}) ms")
            browser.close()
    finally:
        stack.stop()


if __name__ == "__main__":
    main()
