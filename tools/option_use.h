/* What else is known of options than how they are parsed: under which heading help lists them, and
 * what may stand behind them. */
#ifndef OPTION_USE_H
#define OPTION_USE_H

#include "tools/commands.h"

enum option_group {
    GROUP_MODEL,
    GROUP_FILES,
    GROUP_SEARCH,
    GROUP_SAMPLING,
    GROUP_ALIGNMENT,
    GROUP_CHECKPOINT,
    GROUP_SPEED,
    GROUP_OTHER,
    OPTION_GROUPS,
};
extern const char *const option_group_names[OPTION_GROUPS];

/* What completes a value: one of these, or else words with blanks between them. */
#define COMPLETE_FILES "@files"
#define COMPLETE_MODELS "@models"
#define COMPLETE_LANGUAGES "@languages"

/* An option that nothing is said of belongs to the last group, and is completed with files if its
 * value is called FILE. */
enum option_group option_group(const struct option_spec *spec);
const char *option_values(const struct option_spec *spec); /* NULL: nothing to complete */
/* The same for what is no option. */
const char *argument_values(const struct command_spec *command);

/* The next blank-separated word at *text; false: there is no more. */
bool next_word(const char **text, const char **word, int *length);

#endif
