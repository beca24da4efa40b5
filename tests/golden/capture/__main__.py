"""`python -m tests.golden.capture SDK [FOLDER]`: keep what a real SDK sends as golden files."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from tests.golden.capture.golden_file import merged_request, write_golden
from tests.servers.fake_anthropic import fake_anthropic
from tests.servers.fake_openai import fake_openai
from tests.servers.otlp_sink import otlp_sink

GOLDEN = Path(__file__).parents[1] / "sdk"


def main(name: str, folder: str | None = None) -> None:
    """Run every form of one SDK; expectations of files that exist are kept."""
    sdk = import_module(f"tests.golden.capture.sdks.{name}")
    with otlp_sink() as sink, fake_openai() as openai, fake_anthropic() as anthropic:
        forms, flush = sdk.start(sink.url, openai.base_url, anthropic.base_url)
        for form in forms:
            form.make()
            flush()
            request = merged_request(sink.take())
            write_golden(
                GOLDEN / (folder or name) / f"{form.name}.json", sdk.PACKAGES, form.served, request
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
