"""wolfSSL's DTLS over memory: datagrams in, datagrams out, no socket, no clock and no thread of its own.

`Context` holds a certificate and what we offer; `Connection` is one association.  The caller hands each datagram to
`Connection.receive`, calls `handshake` or `read`, sends what `outgoing` returns, and calls `timed_out` after
`timeout_s`.  wolfSSL is linked in statically; built from ``gateway/sources/wolfssl/user_settings.h`` it has no locks:
all calls hold the interpreter's lock.  `gateway.webrtc.dtls_wolfssl` makes sessions of this.  The client's role is for
tests and measurements.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy


cdef extern from "wolfssl/wolfcrypt/settings.h":
    pass

cdef extern from "wolfssl/ssl.h":
    ctypedef struct WOLFSSL_METHOD:
        pass
    ctypedef struct WOLFSSL_CTX:
        pass
    ctypedef struct WOLFSSL:
        pass
    ctypedef struct WOLFSSL_BUFFER_INFO:
        unsigned char *buffer
        unsigned int length
    ctypedef struct WOLFSSL_X509_STORE_CTX:
        int error
        int totalCerts
        void *userCtx
        WOLFSSL_BUFFER_INFO *certs
    ctypedef struct WOLFSSL_SRTP_PROTECTION_PROFILE:
        const char *name
    ctypedef int (*VerifyCallback)(int, WOLFSSL_X509_STORE_CTX *) noexcept
    ctypedef int (*CallbackIO)(WOLFSSL *, char *, int, void *) noexcept
    enum:
        WOLFSSL_SUCCESS
        WOLFSSL_FILETYPE_ASN1
        WOLFSSL_VERIFY_PEER
        WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT
        WOLFSSL_ERROR_WANT_READ
        WOLFSSL_ERROR_ZERO_RETURN
        WOLFSSL_ECC_SECP256R1
        WOLFSSL_ECC_X25519
        WOLFSSL_X25519MLKEM768
        WOLFSSL_DTLSV1_2
        WOLFSSL_CBIO_ERR_WANT_READ
        WOLFSSL_CBIO_ERR_GENERAL
        WOLFSSL_MAX_ERROR_SZ
    int wolfSSL_Init()
    WOLFSSL_METHOD *wolfDTLS_server_method()
    WOLFSSL_METHOD *wolfDTLS_client_method()
    WOLFSSL_METHOD *wolfDTLSv1_2_client_method()
    WOLFSSL_CTX *wolfSSL_CTX_new(WOLFSSL_METHOD *method)
    void wolfSSL_CTX_free(WOLFSSL_CTX *ctx)
    int wolfSSL_CTX_SetMinVersion(WOLFSSL_CTX *ctx, int version)
    int wolfSSL_CTX_set_cipher_list(WOLFSSL_CTX *ctx, const char *names)
    int wolfSSL_CTX_set_groups(WOLFSSL_CTX *ctx, int *groups, int count)
    int wolfSSL_CTX_use_certificate_buffer(WOLFSSL_CTX *ctx, const unsigned char *der, long length, int format)
    int wolfSSL_CTX_use_PrivateKey_buffer(WOLFSSL_CTX *ctx, const unsigned char *der, long length, int format)
    void wolfSSL_CTX_set_verify(WOLFSSL_CTX *ctx, int mode, VerifyCallback callback)
    void wolfSSL_CTX_SetIORecv(WOLFSSL_CTX *ctx, CallbackIO callback)
    void wolfSSL_CTX_SetIOSend(WOLFSSL_CTX *ctx, CallbackIO callback)
    WOLFSSL *wolfSSL_new(WOLFSSL_CTX *ctx)
    void wolfSSL_free(WOLFSSL *ssl)
    void wolfSSL_SetIOReadCtx(WOLFSSL *ssl, void *context)
    void wolfSSL_SetIOWriteCtx(WOLFSSL *ssl, void *context)
    void wolfSSL_SetCertCbCtx(WOLFSSL *ssl, void *context)
    int wolfSSL_disable_hrr_cookie(WOLFSSL *ssl)
    int wolfSSL_dtls13_allow_ch_frag(WOLFSSL *ssl, int enabled)
    void wolfSSL_dtls_set_using_nonblock(WOLFSSL *ssl, int nonblock)
    int wolfSSL_dtls_set_mtu(WOLFSSL *ssl, unsigned short mtu)
    int wolfSSL_dtls_get_current_timeout(WOLFSSL *ssl)
    int wolfSSL_dtls13_use_quick_timeout(WOLFSSL *ssl)
    int wolfSSL_dtls13_has_pending_msg(WOLFSSL *ssl)
    int wolfSSL_dtls_got_timeout(WOLFSSL *ssl)
    void wolfSSL_KeepArrays(WOLFSSL *ssl)
    void wolfSSL_FreeArrays(WOLFSSL *ssl)
    int wolfSSL_set_group_messages(WOLFSSL *ssl)
    int wolfSSL_set_tlsext_use_srtp(WOLFSSL *ssl, const char *profiles)
    const WOLFSSL_SRTP_PROTECTION_PROFILE *wolfSSL_get_selected_srtp_profile(WOLFSSL *ssl)
    int wolfSSL_export_keying_material(
        WOLFSSL *ssl, unsigned char *out, size_t out_len, const char *label, size_t label_len,
        const unsigned char *context, size_t context_len, int use_context)
    int wolfSSL_accept(WOLFSSL *ssl)
    int wolfSSL_connect(WOLFSSL *ssl)
    int wolfSSL_read(WOLFSSL *ssl, void *data, int length)
    int wolfSSL_shutdown(WOLFSSL *ssl)
    int wolfSSL_get_error(WOLFSSL *ssl, int ret)
    int wolfSSL_version(WOLFSSL *ssl)
    void wolfSSL_ERR_error_string_n(unsigned long error, char *text, unsigned long length)
    const char *wolfSSL_lib_version()

cdef extern from "wolfssl/error-ssl.h":
    pass

cdef extern from "wolfssl/wolfcrypt/error-crypt.h":
    enum:
        ASN_NO_SIGNER_E
        ASN_SELF_SIGNED_E

if wolfSSL_Init() != WOLFSSL_SUCCESS:
    raise ImportError("wolfSSL does not start")

LIBRARY_VERSION = wolfSSL_lib_version().decode()
"""wolfSSL's."""


class WolfSslError(Exception):
    """A call of wolfSSL failed; the message is its own."""


cdef int _receive(WOLFSSL *ssl, char *to, int room, void *context) noexcept:
    cdef Connection connection = <Connection>context
    cdef bytes datagram = connection._datagram
    connection._datagram = None
    if datagram is None or PyBytes_GET_SIZE(datagram) > room:
        return WOLFSSL_CBIO_ERR_WANT_READ
    memcpy(to, PyBytes_AS_STRING(datagram), PyBytes_GET_SIZE(datagram))
    return <int>PyBytes_GET_SIZE(datagram)


cdef int _send(WOLFSSL *ssl, char *data, int length, void *context) noexcept:
    cdef Connection connection = <Connection>context
    try:
        connection._outgoing.append(PyBytes_FromStringAndSize(data, length))
    except MemoryError:
        return WOLFSSL_CBIO_ERR_GENERAL
    return length


cdef int _verify(int trusted, WOLFSSL_X509_STORE_CTX *store) noexcept:
    """Whether the peer's certificate is the one of its offer.  Nobody has signed it, and nobody need have.

    Any other complaint of wolfSSL's stands: without a key that it could read it could check no signature.
    """
    cdef Connection connection = <Connection>store.userCtx
    if store.totalCerts < 1:
        return 0
    if not trusted and store.error != ASN_NO_SIGNER_E and store.error != ASN_SELF_SIGNED_E:
        return 0
    try:
        certificate = PyBytes_FromStringAndSize(<char *>store.certs[0].buffer, store.certs[0].length)
        connection.certificate_fits = bool(connection._check(certificate))
    except Exception as error:
        connection._error = error
        connection.certificate_fits = False
    return 1 if connection.certificate_fits else 0


cdef class Context:
    """Certificate, cipher suites and groups; for many connections.

    ``certificate`` and ``key`` (an elliptic curve's, PKCS 8) are DER.  ``ciphers`` has wolfSSL's names, in order of
    preference.  ``client`` is None for a server, else what the client offers: "1.3", with 1.2 for servers that have no
    other, or "1.2" alone.  ``post_quantum`` adds X25519MLKEM768 to the groups.  Raises `WolfSslError`.
    """

    cdef WOLFSSL_CTX *_context
    cdef bint _is_client

    def __cinit__(self, bytes certificate, bytes key, bytes ciphers, str client=None, bint post_quantum=True):
        cdef int[3] groups
        groups[0], groups[1], groups[2] = WOLFSSL_X25519MLKEM768, WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1
        cdef int first = 0 if post_quantum else 1
        self._is_client = client is not None
        if client is None:
            self._context = wolfSSL_CTX_new(wolfDTLS_server_method())
        elif client == "1.2":
            self._context = wolfSSL_CTX_new(wolfDTLSv1_2_client_method())
        else:
            self._context = wolfSSL_CTX_new(wolfDTLS_client_method())
        if self._context == NULL:
            raise MemoryError
        if (
            wolfSSL_CTX_SetMinVersion(self._context, WOLFSSL_DTLSV1_2) != WOLFSSL_SUCCESS
            or wolfSSL_CTX_set_cipher_list(self._context, ciphers) != WOLFSSL_SUCCESS
            or wolfSSL_CTX_set_groups(self._context, groups + first, 3 - first) != WOLFSSL_SUCCESS
        ):
            raise WolfSslError("wolfSSL lacks a version, cipher suite or group")
        if wolfSSL_CTX_use_certificate_buffer(
            self._context, certificate, len(certificate), WOLFSSL_FILETYPE_ASN1
        ) != WOLFSSL_SUCCESS:
            raise WolfSslError("wolfSSL does not take the certificate")
        if wolfSSL_CTX_use_PrivateKey_buffer(self._context, key, len(key), WOLFSSL_FILETYPE_ASN1) != WOLFSSL_SUCCESS:
            raise WolfSslError("wolfSSL does not take the private key")
        wolfSSL_CTX_set_verify(self._context, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, _verify)
        wolfSSL_CTX_SetIORecv(self._context, _receive)
        wolfSSL_CTX_SetIOSend(self._context, _send)

    def __dealloc__(self):
        wolfSSL_CTX_free(self._context)


cdef class Connection:
    """One association.

    ``check`` is asked once with the peer's certificate (DER): False ends the handshake with an alert.  ``mtu`` is how
    long datagrams of ours may be.
    """

    cdef WOLFSSL *_ssl
    cdef Context _owner
    cdef object _check
    cdef object _error
    cdef bytes _datagram
    cdef list _outgoing
    cdef readonly object certificate_fits
    """What ``check`` said; None while it was not asked."""

    def __cinit__(self, Context context, object check, int mtu):
        self._owner = context
        self._check = check
        self._outgoing = []
        self._ssl = wolfSSL_new(context._context)
        if self._ssl == NULL:
            raise MemoryError
        # These hold no reference: wolfSSL uses them only within calls of ours.
        wolfSSL_SetIOReadCtx(self._ssl, <void *>self)
        wolfSSL_SetIOWriteCtx(self._ssl, <void *>self)
        wolfSSL_SetCertCbCtx(self._ssl, <void *>self)
        wolfSSL_dtls_set_using_nonblock(self._ssl, 1)
        wolfSSL_KeepArrays(self._ssl)  # secrets that `export_keys` needs
        wolfSSL_set_group_messages(self._ssl)
        # ICE has proved the address: no HelloRetryRequest for a cookie (RFC 9147 5.1), and state from the first record.
        if wolfSSL_dtls_set_mtu(self._ssl, mtu) != WOLFSSL_SUCCESS or not (
            context._is_client
            or wolfSSL_disable_hrr_cookie(self._ssl) == WOLFSSL_SUCCESS
            and wolfSSL_dtls13_allow_ch_frag(self._ssl, 1) == WOLFSSL_SUCCESS
        ):
            raise WolfSslError("wolfSSL was built without DTLS 1.3")

    def __dealloc__(self):
        wolfSSL_free(self._ssl)

    def offer_srtp(self, bytes profiles):
        """Take part in use_srtp (RFC 5764 4.1.1) with these, by OpenSSL's names, colons between."""
        if wolfSSL_set_tlsext_use_srtp(self._ssl, profiles) != 0:
            raise WolfSslError(f"wolfSSL knows not all of these SRTP profiles: {profiles.decode()}")

    def receive(self, bytes datagram):
        """Take a datagram.  The next `handshake` or `read` looks at it; one that came meanwhile replaces it."""
        self._datagram = datagram

    def outgoing(self):
        """Return and forget the datagrams to send, in order."""
        cdef list found = self._outgoing
        self._outgoing = []
        return found

    def handshake(self):
        """Go on with the handshake.  True when it is complete.  Raises `WolfSslError` when it has failed."""
        cdef int result = wolfSSL_connect(self._ssl) if self._owner._is_client else wolfSSL_accept(self._ssl)
        if result == WOLFSSL_SUCCESS:
            return True
        self._check_error(result)
        return False

    def read(self):
        """Look at what came after the handshake; data is dropped.  False when the peer has closed.

        Raises `WolfSslError`; the association is over then, too.
        """
        cdef char[512] data
        cdef int result = 1
        while result > 0:
            result = wolfSSL_read(self._ssl, data, sizeof(data))
        if wolfSSL_get_error(self._ssl, result) == WOLFSSL_ERROR_ZERO_RETURN:
            return False
        self._check_error(result)
        return True

    def timeout_s(self):
        """Seconds after which to call `timed_out` if nothing comes."""
        cdef int seconds = wolfSSL_dtls_get_current_timeout(self._ssl)
        return seconds / 4 if wolfSSL_dtls13_use_quick_timeout(self._ssl) else float(seconds)

    def waits_for_acknowledgement(self):
        """Whether something was sent that the peer has to acknowledge, or is missing from what it sent (DTLS 1.3)."""
        return bool(wolfSSL_dtls13_has_pending_msg(self._ssl)) or bool(wolfSSL_dtls13_use_quick_timeout(self._ssl))

    def timed_out(self):
        """Repeat the last flight.  Raises `WolfSslError`."""
        if wolfSSL_dtls_got_timeout(self._ssl) != WOLFSSL_SUCCESS:
            self._check_error(-1)

    def shutdown(self):
        """Say close_notify.  What goes wrong is of no interest any more."""
        wolfSSL_shutdown(self._ssl)

    @property
    def version(self):
        """As on the wire (RFC 9147 5.3): 0xFEFD is DTLS 1.2, 0xFEFC is 1.3."""
        return wolfSSL_version(self._ssl)

    @property
    def srtp_profile(self):
        """Name of the agreed profile, or None.  Only after the handshake."""
        cdef const WOLFSSL_SRTP_PROTECTION_PROFILE *profile = wolfSSL_get_selected_srtp_profile(self._ssl)
        return None if profile == NULL else profile.name.decode()

    def export_keys(self, bytes label, int length):
        """Keying material (RFC 5705 for DTLS 1.2, RFC 8446 7.5 for 1.3), without a context.  Only once."""
        cdef bytes material = PyBytes_FromStringAndSize(NULL, length)
        if wolfSSL_export_keying_material(
            self._ssl, <unsigned char *>PyBytes_AS_STRING(material), length, label, len(label), NULL, 0, 0
        ) != WOLFSSL_SUCCESS:
            raise WolfSslError("wolfSSL exports no keying material")
        wolfSSL_FreeArrays(self._ssl)
        return material

    cdef _check_error(self, int result):
        cdef char[256] text
        cdef int code = wolfSSL_get_error(self._ssl, result)
        if self._error is not None:
            raise self._error
        if code != WOLFSSL_ERROR_WANT_READ:
            wolfSSL_ERR_error_string_n(<unsigned long>(-code if code < 0 else code), text, sizeof(text))
            raise WolfSslError(f"{text.decode('ascii', 'replace')} ({code})")
