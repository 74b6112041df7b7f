/* A process that ends by _exit, or by a signal that it sends to itself, writes no counts of coverage.
 * Linked with --wrap=_exit,--wrap=kill (tests/coverage.sh), it writes them first: what happens when a
 * program is interrupted would otherwise seem never to be run. */
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

void __gcov_dump(void);
int __real_kill(pid_t process, int number);
_Noreturn void __real__exit(int status);
int __wrap_kill(pid_t process, int number);
_Noreturn void __wrap__exit(int status);

int __wrap_kill(pid_t process, int number) {
    if (process == getpid() && number != 0) __gcov_dump();
    return __real_kill(process, number);
}

_Noreturn void __wrap__exit(int status) {
    __gcov_dump();
    __real__exit(status);
}
