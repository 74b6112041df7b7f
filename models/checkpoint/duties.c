#define _POSIX_C_SOURCE 200809L
#include "models/checkpoint/duties.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* Of the process, as its signals are. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct duty *duties;
static int wake[2];
static atomic_bool is_awaiting;            /* there is a thread that waits for signals */
static atomic_bool is_held, holder_faults; /* the lock is, by duties_hold, and for ever */
static _Atomic(pthread_t) holder;

/* More than any signal's number. */
enum { EXIT_BYTE = 0x80 };

/* A handler may do next to nothing: it wakes the thread that may do everything. */
static void pass_on(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    if (write(wake[1], &byte, 1) != 1) _exit(128 + number);
    errno = saved;
}

static void act_on_all(void) {
    while (duties) {
        struct duty *duty = duties;
        duties = duty->next;
        duty->act(duty->user);
    }
}

/* Who waits for us is told the truth. Of this thread the signal is taken at once; again, if the program
 * has put a handler in its way meanwhile. */
_Noreturn static void end_by_signal(int number) {
    enum { TRIES = 1000 };
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    for (int i = 0; i < TRIES; i++) {
        signal(number, SIG_DFL);
        raise(number);
    }
    _exit(128 + number);
}

/* Never lets go of the lock: nobody else goes on while the program ends. */
static void *wait_for_signal(void *unused) {
    unsigned char byte;
    while (read(wake[0], &byte, 1) != 1) {
        if (errno != EINTR) return unused;
    }
    if (!atomic_load(&holder_faults)) pthread_mutex_lock(&lock);
    act_on_all();
    if (byte & EXIT_BYTE) _exit(byte & ~EXIT_BYTE);
    end_by_signal(byte);
}

/* A signal that whoever started us has switched off (nohup) stays so. */
static void catch_signal(int number) {
    struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    struct sigaction before;
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
        sigaction(number, &action, NULL);
}

static bool make_pipe(void) {
    if (pipe(wake) != 0) return false;
    return fcntl(wake[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(wake[1], F_SETFD, FD_CLOEXEC) == 0;
}

/* Without a pipe or a thread the signals do what they always did. */
static void start(void) {
    pthread_t thread;
    if (!make_pipe() || pthread_create(&thread, NULL, wait_for_signal, NULL) != 0) return;
    pthread_detach(thread);
    atomic_store(&is_awaiting, true);
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
    catch_signal(SIGHUP);
}

void duty_add(struct duty *duty) {
    pthread_once(&once, start);
    pthread_mutex_lock(&lock);
    duty->next = duties;
    duties = duty;
    pthread_mutex_unlock(&lock);
}

void duty_remove(struct duty *duty) {
    pthread_mutex_lock(&lock);
    struct duty **at = &duties;
    while (*at && *at != duty) at = &(*at)->next;
    if (*at) *at = duty->next;
    pthread_mutex_unlock(&lock);
}

void duties_hold(void) {
    pthread_mutex_lock(&lock);
    atomic_store(&holder, pthread_self());
    atomic_store(&is_held, true);
}

void duties_release(void) {
    atomic_store(&is_held, false);
    pthread_mutex_unlock(&lock);
}

/* Whoever ends the program may be in the middle of something: nobody else goes on with it then. */
static bool is_holder(void) {
    return atomic_load(&is_held) && pthread_equal(atomic_load(&holder), pthread_self());
}

void duties_act(void) {
    if (!is_holder()) pthread_mutex_lock(&lock);
    act_on_all();
    if (!is_holder()) pthread_mutex_unlock(&lock);
}

_Noreturn void duties_act_and_exit(int status) {
    unsigned char byte = (unsigned char)(EXIT_BYTE | status);
    if (is_holder()) atomic_store(&holder_faults, true);
    if (!atomic_load(&is_awaiting) || write(wake[1], &byte, 1) != 1) _exit(status);
    while (true) pause();
}
