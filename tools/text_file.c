#define _XOPEN_SOURCE 700
#include "tools/text_file.h"

#include "tools/complain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOKED_AT = 512 };

/* What people try to translate, and what makes text of it. */
static const struct {
    const char *bytes;
    size_t n;
    const char *is;
} kinds[] = {
    {"%PDF-", 5, "a PDF document; pdftotext makes text of it"},
    {"PK\3\4", 4, "an office document or zip archive; pandoc makes text of .docx, .odt and .epub"},
    {"\xd0\xcf\x11\xe0", 4,
     "an old office document; libreoffice --convert-to txt makes text of it"},
    {"{\\rtf", 5, "an RTF document; pandoc makes text of it"},
    {"\xff\xfe", 2, "UTF-16 text; iconv -f UTF-16 -t UTF-8 converts it"},
    {"\xfe\xff", 2, "UTF-16 text; iconv -f UTF-16 -t UTF-8 converts it"},
    {"\x1f\x8b", 2, "a gzip file; gunzip unpacks it"},
    {"\xfd"
     "7zXZ",
     5, "an xz file; unxz unpacks it"},
    {"\x28\xb5\x2f\xfd", 4, "a zstd file; unzstd unpacks it"},
    {"BZh", 3, "a bzip2 file; bunzip2 unpacks it"},
};

/* NULL: it may be text. */
static const char *other_kind(const char *bytes, size_t n) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (n >= kinds[i].n && memcmp(bytes, kinds[i].bytes, kinds[i].n) == 0) return kinds[i].is;
    return memchr(bytes, 0, n) ? "not text: it has NUL bytes" : NULL;
}

int text_file_open(const char *path, int *fd) {
    char bytes[LOOKED_AT];
    struct stat found;
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0) return complain(EXIT_USAGE, "%s: %s", path, strerror(errno));
    if (fstat(*fd, &found) == 0 && S_ISDIR(found.st_mode))
        return complain(EXIT_USAGE, "%s: %s", path, strerror(EISDIR));
    /* Pipes cannot be looked at without being read. */
    ssize_t n = pread(*fd, bytes, sizeof bytes, 0);
    const char *kind = n > 0 ? other_kind(bytes, (size_t)n) : NULL;
    return kind ? complain(EXIT_USAGE, "%s: %s", path, kind) : EXIT_DONE;
}
