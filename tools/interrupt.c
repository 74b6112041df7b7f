#define _POSIX_C_SOURCE 200809L
#include "tools/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

enum { N_SIGNALS = 2 };
static const int signals[N_SIGNALS] = {SIGINT, SIGTERM};

/* Handlers have nothing else to know the world by. */
static _Atomic(tolka_translator *) running;
static atomic_int caught;
static int ends[2] = {-1, -1};
static struct sigaction before[N_SIGNALS];
static bool catching;

static void give_back(void) {
    for (int i = 0; i < N_SIGNALS; i++) sigaction(signals[i], &before[i], NULL);
}

/* May run in any thread, also between two calls of the translator: whoever makes them looks at
 * interrupted(), too. */
static void handle(int signal) {
    int saved = errno;
    if (atomic_exchange(&caught, signal)) {
        give_back();
        raise(signal);
    }
    tolka_translator *translator = atomic_load(&running);
    if (translator) tolka_translator_stop(translator);
    if (ends[1] >= 0 && write(ends[1], "", 1) < 0) errno = saved;
    errno = saved;
}

/* One pipe for the life of the program. */
static void open_pipe(void) {
    if (ends[0] >= 0 || pipe(ends) != 0) return;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    }
}

static void empty_pipe(void) {
    char bytes[16];
    while (ends[0] >= 0 && read(ends[0], bytes, sizeof bytes) > 0) {
    }
}

void interrupt_catch(tolka_translator *translator) {
    open_pipe();
    interrupt_release();
    empty_pipe();
    atomic_store(&caught, 0);
    atomic_store(&running, translator);
    for (int i = 0; i < N_SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
        struct sigaction action = {.sa_flags = SA_RESTART};
        action.sa_handler = before[i].sa_handler == SIG_IGN ? SIG_IGN : handle;
        sigaction(signals[i], &action, NULL);
    }
    catching = true;
}

void interrupt_stops(tolka_translator *translator) {
    atomic_store(&running, translator);
}

int interrupted(void) {
    return atomic_load(&caught);
}

bool interrupted_by_user(void) {
    return interrupted() == SIGINT;
}

int interrupt_fd(void) {
    return ends[0];
}

void interrupt_release(void) {
    if (!catching) return;
    give_back();
    atomic_store(&running, NULL);
    catching = false;
}

void interrupt_die(void) {
    int signal = interrupted();
    interrupt_release();
    if (!signal) return;
    raise(signal);
    for (;;) pause(); /* another thread does what must still be done, and ends the program */
}
