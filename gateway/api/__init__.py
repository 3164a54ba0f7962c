"""The pages' way in: JSON over HTTP, typed frames over WebSockets, sign-in, and what guards them.

`make_app` composes the handlers, `ApiServer` runs them.  aiohttp's types stay in here and in `gateway.web`.
"""
