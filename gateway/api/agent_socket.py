"""`/api/agent`: the socket of an agent's page. Each frame is one use case of the session."""

from __future__ import annotations

import logging

import msgspec
from aiohttp import web

from gateway.api import frames as f
from gateway.api.agent_pages import AgentPage, AgentPages
from gateway.api.desk import transfer_targets
from gateway.api.guard import SESSION, check_origin
from gateway.api.services import Services
from gateway.api.socket import PageSocket
from gateway.api.turn import ice_servers
from gateway.model.errors import CapacityError, NotAllowedError
from gateway.model.ids import AgentId, ContactId, OfferId, QueueName

log = logging.getLogger(__name__)

DECODER: msgspec.json.Decoder[f.AgentRequest] = msgspec.json.Decoder(f.AgentRequest)


class AgentSocket:
    def __init__(self, services: Services, pages: AgentPages) -> None:
        self._services = services
        self._pages = pages

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The page's whole connection, from upgrade to goodbye.  Behind `guard.signed_in`."""
        check_origin(request)
        session = request[SESSION]
        limit = self._services.config.limits.pages_max
        if self._pages.count >= limit:
            raise CapacityError(f"all {limit} pages are connected", limit="limits.pages_max")
        self._services.agents.desk(session.agent)  # raises NotFoundError when taken out of the configuration
        socket: PageSocket[f.AgentRequest] = PageSocket(DECODER)
        page = AgentPage(session.agent, session, socket)
        await socket.prepare(request)
        self._pages.connect(page)
        try:
            await socket.run(lambda frame: self._act(page, frame))
        finally:
            self._pages.disconnect(page)
        return socket.response

    async def _act(self, page: AgentPage, frame: f.AgentRequest) -> None:
        if page.session.ends_ns <= self._services.clock.now_ns():
            page.socket.close(4401, "the session has ended")
            return
        if isinstance(frame, f.Ping):
            page.socket.send(f.Pong())
            return
        if isinstance(frame, f.AskIceServers):
            page.socket.send(ice_servers(self._services.config.turn, page.agent, self._services.clock.now_ns()))
        elif isinstance(frame, f.Write | f.Typing | f.Outcome):
            await self._say(page, page.agent, frame)
        elif isinstance(frame, f.Ready | f.Pause | f.SignOut | f.Accept | f.Reject):
            await self._present(page.agent, frame)
        else:
            await self._handle_contact(page, page.agent, frame)
        self._pages.touch(page.agent)

    async def _present(self, agent: AgentId, frame: f.Ready | f.Pause | f.SignOut | f.Accept | f.Reject) -> None:
        agents = self._services.agents
        match frame:
            case f.Ready():
                agents.ready(agent)
            case f.Pause(reason=reason):
                agents.pause(agent, reason.strip() or "pause")
            case f.SignOut():
                agents.sign_out(agent)
            case f.Accept(offer=offer):
                await agents.accept(agent, OfferId(offer))
            case f.Reject(offer=offer):
                agents.reject(agent, OfferId(offer))

    async def _say(self, page: AgentPage, agent: AgentId, frame: f.Write | f.Typing | f.Outcome) -> None:
        agents = self._services.agents
        match frame:
            case f.Write(contact=contact, text=text, key=key):
                line = await agents.write(agent, ContactId(contact), text.strip())
                page.socket.send(f.LineStored(contact=contact, key=key, line=line.line))
            case f.Typing(contact=contact, typing=typing):
                agents.typing(agent, ContactId(contact), typing)
            case f.Outcome(contact=contact, outcome=outcome, note=note):
                await agents.choose_outcome(agent, ContactId(contact), outcome, note.strip())

    async def _handle_contact(
        self,
        page: AgentPage,
        agent: AgentId,
        frame: f.MediaOffer
        | f.MediaUpdate
        | f.MediaKeep
        | f.ShareVideo
        | f.Hold
        | f.Resume
        | f.PauseRecording
        | f.ResumeRecording
        | f.HangUp
        | f.AskTransfer
        | f.Transfer
        | f.FinishWrapUp,
    ) -> None:
        agents = self._services.agents
        contact = ContactId(frame.contact)
        match frame:
            case f.MediaOffer(sdp=sdp):
                self._check_in_hand(agent, contact)
                answer = await self._services.agent_audio.offer(agent, contact, sdp)
                self._pages.take_audio(page, contact)
                page.socket.send(f.MediaAnswer(contact=contact, sdp=answer, key=None))
            case f.MediaUpdate(sdp=sdp, key=key):
                self._check_in_hand(agent, contact)
                answer = await self._services.agent_audio.renegotiate(agent, contact, sdp)
                page.socket.send(f.MediaAnswer(contact=contact, sdp=answer, key=key))
            case f.MediaKeep():
                self._check_in_hand(agent, contact)
                self._pages.take_audio(page, contact)
            case f.ShareVideo(source=source):
                agents.agent_shows(agent, contact, source)
            case f.Hold():
                agents.hold(agent, contact)
            case f.Resume():
                agents.resume(agent, contact)
            case f.PauseRecording():
                agents.pause_recording(agent, contact)
            case f.ResumeRecording():
                agents.resume_recording(agent, contact)
            case f.HangUp():
                agents.hang_up(agent, contact)
            case f.AskTransfer():
                view = agents.transfer_targets(agent, contact)
                page.socket.send(transfer_targets(contact, view, self._pages.names))
            case f.Transfer(queue=queue, agent=to_agent):
                agents.transfer(
                    agent,
                    contact,
                    queue=None if queue is None else QueueName(queue),
                    to_agent=None if to_agent is None else AgentId(to_agent),
                )
            case f.FinishWrapUp():
                agents.finish_wrap_up(agent, contact)

    def _check_in_hand(self, agent: AgentId, contact: ContactId) -> None:
        view = self._services.contacts.view(contact)
        if view is None or view.agent != agent or not view.channel.has_voice:
            raise NotAllowedError(f"contact {contact!r} is no call in your hands")
