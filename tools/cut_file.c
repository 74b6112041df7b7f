/* A handler may do next to nothing: there is no stdio in this file, and no allocation. */
#define _XOPEN_SOURCE 700
#include "tools/cut_file.h"

#include "models/convert/output_file.h"
#include "tools/complain.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* ---- what is mapped where -------------------------------------------------------------------- */

struct maps {
    int file; /* /proc/self/maps; a line: "7f00-7f80 r--p 00000000 08:01 42     /a/file" */
    ssize_t n, at;
    char bytes[1024];
    char line[4608];
};

static bool next_byte(struct maps *maps, char *byte) {
    if (maps->at == maps->n) {
        maps->n = read(maps->file, maps->bytes, sizeof maps->bytes);
        maps->at = 0;
        if (maps->n <= 0) return false;
    }
    *byte = maps->bytes[maps->at++];
    return true;
}

static bool next_line(struct maps *maps) {
    size_t length = 0;
    char byte;
    while (next_byte(maps, &byte) && byte != '\n')
        if (length + 1 < sizeof maps->line) maps->line[length++] = byte;
    maps->line[length] = 0;
    return length > 0;
}

static uintptr_t take_number(const char **at) {
    static const char digits[] = "0123456789abcdef";
    uintptr_t number = 0;
    for (const char *digit; **at && (digit = strchr(digits, **at)); ++*at)
        number = number << 4 | (uintptr_t)(digit - digits);
    return number;
}

static bool is_in(const char *line, uintptr_t address) {
    uintptr_t from = take_number(&line);
    line += *line == '-';
    return from <= address && address < take_number(&line);
}

/* The file that is mapped at an address; NULL: none. Where the system does not tell, it is taken for
 * granted. */
static const char *file_at(const void *address) {
    static struct maps maps; /* one thread is here, and no thread twice */
    maps.file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps.file < 0) return "a file";
    while (next_line(&maps))
        if (is_in(maps.line, (uintptr_t)address)) return strchr(maps.line, '/');
    return NULL;
}

/* ---- the signal ------------------------------------------------------------------------------ */

static void say(const char *text, size_t length) {
    for (ssize_t n; length > 0; text += n, length -= (size_t)n)
        if ((n = write(STDERR_FILENO, text, length)) <= 0) return;
}

/* As complain() would, control characters too: newlines are escaped by the system. */
static void complain_of(const char *file) {
    static char message[sizeof(struct maps) + 200];
    strcpy(message, isatty(STDERR_FILENO) ? "\r\033[Ktolka: " : "tolka: ");
    char *name = message + strlen(message);
    strcat(message, file);
    for (; *name; name++)
        if ((unsigned char)*name < ' ' || *name == 0x7f) *name = '?';
    strcat(message, ": was cut short, or cannot be read any more, while it was in use\n");
    say(message, strlen(message));
}

static void end_for(int number, siginfo_t *info, void *context) {
    static atomic_flag is_ending = ATOMIC_FLAG_INIT;
    (void)context;
    while (atomic_flag_test_and_set(&is_ending)) pause(); /* another thread was first */
    bool is_fault = info->si_code > 0;                    /* or else somebody has sent it */
    const char *file = is_fault ? file_at(info->si_addr) : NULL;
    if (!file) {
        signal(number, SIG_DFL);
        if (!is_fault) raise(number); /* a fault comes again by itself */
        return;
    }
    complain_of(file);
    output_end_from_handler(EXIT_MODEL);
}

void expect_cut_files(void) {
    struct sigaction action = {.sa_sigaction = end_for, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}
