"""The web visitors' calls: between the page's buttons, the browser edge's line, and what the page is shown.

A visitor has one call at a time.  It belongs to the visitor, not to the socket: when only the socket was lost, sound
flows on, and the page finds its call again.
"""

from __future__ import annotations

from gateway.api.frames import CallShown, VideoInfo, VisitorState
from gateway.api.services import Services, WebLine
from gateway.chat.visitors import Visitor, Visitors
from gateway.model.errors import NotAllowedError, NotFoundError, ZentraleError
from gateway.model.events import EndCause, Party, VideoSource
from gateway.model.ids import ContactId, QueueName
from gateway.session.states import ContactState as Phase

DIGIT_MS = 100

NO_VIDEO = VideoInfo(allowed=False, own=None, other=None)

VISITOR_STATES = {
    Phase.OPENING: VisitorState.CONNECTING,
    Phase.ANSWERING: VisitorState.CONNECTING,
    Phase.GREETING: VisitorState.QUEUED,
    Phase.WAITING: VisitorState.QUEUED,
    Phase.CONNECTING: VisitorState.QUEUED,
    Phase.TALKING: VisitorState.TALKING,
    Phase.HELD: VisitorState.HELD,
    Phase.PARTED: VisitorState.HELD,
    Phase.ENDED: VisitorState.ENDED,
}


class _Call:
    """One visitor's call, from the offer to its end."""

    def __init__(self, calls: VisitorCalls, visitor: Visitor) -> None:
        self._calls = calls
        self.visitor = visitor
        self.line: WebLine | None = None
        self.contact: ContactId | None = None
        self.end: tuple[EndCause, str] | None = None
        visitor.opening += 1
        self._counted = True

    def opened(self, contact: ContactId) -> None:
        self.contact = contact
        self.uncount()
        self._calls.visitors.opened(self.visitor, contact)
        self._calls.refresh(self.visitor)

    def ended(self, cause: EndCause, message: str) -> None:
        self.end = (cause, message)
        self.uncount()
        self._calls.forget(self)
        self._calls.refresh(self.visitor)

    def uncount(self) -> None:
        """It is a contact now and counted as one, or it is none any more."""
        if self._counted:
            self.visitor.opening -= 1
            self._counted = False


class VisitorCalls:
    def __init__(self, services: Services, visitors: Visitors) -> None:
        self.visitors = visitors
        self._services = services
        self._live: dict[str, _Call] = {}
        self._last: dict[str, _Call] = {}
        """The call that each visitor with a page was in last, to show how it ended."""

    async def start(self, visitor: Visitor, *, sdp: str, queue: QueueName, called: str) -> str:
        """Answer the page's offer; the contact follows when sound flows.  Returns our SDP."""
        if visitor.hash in self._live:
            raise NotAllowedError("you already have a call; hang up first")
        call = self._live[visitor.hash] = self._last[visitor.hash] = _Call(self, visitor)
        try:
            answer, call.line = await self._services.web_calls.start(
                customer=visitor.customer,
                queue=queue,
                called=called,
                offer_sdp=sdp,
                on_ended=call.ended,
                on_opened=call.opened,
            )
        except BaseException as error:
            call.ended(EndCause.REJECTED, str(error) if isinstance(error, ZentraleError) else "")
            raise
        return answer

    async def update(self, visitor: Visitor, sdp: str) -> str:
        """Answer a further offer of the page that has the call's sound.  Returns our SDP."""
        call = self._live.get(visitor.hash)
        if call is None or call.line is None:
            raise NotFoundError("you have no call")
        return await call.line.renegotiate(sdp)

    def share_video(self, visitor: Visitor, source: VideoSource) -> None:
        call = self._live.get(visitor.hash)
        if call is not None and call.contact is not None:
            self._services.contacts.customer_shows(call.contact, source)

    def hang_up(self, visitor: Visitor) -> None:
        call = self._live.get(visitor.hash)
        if call is not None and call.line is not None:
            call.line.hang_up()

    def page_reloaded(self, visitor: Visitor) -> None:
        """The only page there is no longer has the call's sound: the call is over."""
        call = self._live.get(visitor.hash)
        if call is not None and call.line is not None:
            call.line.page_lost()

    def digit(self, visitor: Visitor, digit: str) -> None:
        call = self._live.get(visitor.hash)
        if call is not None and call.line is not None:
            self._services.contacts.digit_received(call.line, digit, DIGIT_MS)

    def shown(self, visitor: Visitor) -> CallShown | None:
        """What the visitor's pages show of the call; None when there was none."""
        call = self._last.get(visitor.hash)
        if call is None:
            return None
        status = None if call.contact is None else self.visitors.status(visitor, call.contact)
        if call.end is not None:
            cause, message = call.end
            by = Party.SYSTEM
            if status is not None and status.by is not None and status.cause is not None:
                by, cause = status.by, status.cause
            return self._frame(call, VisitorState.ENDED, by=by, cause=cause, message=message)
        if status is None:
            return self._frame(call, VisitorState.CONNECTING)
        state = VISITOR_STATES[status.state]
        queued = state is VisitorState.QUEUED
        return self._frame(
            call,
            state,
            position=status.position if queued else None,
            agent_name=None if queued else status.agent_name,
            by=status.by,
            cause=status.cause,
        )

    def _frame(
        self,
        call: _Call,
        state: VisitorState,
        *,
        position: int | None = None,
        agent_name: str | None = None,
        by: Party | None = None,
        cause: EndCause | None = None,
        message: str = "",
    ) -> CallShown:
        return CallShown(
            contact=call.contact,
            state=state,
            position=position,
            agent_name=agent_name,
            by=by,
            cause=cause,
            message=message,
            video=self._video(call),
        )

    def _video(self, call: _Call) -> VideoInfo:
        view = None if call.contact is None or call.end is not None else self._services.contacts.view(call.contact)
        if view is None:
            return NO_VIDEO
        return VideoInfo(allowed=view.video_allowed, own=view.customer_shows, other=view.agent_shows)

    def forget(self, call: _Call) -> None:
        """It has ended; how is remembered while the visitor has a page."""
        if self._live.get(call.visitor.hash) is call:
            del self._live[call.visitor.hash]
        if not call.visitor.pages:
            self._last.pop(call.visitor.hash, None)

    def page_gone(self, visitor: Visitor) -> None:
        if not visitor.pages and visitor.hash not in self._live:
            self._last.pop(visitor.hash, None)

    @staticmethod
    def refresh(visitor: Visitor) -> None:
        for page in list(visitor.pages):
            page.refresh()
