/* Archives of checkpoints: what is unpacked goes to one directory, and is gone afterwards. A file that
 * is compressed by itself is told by its name. */
#define _XOPEN_SOURCE 700
#include "tests/fuzz/archive_change.h"
#include "tests/fuzz/checkpoint_read.h"
#include "tests/fuzz/fuzz_targets.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void run(const uint8_t *bytes, size_t n) {
    char *place = fuzz_path("unpacked");
    must(mkdir(place, 0700) == 0, "nothing stays unpacked");
    setenv("TMPDIR", place, 1);
    read_checkpoint(bytes, n, "archive");
    if (n > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) read_checkpoint(bytes, n, "model.npz.gz");
    must(rmdir(place) == 0, "what was unpacked is removed, and lies where it belongs");
    free(place);
}

const struct fuzz_target fuzz_archive = {"archive", run, change_archive, 1 << 15, false};
