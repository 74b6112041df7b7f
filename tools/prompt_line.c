#define _XOPEN_SOURCE 700
#include "tools/prompt_line.h"

#include "models/convert/output_file.h"
#include "tools/interrupt.h"
#include "tools/printable.h"
#include "tools/terminal.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

enum { SHOWN_PROMPT = 128, PROMPT_MARK = 1 };

struct editor {
    EditLine *edit;
    const struct prompt *prompt;
    struct completions completions;
    char shown[SHOWN_PROMPT];
    char *line;
    bool pastes; /* the terminal says where pasted text begins and ends */
    bool hushed;
    struct termios before;
    int reason; /* errno's, why no line could be read */
    struct termios usual;
    struct duty duty; /* whatever ends the program, the terminal is as it was */
};

static struct editor *of(EditLine *edit) {
    void *editor = NULL;
    el_get(edit, EL_CLIENTDATA, &editor);
    return editor;
}

/* ---- signals --------------------------------------------------------------------------------- */

/* The window has another size, or the program goes on after it was stopped. */
static volatile sig_atomic_t resized, continued;

static void note(int signal) {
    if (signal == SIGWINCH) resized = 1;
    if (signal == SIGCONT) continued = 1;
}

static void catch_changes(void) {
    struct sigaction action = {.sa_handler = note};
    sigaction(SIGWINCH, &action, NULL);
    sigaction(SIGCONT, &action, NULL);
}

static void take_changes(EditLine *edit) {
    if (continued) {
        el_set(edit, EL_PREP_TERM, 0);
        el_set(edit, EL_PREP_TERM, 1);
        el_set(edit, EL_REFRESH);
    }
    if (resized) el_resize(edit);
    resized = continued = 0;
}

/* ---- characters ------------------------------------------------------------------------------ */

/* A byte; 0 at the end, -1 on a failure. */
static int read_byte(EditLine *edit, char *byte) {
    for (;;) {
        struct pollfd files[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                                  {.fd = interrupt_fd(), .events = POLLIN}};
        int n = poll(files, 2, -1);
        take_changes(edit);
        if (interrupted()) return 0;
        if (n < 0 && errno == EINTR) continue;
        ssize_t got = read(STDIN_FILENO, byte, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) of(edit)->reason = errno;
        return (int)got;
    }
}

/* libedit's way of reading, which waits for signals, too. What is no UTF-8 becomes U+FFFD. */
static int read_character(EditLine *edit, wchar_t *character) {
    mbstate_t state;
    memset(&state, 0, sizeof state);
    for (;;) {
        char byte;
        int n = read_byte(edit, &byte);
        if (n <= 0) return n;
        size_t length = mbrtowc(character, &byte, 1, &state);
        if (length == (size_t)-2) continue;
        if (length == (size_t)-1) *character = 0xfffd;
        return 1;
    }
}

static void announce_pastes(const struct editor *editor, char on) {
    if (!editor->pastes) return;
    printf("\033[?2004%c", on);
    fflush(stdout);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static unsigned char clear_line(EditLine *edit, int key) {
    const LineInfoW *line = el_wline(edit);
    (void)key;
    el_cursor(edit, (int)(line->lastchar - line->cursor));
    el_deletestr(edit, (int)(line->lastchar - line->buffer));
    fputs("^C\n", stdout);
    fflush(stdout);
    return CC_REDISPLAY;
}

static unsigned char suspend(EditLine *edit, int key) {
    struct editor *editor = of(edit);
    (void)key;
    announce_pastes(editor, 'l');
    el_set(edit, EL_PREP_TERM, 0);
    kill(0, SIGTSTP); /* to all that run with it, as the terminal would */
    el_set(edit, EL_PREP_TERM, 1);
    continued = 0;
    announce_pastes(editor, 'h');
    return CC_REDISPLAY;
}

/* Up to the end of what was pasted; ends of lines are kept. */
static unsigned char paste(EditLine *edit, int key) {
    static const wchar_t end[] = L"\033[201~";
    const size_t n_end = sizeof end / sizeof *end - 1;
    size_t n = 0, room = 256;
    wchar_t *text = malloc(room * sizeof *text), character;
    (void)key;
    while (text && el_wgetc(edit, &character) == 1) {
        if (n + 2 > room) {
            wchar_t *grown = realloc(text, (room *= 2) * sizeof *text);
            if (!grown) break;
            text = grown;
        }
        text[n++] = character == L'\r' ? L'\n' : character == 0 ? L' ' : character;
        if (n >= n_end && wmemcmp(text + n - n_end, end, n_end) == 0) {
            n -= n_end;
            break;
        }
    }
    while (n > 0 && text[n - 1] == L'\n') n--;
    if (text) text[n] = 0;
    int failed = !text || (n > 0 && el_winsertstr(edit, text) != 0);
    free(text);
    return failed ? CC_REFRESH_BEEP : CC_REFRESH;
}

static size_t common_length(const struct completions *completions) {
    size_t length = strlen(completions->words[0]);
    for (size_t i = 1; i < completions->n; i++) {
        size_t same = 0;
        while (same < length && completions->words[i][same] == completions->words[0][same]) same++;
        length = same;
    }
    return length;
}

static void list_words(const struct completions *completions) {
    size_t columns = terminal_columns(STDOUT_FILENO), used = 0;
    putchar('\n');
    for (size_t i = 0; i < completions->n; i++) {
        size_t width = strlen(completions->words[i]) + 2;
        if (used + width > columns && used > 0) {
            putchar('\n');
            used = 0;
        }
        print_printable(stdout, "%s  ", completions->words[i]);
        used += width;
    }
    putchar('\n');
    fflush(stdout);
}

/* As much as is certain; once nothing is, a list. */
static unsigned char insert_completion(EditLine *edit, const struct completions *completions) {
    char text[256];
    size_t typed = completions->typed, length = common_length(completions);
    bool whole = completions->n == 1;
    if (length <= typed && !whole) {
        list_words(completions);
        return CC_REDISPLAY;
    }
    snprintf(text, sizeof text, "%.*s%s", (int)(length - typed), completions->words[0] + typed,
             whole ? " " : "");
    return el_insertstr(edit, text) == 0 ? CC_REFRESH : CC_ERROR;
}

static unsigned char complete(EditLine *edit, int key) {
    struct editor *editor = of(edit);
    const LineInfo *line = el_line(edit);
    char *before = strndup(line->buffer, (size_t)(line->cursor - line->buffer));
    if (!before) return CC_ERROR;
    prompt_complete(editor->prompt, before, &editor->completions);
    free(before);
    if (editor->completions.files) return _el_fn_complete(edit, key);
    if (editor->completions.n == 0) return CC_REFRESH_BEEP;
    return insert_completion(edit, &editor->completions);
}

static void bind_keys(EditLine *edit) {
    static const char *const keys[][2] = {
        {"^C", "tolka-clear-line"},   {"^Z", "tolka-suspend"},
        {"^I", "tolka-complete"},     {"\\e[200~", "tolka-paste"},
        {"^R", "em-inc-search-prev"}, {"\\e[3~", "ed-delete-next-char"},
        {"\\e[1~", "ed-move-to-beg"}, {"\\e[4~", "ed-move-to-end"},
        {"\\e[1;5C", "em-next-word"}, {"\\e[1;5D", "ed-prev-word"},
    };
    el_set(edit, EL_ADDFN, "tolka-clear-line", "Clear the line", clear_line);
    el_set(edit, EL_ADDFN, "tolka-suspend", "Suspend the program", suspend);
    el_set(edit, EL_ADDFN, "tolka-complete", "Complete commands and languages", complete);
    el_set(edit, EL_ADDFN, "tolka-paste", "Insert what was pasted", paste);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        el_set(edit, EL_BIND, keys[i][0], keys[i][1], NULL);
}

/* ---- the prompt ------------------------------------------------------------------------------ */

/* The target language stands before the line. */
static char *show_prompt(EditLine *edit) {
    static const char mark[] = {PROMPT_MARK, 0};
    struct editor *editor = of(edit);
    const struct prompt *prompt = editor->prompt;
    char word[LANGUAGE_WORD];
    const char *to = prompt->options.to;
    if (!to && prompt->languages && prompt->session) to = prompt->languages->default_to;
    to = to ? language_word(to, word) : "tolka";
    if (terminal_colours(STDOUT_FILENO) == NO_COLOURS)
        snprintf(editor->shown, sizeof editor->shown, "%s> ", to);
    else
        snprintf(editor->shown, sizeof editor->shown, "%s\033[1;36m%s%s>%s\033[0m%s ", mark, mark,
                 to, mark, mark);
    return editor->shown;
}

/* The duty of a program that ends while a line is edited. */
static void restore_terminal(void *user) {
    static const char pastes_are_text[] = "\033[?2004l";
    const struct editor *editor = user;
    tcsetattr(STDIN_FILENO, TCSANOW, &editor->usual);
    if (editor->pastes) (void)!write(STDOUT_FILENO, pastes_are_text, sizeof pastes_are_text - 1);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* libedit reads characters of the locale; a terminal without one speaks UTF-8 all the same. */
static void set_characters(void) {
    setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1) setlocale(LC_CTYPE, "C.UTF-8");
}

/* libedit crashes where it finds none: is there enough for it to begin with? */
static bool has_memory(void) {
    enum { ENOUGH = 4 << 20 };
    void *volatile memory = malloc(ENOUGH); /* volatile: it is not left out */
    free(memory);
    return memory != NULL;
}

struct editor *editor_new(const struct prompt *prompt, struct prompt_history *kept) {
    struct editor *editor = has_memory() ? calloc(1, sizeof *editor) : NULL;
    if (!editor) return NULL;
    set_characters();
    if (tcgetattr(STDIN_FILENO, &editor->usual) == 0) {
        editor->duty = (struct duty){.act = restore_terminal, .user = editor};
        duty_add(&editor->duty);
    }
    editor->edit = el_init("tolka", stdin, stdout, stderr);
    if (!editor->edit) {
        duty_remove(&editor->duty);
        free(editor);
        return NULL;
    }
    editor->prompt = prompt;
    editor->pastes = !terminal_is_dumb();
    el_set(editor->edit, EL_CLIENTDATA, editor);
    el_set(editor->edit, EL_GETCFN, read_character);
    el_set(editor->edit, EL_PROMPT_ESC, show_prompt, PROMPT_MARK);
    el_set(editor->edit, EL_EDITOR, "emacs");
    if (kept->list) el_set(editor->edit, EL_HIST, history, kept->list);
    el_source(editor->edit, NULL);
    bind_keys(editor->edit);
    el_set(editor->edit, EL_SETTY, "-d", "-isig", NULL); /* these keys are bound */
    catch_changes();
    return editor;
}

static void editor_unhush(struct editor *editor) {
    if (editor->hushed) tcsetattr(STDIN_FILENO, TCSADRAIN, &editor->before);
    editor->hushed = false;
}

void editor_free(struct editor *editor) {
    if (!editor) return;
    /* libedit loses what it keeps of added functions when it ends, so it lives as long as the
     * program, which is not much longer. */
    static EditLine *kept;
    kept = editor->edit;
    editor_unhush(editor);
    el_set(kept, EL_PREP_TERM, 0);
    duty_remove(&editor->duty);
    free(editor->line);
    free(editor);
}

const char *editor_read(struct editor *editor, int *reason) {
    int n = 0;
    editor->reason = 0;
    announce_pastes(editor, 'h');
    const char *line = el_gets(editor->edit, &n);
    editor->hushed = false; /* libedit has a mode of its own, and leaves the usual one behind */
    announce_pastes(editor, 'l');
    free(editor->line);
    editor->line = NULL;
    *reason = editor->reason;
    if (!line || n <= 0 || *reason || interrupted()) return NULL;
    size_t length = (size_t)n;
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r')) length--;
    editor->line = strndup(line, length);
    if (!editor->line) *reason = ENOMEM;
    return editor->line;
}

void editor_hush(struct editor *editor) {
    if (editor->hushed || tcgetattr(STDIN_FILENO, &editor->before) != 0) return;
    struct termios quiet = editor->before;
    quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    quiet.c_iflag &= ~(tcflag_t)ICRNL;
    editor->hushed = tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet) == 0;
}
