/* Checkpoints as people have them: archives, compressed files, Firefox's names, Argos packages; as
 * something to convert, to inspect, and to translate with at once. */
#define _XOPEN_SOURCE 700
#include "tests/check_cli.h"
#include "tests/packages.h"

#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STUDENT "tests/fixtures/marian-student/"
#define MARIAN "tests/fixtures/marian-bin/"
#define CT2 "tests/fixtures/ct2-marian-int8/"

/* ---- a folder for everything ----------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info, (void)where;
    return kind == FTW_DP ? rmdir(path) : unlink(path);
}

/* With a cache and a scratch place in it, for the commands that are run. */
static struct folder open_folder(void) {
    struct folder folder = cli_folder();
    setenv("XDG_CACHE_HOME", cli_path(&folder, "cache"), 1);
    setenv("TMPDIR", cli_path(&folder, "scratch"), 1);
    ck_assert_int_eq(mkdir(cli_path(&folder, "scratch"), 0700), 0);
    return folder;
}

static size_t count_in(struct folder *folder, const char *name) {
    DIR *stream = opendir(cli_path(folder, name));
    size_t n = 0;
    for (struct dirent *entry; stream && (entry = readdir(stream));)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (stream) closedir(stream);
    return n;
}

/* Nothing may be left where archives are unpacked. */
static void close_folder(struct folder *folder) {
    ck_assert_uint_eq(count_in(folder, "scratch"), 0);
    ck_assert_int_eq(nftw(folder->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* A path in the folder that stays valid. */
struct path {
    char text[160];
};
static struct path path_in(struct folder *folder, const char *name) {
    struct path path;
    snprintf(path.text, sizeof path.text, "%s/%s", folder->path, name);
    return path;
}

static void copy(struct folder *folder, const char *from, const char *name) {
    char bytes[4096];
    FILE *in = fopen(from, "rb"), *out = fopen(cli_path(folder, name), "wb");
    ck_assert_msg(in && out, "%s to %s", from, name);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0;)
        ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
    fclose(in);
    ck_assert_int_eq(fclose(out), 0);
}

static void make_folder(struct folder *folder, const char *name) {
    ck_assert_int_eq(mkdir(cli_path(folder, name), 0700), 0);
}

/* What the model says to a line; one file converted from the directory itself says the same. */
static void expect_answer(const char *model, const char *reference) {
    char *expected = output_of("Hello there, how are you?\n", "-m", reference, "-q");
    char *found = output_of("Hello there, how are you?\n", "-m", model, "-q");
    ck_assert_uint_gt(strlen(expected), 1);
    ck_assert_str_eq(found, expected);
    free(expected), free(found);
}

/* ---- Firefox --------------------------------------------------------------------------------- */

START_TEST(firefox_names) {
    struct folder folder = open_folder();
    struct path model = path_in(&folder, "model.gguf"), plain = path_in(&folder, "plain.gguf");
    struct path directory = path_in(&folder, "enzh");
    make_folder(&folder, "enzh");
    copy(&folder, STUDENT "model.student.intgemm.alphas.bin", "enzh/model.enzh.intgemm.alphas.bin");
    copy(&folder, STUDENT "vocab.spm", "enzh/srcvocab.enzh.spm");
    struct ran ran = run(NULL, "convert", directory.text, "-o", model.text);
    check_refusal(&ran, 3, "model.enzh.intgemm.alphas.bin|no target vocabulary|trgvocab");
    copy(&folder, "tests/fixtures/marian/target.spm", "enzh/trgvocab.zhen.spm");
    ran = run(NULL, "convert", directory.text, "-o", model.text, "-q");
    ran_free(&ran); /* another pair's vocabulary, if there is no better one */
    copy(&folder, STUDENT "vocab.spm", "enzh/trgvocab.enzh.spm");
    copy(&folder, STUDENT "lex.s2t.bin", "enzh/lex.50.50.enzh.s2t.bin");
    copy(&folder, STUDENT "lex.s2t.bin", "enzh/lex.50.50.zhen.s2t.bin");
    ran = run(NULL, "convert", directory.text, "-o", model.text, "--force");
    ck_assert_int_eq(ran.status, 0);
    ck_assert_ptr_nonnull(strstr(ran.err, "lex.50.50.enzh.s2t.bin"));
    ran_free(&ran);
    free(output_of(NULL, "convert", STUDENT "model.student.intgemm.alphas.bin", "-o", plain.text,
                   "-q"));
    expect_answer(model.text, plain.text);
    unlink(cli_path(&folder, "enzh/srcvocab.enzh.spm"));
    ran = run(NULL, "convert", directory.text, "-o", model.text, "--force", "-q");
    check_refusal(&ran, 3, "no source vocabulary|srcvocab");
    close_folder(&folder);
}
END_TEST

START_TEST(one_vocabulary_of_a_pair) {
    struct folder folder = open_folder();
    struct path directory = path_in(&folder, "ende"), plain = path_in(&folder, "plain.gguf");
    make_folder(&folder, "ende");
    copy(&folder, STUDENT "model.student.intgemm.alphas.bin", "ende/model.ende.intgemm.alphas.bin");
    copy(&folder, STUDENT "vocab.spm", "ende/vocab.ende.spm");
    copy(&folder, STUDENT "lex.s2t.bin", "ende/lex.50.50.ende.s2t.bin");
    copy(&folder, "tests/fixtures/marian/source.spm", "ende/vocab.deen.spm");
    free(output_of(NULL, "convert", STUDENT "model.student.intgemm.alphas.bin", "-o", plain.text,
                   "-q"));
    expect_answer(directory.text, plain.text);
    close_folder(&folder);
}
END_TEST

/* Each file of a Firefox record is compressed by itself. */
START_TEST(compressed_files) {
    static const char *const endings[] = {".gz", ".zst"};
    struct folder folder = open_folder();
    struct path directory = path_in(&folder, "enzh"), plain = path_in(&folder, "plain.gguf");
    char name[200];
    make_folder(&folder, "enzh");
    free(output_of(NULL, "convert", STUDENT "model.student.intgemm.alphas.bin", "-o", plain.text,
                   "-q"));
    for (size_t i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s/vocab.enzh.spm%s", directory.text, endings[i]);
        pack_alone(name, STUDENT "vocab.spm");
        snprintf(name, sizeof name, "%s/lex.50.50.enzh.s2t.bin%s", directory.text, endings[!i]);
        pack_alone(name, STUDENT "lex.s2t.bin");
        snprintf(name, sizeof name, "%s/model.enzh.intgemm.alphas.bin%s", directory.text,
                 endings[i]);
        pack_alone(name, STUDENT "model.student.intgemm.alphas.bin");
        expect_answer(directory.text, plain.text);
        expect_answer(name, plain.text);
        nftw(directory.text, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        make_folder(&folder, "enzh");
    }
    close_folder(&folder);
}
END_TEST

/* ---- archives -------------------------------------------------------------------------------- */

static const struct packed student[] = {
    {.name = "ende.student/", .kind = AE_IFDIR},
    {.name = "ende.student/model.npz", .from = STUDENT "model.student.npz"},
    {.name = "ende.student/vocab.ende.spm", .from = STUDENT "vocab.spm"},
    {.name = "ende.student/lex.s2t.bin", .from = STUDENT "lex.s2t.bin"},
    {.name = "ende.student/README.md", .text = "A student.\n"},
    {.name = NULL},
};

START_TEST(archives) {
    static const char *const names[] = {"a.zip",     "a.tar",    "a.tar.gz",
                                        "a.tar.zst", "a.tar.xz", "a.tar.bz2"};
    struct folder folder = open_folder();
    struct path plain = path_in(&folder, "plain.gguf"), archive = path_in(&folder, names[_i]);
    struct path model = path_in(&folder, "model.gguf");
    free(output_of(NULL, "convert", STUDENT "model.student.npz", "-o", plain.text, "-q"));
    pack_files(archive.text, student);
    free(output_of(NULL, "convert", archive.text, "-o", model.text, "-q"));
    expect_answer(model.text, plain.text);
    char *said = output_of(NULL, "inspect", archive.text);
    ck_assert_ptr_nonnull(strstr(said, "ende.student/model.npz\n"));
    ck_assert_ptr_nonnull(strstr(said, "marian-native"));
    free(said);
    said = output_of(NULL, "inspect", "--diff", "-q", archive.text, STUDENT "model.student.npz");
    ck_assert_ptr_nonnull(strstr(said, "0 of "));
    free(said);
    close_folder(&folder);
}
END_TEST

/* As OPUS-MT publishes them: decoder.yml beside weights of a long name. */
START_TEST(an_opus_mt_release) {
    static const struct packed release[] = {
        {.name = "decoder.yml",
         .text =
             "models:\n  - opus.spm32k-spm32k.transformer-align.model1.npz.best-perplexity.npz\n"
             "vocabs:\n  - opus.spm32k-spm32k.vocab.yml\n  - opus.spm32k-spm32k.vocab.yml\n"
             "beam-size: 3\nnormalize: 1\n"},
        {.name = "opus.spm32k-spm32k.transformer-align.model1.npz.best-perplexity.npz",
         .from = "tests/fixtures/marian-native/untied.npz"},
        {.name = "opus.spm32k-spm32k.vocab.yml", .text = "</s>: 0\n<unk>: 1\n▁the: 2\n▁a: 3\n"},
        {.name = "source.spm", .from = MARIAN "source.spm"},
        {.name = "target.spm", .from = MARIAN "target.spm"},
        {.name = "README.md", .text = "opus-2020\n"},
        {.name = NULL},
    };
    struct folder folder = open_folder();
    struct path archive = path_in(&folder, "opus-2020.zip"), model = path_in(&folder, "m.gguf");
    pack_files(archive.text, release);
    free(output_of(NULL, "convert", archive.text, "-o", model.text, "-q"));
    char *said = output_of(NULL, "inspect", "--json", model.text);
    json_t *object = json_line(said, 0);
    ck_assert_str_eq(json_string_value(json_object_get(object, "tokenizer")), "sentencepiece");
    ck_assert_int_eq(
        json_integer_value(json_object_get(json_object_get(object, "config"), "search.beam")), 3);
    json_decref(object);
    free(said);
    close_folder(&folder);
}
END_TEST

/* CTranslate2 in a folder of its own, the tokenizer beside it, and a model of another kind deeper. */
START_TEST(an_argos_package) {
    static const struct packed package[] = {
        {.name = "translate-en_de-1_0/metadata.json", .text = "{\"from_code\": \"en\"}"},
        {.name = "translate-en_de-1_0/sentencepiece.model", .from = MARIAN "source.spm"},
        {.name = "translate-en_de-1_0/model/model.bin", .from = CT2 "model.bin"},
        {.name = "translate-en_de-1_0/model/config.json", .from = CT2 "config.json"},
        {.name = "translate-en_de-1_0/model/shared_vocabulary.json",
         .from = CT2 "shared_vocabulary.json"},
        {.name = "translate-en_de-1_0/stanza/en/tokenize/x.pt", .from = MARIAN "pytorch_model.bin"},
        {.name = NULL},
    };
    struct folder folder = open_folder();
    struct path archive = path_in(&folder, "en_de.argosmodel"), model = path_in(&folder, "m.gguf");
    pack_files(archive.text, package);
    free(output_of(NULL, "convert", archive.text, "-o", model.text, "-q"));
    char *said = output_of(NULL, "inspect", model.text);
    ck_assert_ptr_nonnull(strstr(said, "ctranslate2"));
    ck_assert_ptr_nonnull(strstr(said, "sentencepiece\n"));
    free(said);
    /* installed: the same as directories */
    make_folder(&folder, "en_de"), make_folder(&folder, "en_de/model");
    copy(&folder, MARIAN "source.spm", "en_de/sentencepiece.model");
    copy(&folder, CT2 "model.bin", "en_de/model/model.bin");
    copy(&folder, CT2 "config.json", "en_de/model/config.json");
    copy(&folder, CT2 "shared_vocabulary.json", "en_de/model/shared_vocabulary.json");
    struct path installed = path_in(&folder, "en_de"), other = path_in(&folder, "n.gguf");
    free(output_of(NULL, "convert", installed.text, "-o", other.text, "-q"));
    char *difference = output_of(NULL, "inspect", "--diff", "-q", model.text, other.text);
    ck_assert_ptr_nonnull(strstr(difference, "0 of "));
    free(difference);
    close_folder(&folder);
}
END_TEST

/* ---- archives that are not honest ------------------------------------------------------------ */

static const struct {
    const char *archive;
    struct packed entries[3];
    const char *says;
} hostile[] = {
    {"a.tar", {{.name = "../evil", .text = "x"}}, "a.tar|../evil|leads out"},
    {"a.tar", {{.name = "a/../../evil", .text = "x"}}, "a/../../evil|leads out"},
    {"a.zip", {{.name = "../evil", .text = "x"}}, "a.zip|../evil"},
    {"a.tar", {{.name = "/tmp/tolka-evil", .text = "x"}}, "/tmp/tolka-evil|leads out"},
    {"a.tar", {{.name = "evil", .link = "/etc/passwd", .kind = AE_IFLNK}}, "evil|link"},
    {"a.zip", {{.name = "evil", .link = "..", .kind = AE_IFLNK}}, "evil|link"},
    {"a.tar", {{.name = "file", .text = "x"}, {.name = "evil", .link = "file"}}, "evil|link"},
    {"a.tar", {{.name = "evil", .kind = AE_IFIFO}}, "evil|neither a file nor a directory"},
    {"a.tar", {{.name = "evil", .kind = AE_IFCHR}}, "evil|neither a file nor a directory"},
    {"a.tar", {{.name = "twice", .text = "x"}, {.name = "twice", .text = "y"}}, "twice"},
    {"a.tar", {{.name = "1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7", .text = "x"}}, "leads out"},
    {"a.tar.gz", {{.name = "bomb", .n_zeros = (size_t)17 << 20}}, "bomb|more bytes"},
    {"a.tar.xz", {{.name = "bomb", .n_zeros = (size_t)17 << 20}}, "bomb|more bytes"},
    {"a.zip", {{.name = "bomb.npz", .n_zeros = (size_t)17 << 20}}, "bomb|more bytes"},
    {"a.tar.gz", {{.name = "README.md", .text = "x"}}, "a.tar.gz|no weights in it"},
    {"a.zip", {{.name = "README.md", .text = "x"}}, "a.zip|no weights in it"},
};
enum { N_HOSTILE = sizeof hostile / sizeof *hostile };

START_TEST(hostile_archives) {
    struct folder folder = open_folder();
    struct path archive = path_in(&folder, hostile[_i].archive);
    struct path model = path_in(&folder, "model.gguf");
    pack_files(archive.text, hostile[_i].entries);
    struct ran ran = run(NULL, "convert", archive.text, "-o", model.text);
    check_refusal(&ran, 3, hostile[_i].says);
    ran = run("Hello.\n", "-m", archive.text);
    check_refusal(&ran, 3, hostile[_i].says);
    ck_assert_int_ne(access(model.text, F_OK), 0);
    ck_assert_int_ne(access("/tmp/tolka-evil", F_OK), 0);
    ck_assert_int_ne(access(cli_path(&folder, "scratch/evil"), F_OK), 0);
    ck_assert_int_ne(access(cli_path(&folder, "evil"), F_OK), 0);
    close_folder(&folder);
}
END_TEST

START_TEST(too_many_entries) {
    enum { MANY = 10001 };
    struct folder folder = open_folder();
    struct path archive = path_in(&folder, "a.tar.gz");
    struct packed *entries = calloc(MANY + 1, sizeof *entries);
    char(*names)[16] = calloc(MANY, sizeof *names);
    ck_assert(entries && names);
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "%d", i);
        entries[i] = (struct packed){.name = names[i], .text = ""};
    }
    pack_files(archive.text, entries);
    struct ran ran = run(NULL, "inspect", archive.text);
    check_refusal(&ran, 3, "a.tar.gz|10000|one file too many");
    free(entries), free(names);
    close_folder(&folder);
}
END_TEST

/* Cut off anywhere, and with bytes changed: a line that says so, or the model; never more. */
START_TEST(damaged_archives) {
    static const char *const names[] = {"a.zip", "a.tar.gz", "a.tar.zst"};
    static const struct packed small[] = {{.name = "m/model.npz", .text = "not weights, but some"},
                                          {.name = "m/config.json", .text = "{}"},
                                          {.name = NULL}};
    struct folder folder = open_folder();
    struct path archive = path_in(&folder, names[_i]);
    pack_files(archive.text, small);
    FILE *file = fopen(archive.text, "rb");
    static char bytes[16384], changed[16384];
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    ck_assert(n > 0 && n < sizeof bytes);
    for (int i = 0; i < 30; i++) {
        size_t at = (size_t)i * (n - 1) / 29, length = i % 2 ? n : at;
        memcpy(changed, bytes, n);
        if (i % 2) changed[at] = (char)(changed[at] ^ (1 << i % 8));
        file = fopen(archive.text, "wb");
        ck_assert_uint_eq(fwrite(changed, 1, length, file), length);
        fclose(file);
        struct ran ran = run(NULL, "inspect", archive.text);
        check_refusal(&ran, 3, names[_i]);
        ck_assert_uint_eq(count_in(&folder, "scratch"), 0);
    }
    close_folder(&folder);
}
END_TEST

/* ---- several weights ------------------------------------------------------------------------- */

START_TEST(what_was_left_aside_is_said) {
    struct folder folder = open_folder();
    struct path directory = path_in(&folder, "m"), model = path_in(&folder, "model.gguf");
    static const char *const files[] = {"config.json", "source.spm", "target.spm", "vocab.json",
                                        "tokenizer_config.json"};
    char from[100], to[100];
    make_folder(&folder, "m");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(from, sizeof from, MARIAN "%s", files[i]);
        snprintf(to, sizeof to, "m/%s", files[i]);
        copy(&folder, from, to);
    }
    copy(&folder, MARIAN "pytorch_model.bin", "m/pytorch_model.bin");
    free(output_of(NULL, "convert", directory.text, "-o", model.text));
    copy(&folder, "tests/fixtures/marian/model.safetensors", "m/model.safetensors");
    struct ran ran = run(NULL, "convert", directory.text, "-o", model.text, "--force");
    ck_assert_int_eq(ran.status, 0);
    ck_assert_ptr_nonnull(
        strstr(ran.err, "model.safetensors taken; left aside: pytorch_model.bin"));
    ran_free(&ran);
    char *said = output_of(NULL, "inspect", directory.text);
    ck_assert_ptr_nonnull(strstr(said, "left aside       pytorch_model.bin\n"));
    free(said);
    close_folder(&folder);
}
END_TEST

/* ---- the cache ------------------------------------------------------------------------------- */

static struct ran hello(const char *model) {
    return run("Hello there, how are you?\n", "-m", model);
}

START_TEST(a_checkpoint_is_converted_once) {
    struct folder folder = open_folder();
    struct path archive = path_in(&folder, "a.zip");
    pack_files(archive.text, student);
    struct ran first = hello(archive.text);
    ck_assert_int_eq(first.status, 0);
    ck_assert_ptr_nonnull(strstr(first.err, "a.zip: a model file is made of it, once: "));
    ck_assert_ptr_nonnull(strstr(first.err, "/cache/tolka/a.zip-"));
    ck_assert_uint_eq(count_in(&folder, "cache/tolka"), 1);
    struct ran second = hello(archive.text);
    ck_assert_str_eq(second.out, first.out);
    ck_assert_str_eq(second.err, "");
    ran_free(&second);
    /* other types beside it; another state of the checkpoint instead of it */
    second = run("Hello there, how are you?\n", "-m", archive.text, "-q", "--type", "f32");
    ck_assert_str_eq(second.err, "");
    ck_assert_uint_eq(count_in(&folder, "cache/tolka"), 2);
    ran_free(&second);
    unlink(archive.text);
    pack_files(archive.text, student + 1);
    second = hello(archive.text);
    ck_assert_ptr_nonnull(strstr(second.err, "once"));
    ck_assert_str_eq(second.out, first.out);
    ck_assert_uint_eq(count_in(&folder, "cache/tolka"), 2);
    ran_free(&second), ran_free(&first);
    char *said = output_of(NULL, "cache");
    ck_assert_ptr_nonnull(strstr(said, "a.zip-"));
    ck_assert_ptr_nonnull(strstr(said, "cache/tolka: 2 model files, "));
    free(said);
    copy(&folder, STUDENT "README.md", "cache/tolka/mine.txt");
    said = output_of(NULL, "cache", "--clear");
    ck_assert_ptr_nonnull(strstr(said, "2 model files removed"));
    free(said);
    ck_assert_uint_eq(count_in(&folder, "cache/tolka"), 1); /* what is not tolka's stays */
    close_folder(&folder);
}
END_TEST

START_TEST(every_command_takes_a_checkpoint) {
    struct folder folder = open_folder();
    const char *model = "tests/fixtures/marian";
    free(output_of("Hello.\n", "-m", model, "-q", "--to", "de"));
    ck_assert_uint_eq(count_in(&folder, "cache/tolka"), 1);
    free(output_of("Hello.\tHallo.\n", "score", "-m", model, "--to", "de"));
    free(output_of(NULL, "attention", "-m", model, "--to", "de", "Hello."));
    free(output_of(NULL, "check", model));
    free(output_of("Hello.\tHallo.\n", "score", "-m", model, "--to", "de", "--symmetrize", "union",
                   "--reverse-model", model, "--reverse-to", "fr"));
    setenv("TOLKA_MODEL", model, 1);
    free(output_of("Hello.\n", "--to", "de"));
    ck_assert_uint_eq(count_in(&folder, "cache/tolka"), 1);
    struct ran ran = run("Hello.\n", "-m", SHIPPED_MODEL, "--to", "de", "--type", "f32");
    check_refusal(&ran, 2, "--type");
    ran = run("Hello.\n", "-m", "tests/fixtures/marian", "--to", "de", "--type", "int4");
    check_refusal(&ran, 2, "--type is \"int4\"");
    close_folder(&folder);
}
END_TEST

/* Neither a home that is missing nor one that cannot be written keeps anybody from translating. */
START_TEST(without_a_cache) {
    struct folder folder = open_folder();
    setenv("XDG_CACHE_HOME", "/dev/null/none", 1);
    struct ran ran = run("Hello.\n", "-m", "tests/fixtures/marian", "--to", "de");
    ck_assert_int_eq(ran.status, 0);
    ck_assert_uint_eq(count_lines(ran.err, ran.n_err), 1);
    ck_assert_ptr_nonnull(
        strstr(ran.err, "this time only: no cache: /dev/null/none/tolka: Not a "));
    ran_free(&ran);
    unsetenv("HOME");
    setenv("XDG_CACHE_HOME", "", 1);
    ran = run("Hello.\n", "-m", "tests/fixtures/marian", "--to", "de");
    ck_assert_int_eq(ran.status, 0);
    ck_assert_ptr_nonnull(strstr(ran.err, "HOME is not set"));
    ran_free(&ran);
    ran = run(NULL, "cache");
    check_refusal(&ran, 3, "HOME is not set");
    close_folder(&folder);
}
END_TEST

START_TEST(two_at_the_same_time) {
    struct folder folder = open_folder();
    pid_t children[4];
    const char *program = getenv("TOLKA");
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] > 0) continue;
        int null = open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; fd++) dup2(null, fd);
        execl(program ? program : "build/tolka", "tolka", "-m", "tests/fixtures/marian", "--to",
              "de", "Hello.", (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 4; i++) {
        int status;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    ck_assert_uint_eq(count_in(&folder, "cache/tolka"), 1);
    struct ran ran = run("Hello.\n", "-m", "tests/fixtures/marian", "--to", "de");
    ck_assert(ran.status == 0 && ran.n_err == 0);
    ran_free(&ran);
    close_folder(&folder);
}
END_TEST

TCase *cli_packages_case(void) {
    TCase *packages = tcase_create("packages");
    tcase_set_timeout(packages, 120);
    tcase_add_test(packages, firefox_names);
    tcase_add_test(packages, one_vocabulary_of_a_pair);
    tcase_add_test(packages, compressed_files);
    tcase_add_loop_test(packages, archives, 0, 6);
    tcase_add_test(packages, an_opus_mt_release);
    tcase_add_test(packages, an_argos_package);
    tcase_add_loop_test(packages, hostile_archives, 0, N_HOSTILE);
    tcase_add_test(packages, too_many_entries);
    tcase_add_loop_test(packages, damaged_archives, 0, 3);
    tcase_add_test(packages, what_was_left_aside_is_said);
    tcase_add_test(packages, a_checkpoint_is_converted_once);
    tcase_add_test(packages, every_command_takes_a_checkpoint);
    tcase_add_test(packages, without_a_cache);
    tcase_add_test(packages, two_at_the_same_time);
    return packages;
}
