/* What the files of the cli suite share. */
#ifndef CHECK_CLI_H
#define CHECK_CLI_H

#include "tests/check_gguf.h"
#include "tests/command.h"

/* A folder of its own for a test's files. */
struct folder {
    char path[64], file[128];
};
struct folder cli_folder(void);
/* Path of a file in it; valid until the next call. */
const char *cli_path(struct folder *folder, const char *name);
/* Removes these files and the folder. */
void cli_remove(struct folder *folder, const char *const *names);

TCase *cli_lines_case(void);     /* check_cli_lines.c */
TCase *cli_commands_case(void);  /* check_cli_commands.c */
TCase *cli_attention_case(void); /* check_cli_attention.c */
TCase *cli_alignment_case(void); /* check_cli_alignment.c */
TCase *cli_decoding_case(void);  /* check_cli_decoding.c */
TCase *cli_terminal_case(void);  /* check_cli_terminal.c */
TCase *cli_output_case(void);    /* check_cli_output.c */
TCase *cli_packages_case(void);  /* check_cli_packages.c */
TCase *cli_languages_case(void); /* check_cli_languages.c */
TCase *cli_inspect_case(void);   /* check_inspect.c */
TCase *cli_manual_case(void);    /* check_manual.c */
TCase *cli_shells_case(void);    /* check_shells.c */

#endif
