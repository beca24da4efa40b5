"""Fetching one document from the web, bounded in size and in time."""

from __future__ import annotations

import time
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError

_TIMEOUT = urllib3.Timeout(connect=5.0, read=10.0)
_MOST_REDIRECTS = 3
_CHUNK_BYTES = 256 * 1024


class DownloadFailed(Exception):
    """The document did not come; the text says why."""


def download(url: str, *, most_bytes: int, most_seconds: float) -> bytes:
    """The document at a URL, through a proxy where the environment names one.

    Raises DownloadFailed.
    """
    ends_at = time.monotonic() + most_seconds
    content = bytearray()
    try:
        response = _pool(url).request(
            "GET",
            url,
            timeout=_TIMEOUT,
            retries=urllib3.Retry(total=_MOST_REDIRECTS, connect=1, read=0, other=0, status=0),
            preload_content=False,
            headers={"Accept-Encoding": "gzip", "User-Agent": "tollbook"},
        )
        with response:
            if response.status != 200:
                raise DownloadFailed(f"{url} answered {response.status}")
            for chunk in response.stream(_CHUNK_BYTES, decode_content=True):
                content += chunk
                if len(content) > most_bytes:
                    raise DownloadFailed(f"{url} serves more than {most_bytes} bytes")
                if time.monotonic() > ends_at:
                    raise DownloadFailed(f"{url} took more than {most_seconds:.0f} seconds")
    except (HTTPError, OSError, ValueError) as error:
        raise DownloadFailed(f"{url}: {error}") from error
    return bytes(content)


def _pool(url: str) -> urllib3.PoolManager:
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy is None or proxy_bypass(parts.netloc):
        return urllib3.PoolManager()
    return urllib3.ProxyManager(proxy)
