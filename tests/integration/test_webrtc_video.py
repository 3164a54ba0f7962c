"""Pictures between two aiortc browsers through the edge and the real plane, over a way that loses packets."""

from __future__ import annotations

import asyncio
import fractions
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from aiortc import MediaStreamTrack, RTCRtpSender
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from gateway.model.ids import Codec, VideoCodec
from gateway.session.video import VideoWish
from tests.support.patience import PATIENCE_S
from tests.support.webrtc_client import WebRtcClient
from tests.support.webrtc_world import Call, World, webrtc_world

SEED = 20261128


class Chequers(MediaStreamTrack):
    """A picture that moves and is hard to take for another: grey squares, ten a second."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._number = 0

    async def recv(self) -> VideoFrame:
        await asyncio.sleep(0.1)
        self._number += 1
        picture = np.full((240, 320, 3), 40, dtype=np.uint8)
        left = 16 * (self._number % 16)
        picture[80:160, left : left + 64] = 200
        frame = VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = self._number * 9000, fractions.Fraction(1, 90_000)
        return frame


class Viewer:
    """Counts the pictures that a connection receives."""

    def __init__(self, client: WebRtcClient) -> None:
        self.frames = 0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        client.connection.on("track", self._track)

    def _track(self, track: Any) -> None:
        if track.kind == "video":
            self._task = asyncio.create_task(self._watch(track))

    async def _watch(self, track: Any) -> None:
        try:
            while True:
                frame = await track.recv()
                assert (frame.width, frame.height) == (320, 240)
                self.frames += 1
                self._news.set()
        except MediaStreamError:
            pass

    async def until(self, frames: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.frames < frames:
                self._news.clear()
                await self._news.wait()

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()


def lossy(client: WebRtcClient, payload_type: int, share: float, dice: random.Random) -> Callable[[], int]:
    """Lose this share of the picture packets that it sends, once; returns how many there were so far."""
    transport = client.connection.getSenders()[0].transport.transport
    send, lost = transport._send, 0

    async def sometimes(data: bytes) -> None:
        nonlocal lost
        # SRTP leaves the header in clear text (RFC 3711 3.1).
        if 128 <= data[0] <= 191 and data[1] & 0x7F == payload_type and dice.random() < share:
            lost += 1
            return
        await send(data)

    transport._send = sometimes
    return lambda: lost


async def answer(world: World, client: WebRtcClient, near: Call | None) -> Call:
    """Sound first; pictures follow by a further offer, as the pages do it."""
    call = await world.answer(await client.offer(), Codec.OPUS, near=near)
    await client.accept(call.answer_sdp)
    return call


async def add_video(world: World, client: WebRtcClient, call: Call, direction: str, codec: VideoCodec) -> Any:
    transceiver = client.connection.addTransceiver("video", direction=direction)
    if direction == "sendrecv":
        transceiver.sender.replaceTrack(Chequers())
    wanted = [c for c in RTCRtpSender.getCapabilities("video").codecs if c.name.lower() in (codec.value, "rtx")]
    transceiver.setCodecPreferences(wanted)
    answered = await world.edge.renegotiate(call.leg, await client.offer(), video=VideoWish((codec,), True))
    await client.accept(answered.answer_sdp)
    assert answered.video is not None
    return answered.video


@pytest.mark.parametrize("codec", [VideoCodec.VP8, pytest.param(VideoCodec.H264, marks=pytest.mark.soak)])
async def test_pictures_survive_loss_on_the_way(codec: VideoCodec) -> None:
    async with webrtc_world() as world, WebRtcClient(600) as sender, WebRtcClient(900) as receiver:
        viewer = Viewer(receiver)
        first = await answer(world, sender, None)
        second = await answer(world, receiver, first)
        world.plane.bridge(first.leg, second.leg)
        await sender.wait_for_tone(900)
        shown = await add_video(world, sender, first, "sendrecv", codec)
        seen = await add_video(world, receiver, second, "recvonly", codec)
        assert (shown.codec, seen.codec) == (codec, codec)
        # aiortc has no transport-wide control: both sides have REMB.
        assert (shown.transport_cc_id, seen.transport_cc_id) == (0, 0)
        assert shown.abs_send_time_id
        assert seen.abs_send_time_id
        await viewer.until(3)
        lost = lossy(sender, shown.payload_type, 0.15, random.Random(SEED))
        await viewer.until(viewer.frames + 30)
        gone = lost()
        assert gone > 0
        await receiver.connection.getReceivers()[1]._send_rtcp_pli(seen.ssrc)
        await viewer.until(viewer.frames + 15)
        await receiver.wait_for_tone(600)
        viewer.stop()
        world.close(first)
        world.close(second)
        counted = (await first.statistics).video
        assert counted.packets_lost >= gone - 2
        assert counted.key_frames >= 2
        assert counted.key_requests >= 1
        assert (await second.statistics).video.nacks > 0
