"""The heart of the gateway: live contacts and agents, and the use cases that move them (answer, hold, hang up, ...).

Edges call `ContactService` and `AgentService`; the session drives the distributor, the media plane and the customer's
line through ports; what happened leaves as domain events through the `EventBus`.  See docs/design/session.md.
"""
