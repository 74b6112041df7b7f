/* What a translation asks the kernel for: once model, tokenizer and translator are there, a process
 * that may only read, write, take memory and wait for its threads can translate. */
#define _GNU_SOURCE
#include "tests/fixture.h"
#include "tests/suites.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef POISON /* sanitizers make calls of their own */
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

/* Files, sockets, processes and signals are not among them. */
static const unsigned allowed[] = {
    SYS_read,      SYS_write,   SYS_mmap,       SYS_munmap,      SYS_mremap,
    SYS_mprotect,  SYS_madvise, SYS_brk,        SYS_futex,       SYS_clock_gettime,
    SYS_getrandom, SYS_exit,    SYS_exit_group, SYS_sched_yield, SYS_rt_sigprocmask,
};

/* Any other call ends the process with SIGSYS. True: the kernel has agreed. */
static bool restrict_calls(void) {
    enum { N = sizeof allowed / sizeof *allowed };
    struct sock_filter program[N + 3] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    for (unsigned char i = 0; i < N; i++)
        program[1 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
                                                      (unsigned char)(N - i), 0);
    program[N + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    program[N + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {N + 3, program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void take_text(void *user, size_t index, tolka_result *result) {
    (void)index;
    const char *text = tolka_result_text(result, 0, NULL);
    if (text && strstr(text, user)) *(char *)user = 0;
    tolka_result_free(result);
}

enum { TRANSLATED = 0, OTHER = 1, NO_SECCOMP = 77 };

/* Runs in a process of its own. */
static int translate_restricted(bool opens_file) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_model *model;
    tolka_tokenizer *tokenizer;
    tolka_translator *translator;
    const char *source = "Good morning. See https://example.com/ for more.";
    tolka_text texts[2] = {{.source = source, .source_length = strlen(source)}};
    char wanted[] = "https://example.com/";
    texts[1] = texts[0];
    options.threads = 2;
    options.beam = 4;
    if (tolka_model_open(&model, SHIPPED_MODEL, NULL) != TOLKA_OK ||
        tolka_tokenizer_new(&tokenizer, model, NULL, "de", NULL) != TOLKA_OK ||
        tolka_translator_new(&translator, model, &options, NULL) != TOLKA_OK)
        return OTHER;
    if (!restrict_calls()) return NO_SECCOMP;
    if (opens_file) access(SHIPPED_MODEL, R_OK);
    tolka_translate_texts(translator, tokenizer, texts, 2, take_text, wanted, NULL);
    return *wanted ? OTHER : TRANSLATED;
}

static int ended(bool opens_file) {
    int status;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) _exit(translate_restricted(opens_file));
    while (waitpid(child, &status, 0) < 0) ck_assert_int_eq(errno, EINTR);
    return status;
}

START_TEST(few_calls_are_needed) {
    int status = ended(false);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == TRANSLATED, "it ended with %x",
                  status);
    status = ended(true);
    ck_assert_msg(WIFSIGNALED(status), "a file was looked at: %x", status);
}
END_TEST

Suite *seccomp_suite(void) {
    Suite *suite = suite_create("seccomp");
    TCase *calls = tcase_create("calls");
    if (!SANITIZED) tcase_add_test(calls, few_calls_are_needed);
    suite_add_tcase(suite, calls);
    return suite;
}
