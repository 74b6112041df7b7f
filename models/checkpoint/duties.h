/* What must still be done when somebody ends the program with SIGINT, SIGTERM or SIGHUP: temporary
 * files removed, finished lines put where they belong. The command uses this, never the library. */
#ifndef DUTIES_H
#define DUTIES_H

struct duty {
    void (*act)(void *user);
    void *user;
    struct duty *next;
};

/* From here on the signals end the program only after act(user), which runs on a thread of its own,
 * with all that functions may do. The duty stays where it is until it is removed. A second signal
 * ends the program at once. */
void duty_add(struct duty *duty);
/* When this returns the duty is not running, and will not. */
void duty_remove(struct duty *duty);

/* Between these two the program is not ended: for steps that belong together, all of them short. */
void duties_hold(void);
void duties_release(void);

/* Does all duties now: the program ends for another reason. */
void duties_act(void);

/* Does them out of the handler of a fault: the thread that does duties does so, and ends the program
 * with this status. */
_Noreturn void duties_act_and_exit(int status);

#endif
