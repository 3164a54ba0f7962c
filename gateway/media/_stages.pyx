"""The media plane's stages for unit tests: thin wrappers over ``native/`` without threads or sockets.

The plane itself does not go through here.  PCM is bytes of native int16; times are ns.  Only `CaptureWriter` has a
thread, as in the plane.
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

import os
import threading


cdef extern from "native/codec.h":
    cdef enum codec:
        CODEC_PCMU
        CODEC_PCMA
        CODEC_OPUS
        CODEC_L16_8K
        CODEC_L16_48K
        CODEC_G722

cdef extern from "native/g711.h":
    void g711_pcmu_decode(int16_t *pcm, const uint8_t *octets, size_t samples) nogil
    void g711_pcma_decode(int16_t *pcm, const uint8_t *octets, size_t samples) nogil
    void g711_pcmu_encode(uint8_t *octets, const int16_t *pcm, size_t samples) nogil
    void g711_pcma_encode(uint8_t *octets, const int16_t *pcm, size_t samples) nogil
    void g711_pcmu_to_pcma(uint8_t *to, const uint8_t *source, size_t samples) nogil
    void g711_pcma_to_pcmu(uint8_t *to, const uint8_t *source, size_t samples) nogil

cdef extern from "native/g722.h":
    cdef struct g722_codec:
        pass
    int g722_decode_open(g722_codec *codec, uint32_t rate) nogil
    int g722_encode_open(g722_codec *codec, uint32_t rate) nogil
    void g722_close(g722_codec *codec) nogil
    size_t g722_decode_octets(g722_codec *codec, const uint8_t *payload, size_t octets, int16_t *pcm) nogil
    size_t g722_encode_samples(g722_codec *codec, const int16_t *pcm, size_t samples, uint8_t *payload) nogil

cdef extern from "native/plc.h":
    cdef struct plc:
        pass
    void plc_init(plc *concealer, uint32_t rate) nogil
    void plc_good(plc *concealer, int16_t *pcm, size_t samples) nogil
    void plc_conceal(plc *concealer, int16_t *pcm, size_t samples) nogil

cdef extern from "native/noise.h":
    cdef struct noise:
        pass
    void noise_init(noise *maker) nogil
    int noise_update(noise *maker, const uint8_t *payload, size_t length) nogil
    void noise_make(noise *maker, int16_t *pcm, size_t samples) nogil

cdef extern from "native/encoder.h":
    cdef struct encoding:
        uint32_t opus_bitrate, opus_bitrate_max
        int opus_complexity
        bint opus_fec
        bint opus_dtx
        uint32_t opus_playback_rate
    cdef struct encoder:
        pass
    cdef struct encoded:
        const uint8_t *payload
        uint32_t length
        uint32_t ticks
    enum:
        ENCODER_SILENCE_MAX
    encoder *encoder_new(codec which, uint32_t rate, unsigned packet_ms, const encoding *how) nogil
    void encoder_free(encoder *one) nogil
    void encoder_set_loss(encoder *one, int percent) nogil
    bint encoder_put(encoder *one, const int16_t *pcm) nogil
    bint encoder_take(encoder *one, encoded *packet) nogil
    uint32_t encoder_silence(codec which, uint8_t *payload) nogil

cdef extern from "native/opus_codec.h":
    enum:
        OPUS_PACKET_MAX
        OPUS_PACKET_SAMPLES_MAX
    cdef struct opus_decode_state:
        pass
    cdef struct opus_encode_state:
        pass
    int opus_decode_init(opus_decode_state *state, uint32_t rate) nogil
    void opus_decode_free(opus_decode_state *state) nogil
    int opus_packet_samples(const uint8_t *packet, size_t length, uint32_t rate) nogil
    int opus_packet_carries_fec(const uint8_t *packet, size_t length) nogil
    int opus_decode_packet(
        opus_decode_state *state, const uint8_t *packet, size_t length, int16_t *pcm, size_t n) nogil
    int opus_decode_recover(
        opus_decode_state *state, const uint8_t *packet, size_t length, int16_t *pcm, size_t n) nogil
    int opus_decode_conceal(opus_decode_state *state, int16_t *pcm, size_t samples) nogil
    uint32_t opus_bitrate_for(uint32_t rate) nogil
    int opus_encode_init(opus_encode_state *state, uint32_t rate, uint32_t bitrate, int complexity) nogil
    void opus_encode_free(opus_encode_state *state) nogil
    void opus_encode_set_loss(opus_encode_state *state, int percent) nogil
    int opus_encode_packet(opus_encode_state *state, const int16_t *pcm, size_t n, uint8_t *packet, size_t size) nogil

cdef extern from "native/jitter.h":
    cdef struct jitter:
        pass
    cdef struct jitter_packet:
        uint32_t ssrc
        uint32_t timestamp
        uint16_t sequence
        uint16_t length
        const uint8_t *payload
    cdef struct jitter_statistics:
        uint64_t received
        uint64_t duplicates
        uint64_t late
        uint64_t malformed
        uint64_t overflowed
        uint64_t concealed
        uint64_t recovered
        uint64_t resets
        uint64_t quiet
        uint64_t stretched
        uint64_t shortened
        uint32_t target_ms
        uint32_t delay_ms
    jitter *jitter_new(codec which, uint32_t rate) nogil
    void jitter_free(jitter *buffer) nogil
    void jitter_reset(jitter *buffer) nogil
    int jitter_put(jitter *buffer, const jitter_packet *packet, int64_t arrival_ns) nogil
    int jitter_put_noise(jitter *buffer, const jitter_packet *packet, int64_t arrival_ns) nogil
    int jitter_get(jitter *buffer, int16_t *pcm, int64_t now_ns) nogil
    void jitter_read_statistics(const jitter *buffer, jitter_statistics *statistics) nogil

cdef extern from "native/mixer.h":
    enum:
        MIXER_PARTIES_MAX
    cdef struct mixer_limiter:
        float gain
    void mixer_add(int32_t *sum, const int16_t *said, size_t samples) nogil
    void mixer_limit(mixer_limiter *limiter, int16_t *pcm, const int32_t *sum, size_t samples) nogil

cdef extern from "native/sound.h":
    cdef struct sound:
        uint32_t frames
        uint32_t duration_ms
    sound *sound_load(const char *path, char *error, size_t error_size) nogil
    void sound_free(sound *loaded) nogil
    const uint8_t *sound_frame(const sound *loaded, codec which, uint32_t index, size_t *length) nogil
    const int16_t *sound_pcm(const sound *loaded, uint32_t rate, uint32_t index) nogil

cdef extern from "native/dtmf.h":
    enum:
        DTMF_DIGITS_PER_PACKET
    cdef struct dtmf_digit:
        char digit
        uint32_t duration_ms
    cdef struct dtmf_receiver:
        pass
    cdef struct dtmf_sender:
        pass
    cdef struct dtmf_packet:
        uint32_t timestamp
        bint marker
        uint8_t payload[4]
    void dtmf_receiver_init(dtmf_receiver *receiver, uint32_t clock_rate) nogil
    int dtmf_receive(
        dtmf_receiver *receiver, const uint8_t *payload, size_t length, uint32_t timestamp, int64_t now_ns,
        dtmf_digit *digits) nogil
    bint dtmf_receiver_expire(dtmf_receiver *receiver, int64_t now_ns, dtmf_digit *digit) nogil
    bint dtmf_sender_start(
        dtmf_sender *sender, char digit, uint32_t duration_ms, uint32_t timestamp, uint32_t clock_rate) nogil
    bint dtmf_sender_next(dtmf_sender *sender, dtmf_packet *packet) nogil

cdef extern from "native/capture.h":
    cdef struct capture_writer:
        pass
    cdef struct capture:
        pass
    cdef struct capture_result:
        int64_t duration_ns
        uint64_t records_dropped
        int error
    ctypedef void (*capture_done)(void *context, const capture_result *result) noexcept nogil
    capture_writer *capture_writer_start() nogil
    void capture_writer_stop(capture_writer *writer) nogil
    capture *capture_begin(
        capture_writer *writer, const char *path, int64_t start_ns, int64_t start_epoch_ns, const char *left,
        const char *right, void (*failed)(void *context, int error) noexcept nogil, capture_done done,
        void *context) nogil
    void capture_audio(
        capture *writing, int side, codec which, int64_t time_ns, uint32_t timestamp, const uint8_t *payload,
        size_t length) nogil
    void capture_pause(capture *writing, int64_t time_ns) nogil
    void capture_resume(capture *writing, int64_t time_ns) nogil
    void capture_finish(capture *writing, int64_t time_ns) nogil


_CODECS = {
    "pcmu": CODEC_PCMU, "pcma": CODEC_PCMA, "opus": CODEC_OPUS, "l16_8k": CODEC_L16_8K, "l16_48k": CODEC_L16_48K,
    "g722": CODEC_G722,
}
_PUT_RESULTS = ("kept", "duplicate", "late", "malformed", "on_trial")
_GET_RESULTS = ("played", "concealed", "silent", "quiet")


cdef codec _codec(str name) except *:
    return <codec><int>_CODECS[name]


cdef int16_t *_int16(bytes pcm) except NULL:
    if len(pcm) % 2:
        raise ValueError("PCM must be whole int16 samples")
    return <int16_t *><char *>pcm


def decode_g711(str codec_name, bytes octets) -> bytes:
    cdef size_t samples = len(octets)
    cdef bytearray pcm = bytearray(2 * samples)
    cdef int16_t *to = <int16_t *><char *>pcm
    if codec_name == "pcmu":
        g711_pcmu_decode(to, <const uint8_t *><const char *>octets, samples)
    else:
        g711_pcma_decode(to, <const uint8_t *><const char *>octets, samples)
    return bytes(pcm)


def encode_g711(str codec_name, bytes pcm) -> bytes:
    cdef size_t samples = len(pcm) // 2
    cdef bytearray octets = bytearray(samples)
    cdef uint8_t *to = <uint8_t *><char *>octets
    if codec_name == "pcmu":
        g711_pcmu_encode(to, _int16(pcm), samples)
    else:
        g711_pcma_encode(to, _int16(pcm), samples)
    return bytes(octets)


def transcode_g711(str from_codec, bytes octets) -> bytes:
    """To the other law."""
    cdef size_t samples = len(octets)
    cdef bytearray result = bytearray(octets)
    cdef uint8_t *to = <uint8_t *><char *>result
    if from_codec == "pcmu":
        g711_pcmu_to_pcma(to, to, samples)
    else:
        g711_pcma_to_pcmu(to, to, samples)
    return bytes(result)


cdef class G722:
    """Encoder and decoder at one rate."""
    cdef g722_codec decoder
    cdef g722_codec encoder
    cdef uint32_t rate

    def __cinit__(self, uint32_t rate):
        self.rate = rate
        if g722_decode_open(&self.decoder, rate) < 0 or g722_encode_open(&self.encoder, rate) < 0:
            raise ValueError(f"no G.722 at {rate} Hz")

    def __dealloc__(self):
        g722_close(&self.decoder)
        g722_close(&self.encoder)

    def decode(self, bytes payload) -> bytes:
        cdef bytearray pcm = bytearray(2 * len(payload) * (self.rate // 8000))
        g722_decode_octets(
            &self.decoder, <const uint8_t *><const char *>payload, len(payload), <int16_t *><char *>pcm)
        return bytes(pcm)

    def encode(self, bytes pcm) -> bytes:
        cdef bytearray payload = bytearray(len(pcm) // 2 // (self.rate // 8000))
        g722_encode_samples(&self.encoder, _int16(pcm), len(pcm) // 2, <uint8_t *><char *>payload)
        return bytes(payload)


cdef class Plc:
    cdef plc concealer

    def __cinit__(self, uint32_t rate=8000):
        plc_init(&self.concealer, rate)

    def good(self, bytes pcm) -> bytes:
        cdef bytearray played = bytearray(pcm)
        plc_good(&self.concealer, <int16_t *><char *>played, len(pcm) // 2)
        return bytes(played)

    def conceal(self, size_t samples) -> bytes:
        cdef bytearray played = bytearray(2 * samples)
        plc_conceal(&self.concealer, <int16_t *><char *>played, samples)
        return bytes(played)


cdef class Noise:
    cdef noise maker

    def __cinit__(self):
        noise_init(&self.maker)

    def update(self, bytes payload) -> None:
        if noise_update(&self.maker, <const uint8_t *><const char *>payload, len(payload)) < 0:
            raise ValueError("empty comfort noise payload")

    def make(self, size_t samples) -> bytes:
        cdef bytearray pcm = bytearray(2 * samples)
        noise_make(&self.maker, <int16_t *><char *>pcm, samples)
        return bytes(pcm)


cdef class Encoder:
    """20 ms of PCM in, packets out."""
    cdef encoder *one

    def __cinit__(
        self, str codec_name, uint32_t rate, unsigned packet_ms=20, *, uint32_t opus_bitrate=0,
        uint32_t opus_bitrate_max=0, int opus_complexity=5, bint opus_fec=True, bint opus_dtx=False,
        uint32_t opus_playback_rate=0
    ):
        cdef encoding how
        how.opus_bitrate, how.opus_bitrate_max = opus_bitrate, opus_bitrate_max
        how.opus_complexity = opus_complexity
        how.opus_fec = opus_fec
        how.opus_dtx = opus_dtx
        how.opus_playback_rate = opus_playback_rate
        self.one = encoder_new(_codec(codec_name), rate, packet_ms, &how)
        if self.one is NULL:
            raise ValueError(f"no encoder for {codec_name} at {rate} Hz")

    def __dealloc__(self):
        encoder_free(self.one)

    def set_loss(self, int percent) -> None:
        encoder_set_loss(self.one, percent)

    def put(self, bytes pcm) -> list[tuple[bytes, int]]:
        """(payload, RTP clock ticks) of each packet; an empty payload is not sent."""
        cdef encoded packet
        packets = []
        if not encoder_put(self.one, _int16(pcm)):
            raise ValueError("can't encode")
        while encoder_take(self.one, &packet):
            packets.append(((<const char *>packet.payload)[:packet.length], packet.ticks))
        return packets


def silence(str codec_name) -> bytes:
    """20 ms."""
    cdef uint8_t payload[ENCODER_SILENCE_MAX]
    cdef uint32_t length = encoder_silence(_codec(codec_name), payload)
    return (<const char *>payload)[:length]


def opus_samples(bytes packet, uint32_t rate) -> int:
    return opus_packet_samples(<const uint8_t *><const char *>packet, len(packet), rate)


def opus_carries_fec(bytes packet) -> bool:
    return bool(opus_packet_carries_fec(<const uint8_t *><const char *>packet, len(packet)))


cdef class OpusDecoder:
    cdef opus_decode_state state

    def __cinit__(self, uint32_t rate):
        if opus_decode_init(&self.state, rate) < 0:
            raise ValueError(f"no Opus decoder for {rate} Hz")

    def __dealloc__(self):
        opus_decode_free(&self.state)

    def decode(self, bytes packet) -> bytes:
        cdef bytearray pcm = bytearray(2 * OPUS_PACKET_SAMPLES_MAX)
        cdef int samples = opus_decode_packet(
            &self.state, <const uint8_t *><const char *>packet, len(packet), <int16_t *><char *>pcm,
            OPUS_PACKET_SAMPLES_MAX)
        if samples < 0:
            raise ValueError("malformed Opus packet")
        return bytes(pcm[: 2 * samples])

    def recover(self, bytes packet, size_t samples) -> bytes:
        cdef bytearray pcm = bytearray(2 * samples)
        if opus_decode_recover(
                &self.state, <const uint8_t *><const char *>packet, len(packet), <int16_t *><char *>pcm, samples) < 0:
            raise ValueError("can't recover")
        return bytes(pcm)

    def conceal(self, size_t samples) -> bytes:
        cdef bytearray pcm = bytearray(2 * samples)
        if opus_decode_conceal(&self.state, <int16_t *><char *>pcm, samples) < 0:
            raise ValueError("can't conceal")
        return bytes(pcm)


cdef class OpusEncoder:
    cdef opus_encode_state state

    def __cinit__(self, uint32_t rate, uint32_t bitrate=0, int complexity=5, int loss_percent=0):
        if opus_encode_init(&self.state, rate, bitrate or opus_bitrate_for(rate), complexity) < 0:
            raise ValueError(f"no Opus encoder for {rate} Hz")
        opus_encode_set_loss(&self.state, loss_percent)

    def __dealloc__(self):
        opus_encode_free(&self.state)

    def encode(self, bytes pcm) -> bytes:
        cdef bytearray packet = bytearray(OPUS_PACKET_MAX)
        cdef int length = opus_encode_packet(
            &self.state, _int16(pcm), len(pcm) // 2, <uint8_t *><char *>packet, OPUS_PACKET_MAX)
        if length < 0:
            raise ValueError("can't encode")
        return bytes(packet[:length])


cdef jitter_packet _jitter_packet(bytes payload, uint16_t sequence, uint32_t timestamp, uint32_t ssrc) except *:
    cdef jitter_packet packet
    packet.ssrc = ssrc
    packet.timestamp = timestamp
    packet.sequence = sequence
    packet.length = min(<size_t>len(payload), <size_t>0xFFFF)
    packet.payload = <const uint8_t *><const char *>payload
    return packet


cdef class Jitter:
    cdef jitter *buffer
    cdef readonly uint32_t rate

    def __cinit__(self, str codec_name, uint32_t rate):
        self.rate = rate
        self.buffer = jitter_new(_codec(codec_name), rate)
        if self.buffer is NULL:
            raise ValueError(f"no jitter buffer for {codec_name} at {rate} Hz")

    def __dealloc__(self):
        jitter_free(self.buffer)

    def put(
        self, bytes payload, *, uint16_t sequence, uint32_t timestamp, uint32_t ssrc=1, int64_t arrival_ns
    ) -> str:
        cdef jitter_packet packet = _jitter_packet(payload, sequence, timestamp, ssrc)
        return _PUT_RESULTS[jitter_put(self.buffer, &packet, arrival_ns)]

    def put_noise(
        self, bytes payload, *, uint16_t sequence, uint32_t timestamp, uint32_t ssrc=1, int64_t arrival_ns
    ) -> str:
        cdef jitter_packet packet = _jitter_packet(payload, sequence, timestamp, ssrc)
        return _PUT_RESULTS[jitter_put_noise(self.buffer, &packet, arrival_ns)]

    def get(self, int64_t now_ns) -> tuple[str, bytes]:
        cdef bytearray pcm = bytearray(2 * (self.rate // 50))
        cdef int result = jitter_get(self.buffer, <int16_t *><char *>pcm, now_ns)
        return _GET_RESULTS[result], bytes(pcm)

    def reset(self) -> None:
        jitter_reset(self.buffer)

    def statistics(self) -> dict[str, int]:
        cdef jitter_statistics found
        jitter_read_statistics(self.buffer, &found)
        return found


cdef class Limiter:
    """Mixes frames one after another."""

    cdef mixer_limiter limiter

    def __cinit__(self):
        self.limiter.gain = 0

    def mix(self, list said) -> bytes:
        """20 ms of what all say, limited; at least one, all of one length."""
        cdef int32_t sums[960]
        cdef size_t samples = len(said[0]) // 2
        cdef bytearray heard = bytearray(2 * samples)
        if len(said) > MIXER_PARTIES_MAX or samples > 960:
            raise ValueError("too much to mix")
        for i in range(samples):
            sums[i] = 0
        for one in said:
            if len(one) != 2 * samples:
                raise ValueError("frames of different lengths")
            mixer_add(sums, _int16(one), samples)
        mixer_limit(&self.limiter, <int16_t *><char *>heard, sums, samples)
        return bytes(heard)


cdef class Sound:
    cdef sound *loaded

    def __cinit__(self, path):
        cdef char error[512]
        cdef bytes name = os.fsencode(path)
        cdef const char *file = name
        with nogil:
            self.loaded = sound_load(file, error, sizeof(error))
        if self.loaded is NULL:
            raise ValueError(error.decode(errors="replace"))

    def __dealloc__(self):
        sound_free(self.loaded)

    @property
    def frames(self) -> int:
        return self.loaded.frames

    @property
    def duration_ms(self) -> int:
        return self.loaded.duration_ms

    def frame(self, str codec_name, uint32_t index) -> bytes:
        cdef size_t length
        if index >= self.loaded.frames:
            raise IndexError(index)
        cdef const uint8_t *octets = sound_frame(self.loaded, _codec(codec_name), index, &length)
        return (<const char *>octets)[:length]

    def pcm(self, uint32_t rate, uint32_t index) -> bytes:
        if index >= self.loaded.frames or rate not in (8000, 16000, 48000):
            raise IndexError(index)
        return (<const char *>sound_pcm(self.loaded, rate, index))[: 2 * (rate // 50)]


cdef class DtmfReceiver:
    cdef dtmf_receiver receiver

    def __cinit__(self, uint32_t clock_rate=8000):
        dtmf_receiver_init(&self.receiver, clock_rate)

    def receive(self, bytes payload, uint32_t timestamp, int64_t now_ns) -> list[tuple[str, int]] | None:
        """Digits that ended, or None when malformed."""
        cdef dtmf_digit digits[DTMF_DIGITS_PER_PACKET]
        cdef int count = dtmf_receive(
            &self.receiver, <const uint8_t *><const char *>payload, len(payload), timestamp, now_ns, digits)
        if count < 0:
            return None
        return [(chr(digits[i].digit), digits[i].duration_ms) for i in range(count)]

    def expire(self, int64_t now_ns) -> tuple[str, int] | None:
        cdef dtmf_digit digit
        if dtmf_receiver_expire(&self.receiver, now_ns, &digit):
            return chr(digit.digit), digit.duration_ms
        return None


def dtmf_packets(
    str digit, uint32_t duration_ms, uint32_t timestamp, uint32_t clock_rate=8000
) -> list[tuple[int, bool, bytes]]:
    """All packets of one digit: (RTP timestamp, marker, payload), one per 20 ms."""
    cdef dtmf_sender sender
    cdef dtmf_packet packet
    if not dtmf_sender_start(&sender, <char>ord(digit), duration_ms, timestamp, clock_rate):
        raise ValueError(f"not a digit: {digit!r}")
    sent = []
    while dtmf_sender_next(&sender, &packet):
        sent.append((packet.timestamp, bool(packet.marker), (<char *>packet.payload)[:4]))
    return sent


cdef void _capture_done(void *context, const capture_result *result) noexcept with gil:
    cdef Capture capture = <Capture>context
    capture.result = (result.duration_ns, result.records_dropped, result.error)
    capture.finished.set()


cdef class CaptureWriter:
    """The writer thread; `stop` it."""

    cdef capture_writer *writer
    cdef list captures

    def __cinit__(self):
        self.captures = []
        self.writer = capture_writer_start()
        if self.writer is NULL:
            raise OSError("the writer thread can't be started")

    def stop(self) -> None:
        cdef capture_writer *writer = self.writer
        self.writer = NULL
        if writer is not NULL:
            with nogil:
                capture_writer_stop(writer)
            for one in self.captures:
                (<Capture>one).writing = NULL

    def begin(
        self, path, *, int64_t start_ns=0, int64_t start_epoch_ns=0, str left="customer", str right="agent"
    ) -> Capture:
        cdef bytes name = os.fsencode(path), left_text = left.encode(), right_text = right.encode()
        cdef Capture made = Capture()
        if self.writer is NULL:
            raise ValueError("the writer has stopped")
        self.captures.append(made)  # keeps it alive until the writer is done with it
        made.writing = capture_begin(
            self.writer, name, start_ns, start_epoch_ns, left_text, right_text, NULL, _capture_done, <void *>made)
        if made.writing is NULL:
            raise OSError(f"capture of {path} can't begin")
        return made


cdef class Capture:
    cdef capture *writing
    cdef readonly object finished
    cdef readonly object result

    def __cinit__(self):
        self.finished = threading.Event()
        self.result = None

    def audio(self, int side, str codec_name, int64_t time_ns, uint32_t timestamp, bytes payload) -> None:
        if self.writing is NULL:
            raise ValueError("the capture is finished")
        capture_audio(
            self.writing, side, _codec(codec_name), time_ns, timestamp, <const uint8_t *><const char *>payload,
            len(payload))

    def pause(self, int64_t time_ns) -> None:
        capture_pause(self.writing, time_ns)

    def resume(self, int64_t time_ns) -> None:
        capture_resume(self.writing, time_ns)

    def finish(self, int64_t time_ns, float timeout_s=10) -> tuple[int, int, int]:
        """Returns (duration in ns, records dropped, errno) once the file is complete."""
        cdef capture *writing = self.writing
        if writing is NULL:
            raise ValueError("the capture is finished")
        self.writing = NULL
        capture_finish(writing, time_ns)
        if not self.finished.wait(timeout_s):
            raise TimeoutError("the writer did not finish the capture")
        return self.result
