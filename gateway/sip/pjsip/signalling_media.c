/*
 * What pjsua-lib expects from its media half when it is built without one (PJSUA_MEDIA_HAS_PJMEDIA=0).
 *
 * pjsua-lib wants to know the codecs by name, because it refuses an offer of which it knows none; and it calls into
 * streams, players and sound devices, none of which exist here.  The first part is a codec factory that can only say
 * names; the second part says "not supported" for the rest of the public interface.
 */
#include <pjsua-lib/pjsua.h>
#include <pjsua-lib/pjsua_internal.h>

#if !defined(PJSUA_MEDIA_HAS_PJMEDIA) || PJSUA_MEDIA_HAS_PJMEDIA != 0
#  error "signalling_media.c replaces the media of pjsua-lib: build with PJSUA_MEDIA_HAS_PJMEDIA=0"
#endif

/* ---- codecs: names only ------------------------------------------------------------------------------------- */

typedef struct codec_name {
    const char *name;
    unsigned    payload_type;       /* static type of RFC 3551, or any dynamic one */
    unsigned    clock_hz;
    unsigned    channels;
    unsigned    bits_per_second;
} codec_name;

/* An offer with none of these gets 488 from pjsua-lib before Zentrale sees it. */
static const codec_name codec_names[] = {
    { "PCMU",  0,  8000, 1, 64000 },
    { "PCMA",  8,  8000, 1, 64000 },
    { "G722",  9, 16000, 1, 64000 },    /* real rate; RFC 3551 4.5.2 has 8000 in the SDP, PJMEDIA maps it */
    { "opus", 96, 48000, 2, 64000 },
};

static const codec_name *find_codec(const pjmedia_codec_info *wanted)
{
    for (unsigned i = 0; i < PJ_ARRAY_SIZE(codec_names); ++i) {
        const codec_name *codec = &codec_names[i];
        if (wanted->clock_rate == codec->clock_hz && pj_stricmp2(&wanted->encoding_name, codec->name) == 0)
            return codec;
    }
    return NULL;
}

static pj_status_t factory_test_alloc(pjmedia_codec_factory *factory, const pjmedia_codec_info *wanted)
{
    PJ_UNUSED_ARG(factory);
    return find_codec(wanted) ? PJ_SUCCESS : PJ_ENOTSUP;
}

static pj_status_t factory_default_attr(pjmedia_codec_factory *factory, const pjmedia_codec_info *wanted,
                                        pjmedia_codec_param *attr)
{
    const codec_name *codec = find_codec(wanted);
    PJ_UNUSED_ARG(factory);
    if (!codec)
        return PJ_ENOTFOUND;
    pj_bzero(attr, sizeof(*attr));
    attr->info.clock_rate = codec->clock_hz;
    attr->info.channel_cnt = codec->channels;
    attr->info.avg_bps = attr->info.max_bps = codec->bits_per_second;
    attr->info.pcm_bits_per_sample = 16;
    attr->info.frm_ptime = 20;
    attr->info.pt = (pj_uint8_t)codec->payload_type;
    attr->setting.frm_per_pkt = 1;
    return PJ_SUCCESS;
}

static pj_status_t factory_enum_info(pjmedia_codec_factory *factory, unsigned *count, pjmedia_codec_info info[])
{
    unsigned i;
    PJ_UNUSED_ARG(factory);
    for (i = 0; i < *count && i < PJ_ARRAY_SIZE(codec_names); ++i) {
        const codec_name *codec = &codec_names[i];
        pj_bzero(&info[i], sizeof(info[i]));
        info[i].type = PJMEDIA_TYPE_AUDIO;
        info[i].encoding_name = pj_str((char *)codec->name);
        info[i].pt = codec->payload_type;
        info[i].clock_rate = codec->clock_hz;
        info[i].channel_cnt = codec->channels;
    }
    *count = i;
    return PJ_SUCCESS;
}

static pj_status_t factory_alloc(pjmedia_codec_factory *factory, const pjmedia_codec_info *wanted,
                                 pjmedia_codec **codec)
{
    PJ_UNUSED_ARG(factory);
    PJ_UNUSED_ARG(wanted);
    *codec = NULL;
    return PJ_ENOTSUP;
}

static pj_status_t factory_dealloc(pjmedia_codec_factory *factory, pjmedia_codec *codec)
{
    PJ_UNUSED_ARG(factory);
    PJ_UNUSED_ARG(codec);
    return PJ_ENOTSUP;
}

static pj_status_t factory_destroy(void) { return PJ_SUCCESS; }

static pjmedia_codec_factory_op factory_operations = {
    &factory_test_alloc, &factory_default_attr, &factory_enum_info, &factory_alloc, &factory_dealloc, &factory_destroy,
};

static pjmedia_codec_factory name_factory;

/* ---- called by pjsua-lib itself ----------------------------------------------------------------------------- */

pj_status_t pjsua_aud_subsys_init(void)
{
    pj_bzero(&name_factory, sizeof(name_factory));
    name_factory.op = &factory_operations;
    return pjmedia_codec_mgr_register_factory(pjmedia_endpt_get_codec_mgr(pjsua_var.med_endpt), &name_factory);
}

pj_status_t pjsua_aud_subsys_start(void) { return PJ_SUCCESS; }
pj_status_t pjsua_aud_subsys_destroy(void) { return PJ_SUCCESS; }
void pjsua_check_snd_dev_idle(void) {}
void pjsua_aud_stop_stream(pjsua_call_media *media) { PJ_UNUSED_ARG(media); }
void pjsua_txt_stop_stream(pjsua_call_media *media) { PJ_UNUSED_ARG(media); }

pj_status_t pjsua_aud_channel_update(pjsua_call_media *media, pj_pool_t *pool, pjmedia_stream_info *info,
                                     const pjmedia_sdp_session *local, const pjmedia_sdp_session *remote)
{
    PJ_UNUSED_ARG(media);
    PJ_UNUSED_ARG(pool);
    PJ_UNUSED_ARG(info);
    PJ_UNUSED_ARG(local);
    PJ_UNUSED_ARG(remote);
    return PJ_SUCCESS;
}

pj_status_t pjsua_txt_channel_update(pjsua_call_media *media, pj_pool_t *pool, pjmedia_txt_stream_info *info,
                                     const pjmedia_sdp_session *local, const pjmedia_sdp_session *remote)
{
    PJ_UNUSED_ARG(media);
    PJ_UNUSED_ARG(pool);
    PJ_UNUSED_ARG(info);
    PJ_UNUSED_ARG(local);
    PJ_UNUSED_ARG(remote);
    return PJ_SUCCESS;
}

/* ---- public functions that the pjsua2 wrapper links to and nobody calls -------------------------------------- */

#define UNSUPPORTED(declaration) PJ_DEF(pj_status_t) declaration { return PJ_ENOTSUP; }

PJ_DEF(pj_bool_t) pjsua_call_has_media(pjsua_call_id call) { return pjsua_call_is_active(call); }
UNSUPPORTED(pjsua_call_aud_stream_modify_codec_param(pjsua_call_id a, int b, const pjmedia_codec_param *c))
UNSUPPORTED(pjsua_call_get_stream_info(pjsua_call_id a, unsigned b, pjsua_stream_info *c))
UNSUPPORTED(pjsua_call_get_stream_stat(pjsua_call_id a, unsigned b, pjsua_stream_stat *c))
UNSUPPORTED(pjsua_call_dial_dtmf(pjsua_call_id a, const pj_str_t *b))
UNSUPPORTED(pjsua_call_dial_dtmf2(pjsua_call_id a, const pj_str_t *b, unsigned c))
UNSUPPORTED(pjsua_call_send_text(pjsua_call_id a, const pjsua_call_send_text_param *b))

PJ_DEF(void) pjsua_conf_connect_param_default(pjsua_conf_connect_param *param) { pj_bzero(param, sizeof(*param)); }
PJ_DEF(unsigned) pjsua_conf_get_max_ports(void) { return 0; }
PJ_DEF(unsigned) pjsua_conf_get_active_ports(void) { return 0; }
PJ_DEF(pj_status_t) pjsua_enum_conf_ports(pjsua_conf_port_id ids[], unsigned *count)
{
    PJ_UNUSED_ARG(ids);
    *count = 0;
    return PJ_SUCCESS;
}
PJ_DEF(pj_status_t) pjsua_conf_add_port(pj_pool_t *pool, pjmedia_port *port, pjsua_conf_port_id *id)
{
    PJ_UNUSED_ARG(pool);
    PJ_UNUSED_ARG(port);
    *id = PJSUA_INVALID_ID;
    return PJ_ENOTSUP;
}
UNSUPPORTED(pjsua_conf_get_port_info(pjsua_conf_port_id a, pjsua_conf_port_info *b))
UNSUPPORTED(pjsua_conf_remove_port(pjsua_conf_port_id a))
UNSUPPORTED(pjsua_conf_connect(pjsua_conf_port_id a, pjsua_conf_port_id b))
UNSUPPORTED(pjsua_conf_connect2(pjsua_conf_port_id a, pjsua_conf_port_id b, const pjsua_conf_connect_param *c))
UNSUPPORTED(pjsua_conf_disconnect(pjsua_conf_port_id a, pjsua_conf_port_id b))
UNSUPPORTED(pjsua_conf_adjust_tx_level(pjsua_conf_port_id a, float b))
UNSUPPORTED(pjsua_conf_adjust_rx_level(pjsua_conf_port_id a, float b))
UNSUPPORTED(pjsua_conf_get_signal_level(pjsua_conf_port_id a, unsigned *b, unsigned *c))

UNSUPPORTED(pjsua_player_create(const pj_str_t *a, unsigned b, pjsua_player_id *c))
UNSUPPORTED(pjsua_playlist_create(const pj_str_t a[], unsigned b, const pj_str_t *c, unsigned d, pjsua_player_id *e))
UNSUPPORTED(pjsua_player_get_port(pjsua_player_id a, pjmedia_port **b))
UNSUPPORTED(pjsua_player_get_info(pjsua_player_id a, pjmedia_wav_player_info *b))
UNSUPPORTED(pjsua_player_set_pos(pjsua_player_id a, pj_uint32_t b))
UNSUPPORTED(pjsua_player_destroy(pjsua_player_id a))
PJ_DEF(pjsua_conf_port_id) pjsua_player_get_conf_port(pjsua_player_id id)
{
    PJ_UNUSED_ARG(id);
    return PJSUA_INVALID_ID;
}
PJ_DEF(pj_ssize_t) pjsua_player_get_pos(pjsua_player_id id)
{
    PJ_UNUSED_ARG(id);
    return -PJ_ENOTSUP;
}
UNSUPPORTED(pjsua_recorder_create(const pj_str_t *a, unsigned b, void *c, pj_ssize_t d, unsigned e,
                                  pjsua_recorder_id *f))
UNSUPPORTED(pjsua_recorder_destroy(pjsua_recorder_id a))
PJ_DEF(pjsua_conf_port_id) pjsua_recorder_get_conf_port(pjsua_recorder_id id)
{
    PJ_UNUSED_ARG(id);
    return PJSUA_INVALID_ID;
}

PJ_DEF(pj_status_t) pjsua_enum_aud_devs(pjmedia_aud_dev_info info[], unsigned *count)
{
    PJ_UNUSED_ARG(info);
    *count = 0;
    return PJ_SUCCESS;
}
PJ_DEF(void) pjsua_snd_dev_param_default(pjsua_snd_dev_param *param)
{
    pj_bzero(param, sizeof(*param));
    param->capture_dev = param->playback_dev = -1;
}
PJ_DEF(pj_status_t) pjsua_set_snd_dev(int capture, int playback)
{
    PJ_UNUSED_ARG(capture);
    PJ_UNUSED_ARG(playback);
    return PJ_SUCCESS;
}
PJ_DEF(pj_status_t) pjsua_set_snd_dev2(const pjsua_snd_dev_param *param)
{
    PJ_UNUSED_ARG(param);
    return PJ_SUCCESS;
}
PJ_DEF(pj_status_t) pjsua_set_null_snd_dev(void) { return PJ_SUCCESS; }
PJ_DEF(pjmedia_port *) pjsua_set_no_snd_dev(void) { return NULL; }
PJ_DEF(pj_bool_t) pjsua_snd_is_active(void) { return PJ_FALSE; }
UNSUPPORTED(pjsua_get_snd_dev(int *a, int *b))
UNSUPPORTED(pjsua_get_snd_dev2(pjsua_snd_dev_param *a))
UNSUPPORTED(pjsua_set_ec(unsigned a, unsigned b))
UNSUPPORTED(pjsua_get_ec_tail(unsigned *a))
UNSUPPORTED(pjsua_snd_set_setting(pjmedia_aud_dev_cap a, const void *b, pj_bool_t c))
UNSUPPORTED(pjsua_snd_get_setting(pjmedia_aud_dev_cap a, void *b))
UNSUPPORTED(pjsua_ext_snd_dev_create(pjmedia_snd_port_param *a, pjsua_ext_snd_dev **b))
UNSUPPORTED(pjsua_ext_snd_dev_destroy(pjsua_ext_snd_dev *a))
PJ_DEF(pjsua_conf_port_id) pjsua_ext_snd_dev_get_conf_port(pjsua_ext_snd_dev *device)
{
    PJ_UNUSED_ARG(device);
    return PJSUA_INVALID_ID;
}
