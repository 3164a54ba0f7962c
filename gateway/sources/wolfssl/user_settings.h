/* What of wolfSSL is built: DTLS 1.3 and 1.2 with certificates on both sides, and keys for SRTP.  No files, no sockets,
 * no cache of sessions, no versions before 1.2, no cipher but AES-GCM. */
#ifndef ZENTRALE_WOLFSSL_USER_SETTINGS_H
#define ZENTRALE_WOLFSSL_USER_SETTINGS_H

/* Surroundings.  Without configure's help; all calls hold Python's lock. */
#define SINGLE_THREADED
#define NO_FILESYSTEM
#define NO_MAIN_DRIVER
#define NO_WRITEV
#define WOLFSSL_USER_IO
#define WOLFSSL_GETRANDOM
#define WOLFSSL_USE_ALIGN /* records lie where they lie */
#define HAVE_HASHDRBG
#ifndef SIZEOF_LONG /* Python.h says it, too */
#define SIZEOF_LONG __SIZEOF_LONG__
#define SIZEOF_LONG_LONG __SIZEOF_LONG_LONG__
#endif
#ifdef __SIZEOF_INT128__
#define HAVE___UINT128_T 1
#define SP_WORD_SIZE 64
#endif

/* Protocol. */
#define WOLFSSL_TLS13
#define WOLFSSL_DTLS
#define WOLFSSL_DTLS13
#define WOLFSSL_DTLS_CH_FRAG
#define WOLFSSL_SEND_HRR_COOKIE /* the build wants it; each connection turns it off */
#define WOLFSSL_DTLS_MTU
#define WOLFSSL_DTLS_MTU_ADDITIONAL_READ_BUFFER 8192 /* a ClientHello that was put together is one record */
#define WOLFSSL_SRTP
#define HAVE_KEYING_MATERIAL
#define HAVE_TLS_EXTENSIONS
#define HAVE_SUPPORTED_CURVES
#define HAVE_EXTENDED_MASTER
#define HAVE_SERVER_RENEGOTIATION_INFO /* says that there is none (RFC 5746) */
#define WOLFSSL_AEAD_ONLY
#define NO_OLD_TLS
#define NO_SESSION_CACHE
#define NO_PSK

/* Certificates are known by their fingerprints: our callback decides, and no clock has a say (RFC 8827 6.5). */
#define WOLFSSL_ALWAYS_VERIFY_CB
#define WOLFSSL_ASN_TEMPLATE
#define NO_ASN_TIME

/* Algorithms.  RSA is there for browsers whose page asked for such a certificate. */
#define HAVE_ECC
#define ECC_USER_CURVES /* P-256 alone */
#define ECC_SHAMIR
#define ECC_TIMING_RESISTANT
#define HAVE_CURVE25519
#define WOLFSSL_HAVE_MLKEM
#define WOLFSSL_PQC_HYBRIDS
#define WOLFSSL_TLS_NO_MLKEM_STANDALONE
#define WOLFSSL_SHA3
#define WOLFSSL_SHAKE128
#define WOLFSSL_SHAKE256
#define WOLFSSL_SP_MATH_ALL
#define WOLFSSL_HAVE_SP_ECC
#define SP_INT_BITS 4096
#define WC_MAX_RSA_BITS 4096
#define RSA_MAX_SIZE 4096
#define WC_RSA_BLINDING
#define WC_RSA_PSS
#define TFM_TIMING_RESISTANT
#define HAVE_AESGCM
#define GCM_TABLE_4BIT
#define WOLFSSL_AES_DIRECT
#define HAVE_HKDF
#define WOLFSSL_SHA384
#define WOLFSSL_SHA512
#define NO_DES3
#define NO_DH
#define NO_DSA
#define NO_MD4
#define NO_MD5
#define NO_PKCS12
#define NO_PWDBASED
#define NO_RC4
#define NO_ERROR_QUEUE

#endif
