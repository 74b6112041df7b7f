/* Documents through the command, with the shipped model. */
#include "tests/check_cli.h"
#include "tests/check_formats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- translations ---------------------------------------------------------------------------- */

START_TEST(a_page_is_translated) {
    static const char page[] =
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>The weather</title>\n"
        "<style>p { color: red }</style></head>\n"
        "<body><!-- Good morning. -->\n"
        "<p>The <b>weather</b> is nice today.</p><pre>Good morning.</pre>\n"
        "<p translate=\"no\">Good morning.</p>\n"
        "<p>Have you seen <code>x &lt; y</code>?</p></body></html>\n";
    char *out = output_of(page, "--to", "de", "--format", "html");
    ck_assert_ptr_nonnull(strstr(out, "<p>Das <b>Wetter</b> ist heute sch\xc3\xb6n.</p>"));
    ck_assert_ptr_nonnull(strstr(out, "<style>p { color: red }</style>"));
    ck_assert_ptr_nonnull(strstr(out, "<!-- Good morning. -->"));
    ck_assert_ptr_nonnull(strstr(out, "<pre>Good morning.</pre>"));
    ck_assert_ptr_nonnull(strstr(out, "<p translate=\"no\">Good morning.</p>"));
    ck_assert_ptr_nonnull(strstr(out, " <code>x &lt; y</code>"));
    free(out);
}
END_TEST

START_TEST(the_name_says_the_format) {
    struct folder folder = cli_folder();
    char in[128], out[128];
    strcpy(in, cli_path(&folder, "in.md"));
    strcpy(out, cli_path(&folder, "out.md"));
    FILE *file = fopen(in, "w");
    fputs("# Good morning\n\nThe **weather** is nice today.\n", file);
    fclose(file);
    char *said = output_of(NULL, "--to", "de", "-i", in, "-o", out);
    ck_assert_str_eq(said, "");
    char text[200] = "";
    file = fopen(out, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    fclose(file);
    ck_assert_str_eq(text, "# Guten Morgen\n\nDas **Wetter** ist heute sch\xc3\xb6n.\n");
    char *lines = output_of(NULL, "--to", "de", "-i", in, "--format", "lines");
    ck_assert_uint_eq(count_lines(lines, strlen(lines)), 3);
    static const char *const names[] = {"in.md", "out.md", NULL};
    cli_remove(&folder, names);
    free(said), free(lines);
}
END_TEST

START_TEST(arguments_are_a_document) {
    char *out =
        output_of(NULL, "--to", "de", "--format", "html", "The <b>weather</b> is nice today.");
    ck_assert_str_eq(out, "Das <b>Wetter</b> ist heute sch&#246;n.\n");
    free(out);
}
END_TEST

/* The same bytes, whatever the batch and the threads. */
START_TEST(documents_do_not_depend_on_threads) {
    size_t n;
    char *bytes = read_document("hello.pot", &n);
    char *one = output_of(bytes, "--to", "de", "--format", "po", "-j", "1", "-B", "1");
    char *two = output_of(bytes, "--to", "de", "--format", "po", "-j", "2", "-B", "7");
    ck_assert_str_eq(one, two);
    free(bytes), free(one), free(two);
}
END_TEST

/* ---- refusals -------------------------------------------------------------------------------- */

START_TEST(what_the_command_refuses) {
    struct ran ran = run("a", "--format", "docx");
    check_refusal(&ran, 2, "no format \"docx\"|expected lines, text, markdown");
    ran = run("a", "--format", "html", "--json");
    check_refusal(&ran, 2, "--json does not go with --format html");
    ran = run("a", "--format", "html", "--nbest", "2");
    check_refusal(&ran, 2, "--nbest does not go with --format html");
    ran = run("a", "--format", "html", "--require", "b");
    check_refusal(&ran, 2, "--require does not go with --format html");
    ran = run(NULL, "-i", "tests/fixtures/documents/googletest.md", "--ids");
    check_refusal(&ran, 2, "--ids does not go with a document|markdown|--format lines");
    ran = run("<p>\xe9\n", "--format", "html");
    check_refusal(&ran, 1, "standard input: line 1: byte 0xe9 is not UTF-8");
    ran = run(NULL, "-i", "no/such/file.html");
    check_refusal(&ran, 2, "no/such/file.html: No such file");
    ran = run("a", "--to", "de", "--format", "html", "-o", "no/such/file.html");
    check_refusal(&ran, 2, "no/such/file.html");
}
END_TEST

TCase *formats_command_case(void) {
    TCase *command = tcase_create("command");
    tcase_set_timeout(command, 30);
    tcase_add_test(command, a_page_is_translated);
    tcase_add_test(command, the_name_says_the_format);
    tcase_add_test(command, arguments_are_a_document);
    tcase_add_test(command, documents_do_not_depend_on_threads);
    tcase_add_test(command, what_the_command_refuses);
    return command;
}
