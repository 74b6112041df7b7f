#define _GNU_SOURCE
#include "tests/faults/system_calls.h"

#ifdef __x86_64__

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static const struct {
    unsigned number;
    enum call_kind kind;
} calls[] = {
    {SYS_read, CALL_READS},       {SYS_pread64, CALL_READS},    {SYS_readv, CALL_READS},
    {SYS_getdents64, CALL_NAMES}, {SYS_write, CALL_WRITES},     {SYS_pwrite64, CALL_WRITES},
    {SYS_writev, CALL_WRITES},    {SYS_open, CALL_NAMES},       {SYS_openat, CALL_NAMES},
    {SYS_stat, CALL_NAMES},       {SYS_lstat, CALL_NAMES},      {SYS_fstat, CALL_NAMES},
    {SYS_statx, CALL_NAMES},      {SYS_newfstatat, CALL_NAMES}, {SYS_access, CALL_NAMES},
    {SYS_faccessat, CALL_NAMES},  {SYS_faccessat2, CALL_NAMES}, {SYS_readlink, CALL_NAMES},
    {SYS_mkdir, CALL_NAMES},      {SYS_link, CALL_NAMES},       {SYS_linkat, CALL_NAMES},
    {SYS_rename, CALL_NAMES},     {SYS_renameat, CALL_NAMES},   {SYS_renameat2, CALL_NAMES},
    {SYS_fsync, CALL_NAMES},      {SYS_fdatasync, CALL_NAMES},  {SYS_ftruncate, CALL_NAMES},
};
enum { N_CALLS = sizeof calls / sizeof *calls };

static int (*judge_of_calls)(enum call_kind kind, int file, size_t *n);

/* The one place whose calls the kernel does not send back to us. */
__asm__("free_call:\n"
        "    movq %rdi, %rax\n"
        "    movq %rsi, %rdi\n"
        "    movq %rdx, %rsi\n"
        "    movq %rcx, %rdx\n"
        "    movq %r8, %r10\n"
        "    movq %r9, %r8\n"
        "    syscall\n"
        "behind_free_call:\n"
        "    ret\n");
__attribute__((visibility("hidden"))) long free_call(long number, long a, long b, long c, long d,
                                                     long e);
__attribute__((visibility("hidden"))) extern const char behind_free_call[];

/* What a call does is to be done, is done here, and the result put where the program expects it. */
static void decide(int signal, siginfo_t *info, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    size_t i = 0, n = (size_t)registers[REG_RDX];
    (void)signal;
    while (i + 1 < N_CALLS && calls[i].number != (unsigned)info->si_syscall) i++;
    int reason = judge_of_calls(calls[i].kind, (int)registers[REG_RDI], &n);
    registers[REG_RAX] = reason
                             ? -reason
                             : free_call(info->si_syscall, registers[REG_RDI], registers[REG_RSI],
                                         (long)n, registers[REG_R10], registers[REG_R8]);
}

/* Calls of the table are sent to us, unless they are our own. */
static void filter(void) {
    struct sock_filter program[N_CALLS + 7];
    uint64_t ours = (uint64_t)(uintptr_t)behind_free_call;
    size_t n = 0, at = offsetof(struct seccomp_data, instruction_pointer);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)at);
    program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)ours, 0, 2);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)at + 4);
    program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(ours >> 32),
                                                N_CALLS + 1, 0);
    program[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (unsigned i = 0; i < N_CALLS; i++)
        program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number,
                                                    (unsigned char)(N_CALLS - i), 0);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    struct sock_fprog whole = {(unsigned short)n, program};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole);
}

void system_calls_judge(int (*judge)(enum call_kind kind, int file, size_t *n)) {
    struct sigaction action = {.sa_sigaction = decide, .sa_flags = SA_SIGINFO | SA_NODEFER};
    judge_of_calls = judge;
    sigaction(SIGSYS, &action, NULL);
    filter();
}

#else

void system_calls_judge(int (*judge)(enum call_kind kind, int file, size_t *n)) {
    (void)judge;
}

#endif
