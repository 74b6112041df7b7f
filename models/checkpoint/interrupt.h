/* What must still be done when somebody ends the program with SIGINT, SIGTERM or SIGHUP: temporary
 * files removed, finished lines put where they belong. The command uses this, never the library. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

struct interrupt_duty {
    void (*act)(void *user);
    void *user;
    struct interrupt_duty *next;
};

/* From here on the signals end the program only after act(user), which runs on a thread of its own,
 * with all that functions may do. The duty stays where it is until it is removed. A second signal
 * ends the program at once. */
void interrupt_add(struct interrupt_duty *duty);
/* When this returns the duty is not running, and will not. */
void interrupt_remove(struct interrupt_duty *duty);

/* Between these two the program is not ended: for steps that belong together, all of them short. */
void interrupt_hold(void);
void interrupt_release(void);

/* Does all duties now: the program ends for another reason. */
void interrupt_act(void);

#endif
