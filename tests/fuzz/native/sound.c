/* Sound files: WAV and Ogg Opus, by their first octets. */
#include <sys/mman.h>
#include <unistd.h>

#include "../../../gateway/media/native/sound_file.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int memory = -1;
    char path[64], error[512] = "";
    struct sound_file file;

    if (memory < 0)
        memory = memfd_create("sound", 0);
    must(memory >= 0 && ftruncate(memory, 0) == 0 && pwrite(memory, data, size, 0) == (ssize_t)size, "a file");
    snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    if (!sound_file_read(&file, path, 2000, error, sizeof error)) {
        must(error[0] != 0, "what is wrong is said");
        return 0;
    }
    int64_t sum = 0;
    for (size_t i = 0; i < file.samples * file.channels; i++) /* all of it is there */
        sum += file.pcm[i];
    must(sum <= INT64_MAX, "readable");
    sound_file_free(&file);
    return 0;
}
