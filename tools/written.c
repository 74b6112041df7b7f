#define _POSIX_C_SOURCE 200809L
#include "tools/written.h"

#include "models/convert/output_file.h"
#include "tools/complain.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int flush_output(FILE *out) {
    errno = 0;
    bool failed = ferror(out);
    if (failed) { /* earlier, and why is forgotten: it will fail for the same reason again */
        clearerr(out);
        putc('\n', out);
    }
    if (fflush(out) == 0 && !failed) return 0;
    if (errno == EPIPE) output_broken_pipe();
    return errno ? errno : EIO;
}

int finish_standard_output(int status) {
    int reason = flush_output(stdout);
    if (!reason) return status;
    return complain(status ? status : EXIT_INPUT, "cannot write: %s", strerror(reason));
}

void occupy_standard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return;
}
