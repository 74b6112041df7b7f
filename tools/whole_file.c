#include "tools/whole_file.h"

#include "models/convert/output_file.h"
#include "tools/complain.h"
#include "tools/written.h"

#include <errno.h>
#include <string.h>

int check_whole_file(const char *path, bool force) {
    tolka_error err;
    if (output_check(path, force ? OUTPUT_REPLACE : 0, &err) == TOLKA_OK) return EXIT_DONE;
    return complain(EXIT_USAGE, "%s", err.text);
}

int write_whole_file(const char *path, bool force, void (*write)(FILE *out, const void *user),
                     const void *user) {
    struct output_file output;
    tolka_error err;
    if (output_open(&output, path, force ? OUTPUT_REPLACE : 0, &err) != TOLKA_OK)
        return complain(EXIT_USAGE, "%s", err.text);
    FILE *out = output_file_stream(&output);
    int reason = out ? 0 : errno;
    if (out) {
        write(out, user);
        reason = flush_output(out);
        fclose(out);
    }
    if (!reason && output_finish(&output, &err) == TOLKA_OK) return EXIT_DONE;
    output_discard(&output);
    if (!reason) return complain(EXIT_INPUT, "%s", err.text);
    return complain(EXIT_INPUT, "cannot write %s: %s", path, strerror(reason));
}
