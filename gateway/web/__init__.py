"""The pages: ``ui/`` holds their npm sources, Vite builds them into ``static/``, and `add_pages` serves that folder.

``/`` is the visitor's page and ``/agent`` the agent's.  File names under ``/assets/`` carry a hash of their content, so
browsers may keep them for good; the two pages themselves are asked for anew each time.
"""

from __future__ import annotations

from pathlib import Path

from aiohttp import hdrs, web

STATIC = Path(__file__).parent / "static"

_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Pages not built</title>
<h1>The web pages have not been built yet</h1>
<p>Run <code>make build</code> in the checkout, then reload this page.</p></html>
"""


def pages_built(folder: Path = STATIC) -> bool:
    return (folder / "index.html").is_file() and (folder / "agent.html").is_file()


def add_pages(app: web.Application, folder: Path = STATIC) -> None:
    """Serve the built pages.  While they are not built, say how to build them (503)."""

    def page(name: str) -> web.RouteDef:
        async def serve(request: web.Request) -> web.StreamResponse:
            file = folder / name
            if not file.is_file():
                return web.Response(status=503, text=_NOT_BUILT, content_type="text/html")
            return web.FileResponse(file, headers={hdrs.CACHE_CONTROL: "no-cache"})

        return web.get("/" if name == "index.html" else f"/{name.removesuffix('.html')}", serve)

    async def asset(request: web.Request) -> web.StreamResponse:
        file = folder / "assets" / request.match_info["file"]
        if not file.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(file, headers={hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable"})

    async def icon(request: web.Request) -> web.StreamResponse:
        file = folder / "favicon.svg"
        if not file.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(file, headers={hdrs.CACHE_CONTROL: "public, max-age=86400"})

    app.add_routes(
        [
            page("index.html"),
            page("agent.html"),
            web.get("/assets/{file:[A-Za-z0-9][A-Za-z0-9_.-]*}", asset),
            web.get("/favicon.svg", icon),
        ]
    )
