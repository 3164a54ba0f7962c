/* What a sound file holds, as PCM16: WAV (PCM of 8 to 32 bits, floating point, A-law, mu-law) and Ogg Opus (RFC 7845), told
 * apart by their first octets.  Reads the whole file; for the start of the plane, not for a media thread. */
#ifndef ZENTRALE_SOUND_FILE_H
#define ZENTRALE_SOUND_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOUND_FILE_MAX (64u << 20)

struct sound_file {
    int16_t *pcm; /* interleaved */
    size_t samples; /* per channel */
    unsigned channels;
    uint32_t rate;
};

/* False: `error` says what is wrong with which file.  `duration_max_ms`: more than a little beyond it is not read. */
bool sound_file_read(
    struct sound_file *file, const char *path, uint32_t duration_max_ms, char *error, size_t error_size);
void sound_file_free(struct sound_file *file);

#endif
