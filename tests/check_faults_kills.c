/* The command is killed at any moment of its work. SIGINT and SIGTERM leave nothing half-written and
 * nothing that is not wanted: finished lines in their order, or the file that was there before.
 * SIGKILL, which no program can do anything about, leaves at most a file with a temporary name.
 *
 * Each kind of work is killed a few times; KILLS=500 (make check-kills): as often as that in all. The
 * moments are drawn anew each time, from nothing to a little more than the work takes. */
#define _XOPEN_SOURCE 700
#include "tests/check_faults.h"
#include "tests/packages.h"

#include <dirent.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- kinds of work --------------------------------------------------------------------------- */

#define DOCUMENTS "tests/fixtures/documents/"
#define MARIAN "tests/fixtures/marian"
#define IN "{in}"   /* lines */
#define OUT "{out}" /* what is written */
#define TAR "{tar}" /* the checkpoint, packed */

enum leaves {
    WHOLE, /* all of the result, or what was there before */
    LINES, /* or its first lines, in their order */
    CACHE, /* models in the folder's tolka/, whole ones */
};

static const struct work {
    const char *name;
    enum leaves leaves;
    bool replaces; /* there is a file already */
    const char *arguments[14];
} works[] = {
    {"lines", LINES, false, {"-q", "-t", "de", "-j1", "-B1", "-i", IN, "-o", OUT}},
    {"lines again", LINES, true, {"-q", "-t", "de", "-j2", "-B2", "-i", IN, "-o", OUT}},
    {"lines in place", WHOLE, true, {"-q", "-t", "de", "-j1", "-i", OUT, "-o", OUT}},
    {"standard output", LINES, false, {"-q", "-t", "de", "-j2", "-B1", "-i", IN}},
    {"json", LINES, true, {"-q", "--json", "-t", "de", "-j1", "-i", IN, "-o", OUT}},
    {"markdown", WHOLE, true, {"-q", "-t", "de", "-i", DOCUMENTS "googletest.md", "-o", OUT}},
    {"subtitles", WHOLE, false, {"-q", "-t", "de", "-i", DOCUMENTS "sample.vtt", "-o", OUT}},
    {"catalogue", WHOLE, true, {"-q", "-t", "fr", "-i", DOCUMENTS "hello.pot", "-o", OUT}},
    {"page",
     WHOLE,
     true,
     {"-q", "-t", "de", "-i", DOCUMENTS "xzless.1", "--format", "man", "-o", OUT}},
    {"attention", WHOLE, false, {"attention", "-q", "Hello.", "-t", "de", "-o", OUT}},
    {"convert", WHOLE, false, {"convert", "-q", MARIAN, "-o", OUT}},
    {"convert again", WHOLE, true, {"convert", "-q", "--force", MARIAN, "-o", OUT}},
    {"convert archive", WHOLE, true, {"convert", "-q", "--force", TAR, "-o", OUT}},
    {"cache", CACHE, false, {"-q", "-t", "de", "-m", MARIAN, "--no-guards", "-x9", "Hello."}},
};
enum { N_WORKS = sizeof works / sizeof *works, N_LINES = 60 };

struct scene {
    const struct work *work;
    struct folder folder;
    char in[160], out[160], tar[160], scratch[160], cache[160], unfinished[160];
    const char *arguments[16];
    char *before, *result; /* what the file is before and after; NULL: there is none */
    size_t n_before, n_result;
    double seconds; /* that the work takes */
    uint64_t seed, random;
    int n_hit; /* killed while at work */
};

/* ---- files ----------------------------------------------------------------------------------- */

static void write_bytes(const char *path, const char *bytes, size_t n) {
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info, (void)kind, (void)where;
    return remove(path);
}

/* How many names begin so; they are gone then. */
static size_t take_names(const char *folder, const char *prefix) {
    char path[500];
    DIR *stream = opendir(folder);
    size_t n = 0;
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        n += nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0;
    }
    if (stream) closedir(stream);
    return n;
}

static size_t take_temporaries(const struct scene *scene) {
    return take_names(scene->folder.path, ".tolka-") + take_names(scene->cache, ".tolka-") +
           take_names(scene->scratch, "tolka-");
}

/* The model in the cache, which is empty then; NULL: there is none. */
static char *take_cached(const struct scene *scene, size_t *n) {
    char path[500], *bytes = NULL;
    DIR *stream = opendir(scene->cache);
    *n = 0;
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        if (entry->d_name[0] == '.') continue;
        ck_assert_msg(!bytes, "two models in the cache");
        snprintf(path, sizeof path, "%s/%s", scene->cache, entry->d_name);
        bytes = read_whole_file(path, n);
        unlink(path);
    }
    if (stream) closedir(stream);
    return bytes;
}

static char *read_result(const struct scene *scene, size_t *n) {
    return scene->work->leaves == CACHE ? take_cached(scene, n) : read_whole_file(scene->out, n);
}

/* ---- work ------------------------------------------------------------------------------------ */

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* From 0 to below 1. */
static double draw(struct scene *scene) {
    scene->random ^= scene->random << 13;
    scene->random ^= scene->random >> 7;
    scene->random ^= scene->random << 17;
    return (double)(scene->random >> 11) * 0x1p-53;
}

static void lay_out(const struct scene *scene) {
    unlink(scene->out);
    if (scene->before) write_bytes(scene->out, scene->before, scene->n_before);
}

static pid_t start_work(const struct scene *scene) {
    bool to_file = false;
    for (size_t i = 0; scene->arguments[i]; i++) to_file |= scene->arguments[i] == scene->out;
    return command_start(scene->arguments, to_file ? NULL : scene->out);
}

/* All of it, as nobody kills it. */
static void finish_work(struct scene *scene) {
    int status;
    double began = now();
    lay_out(scene);
    ck_assert_int_gt(waitpid(start_work(scene), &status, 0), 0);
    scene->seconds = now() - began;
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: wait status %x",
                  scene->work->name, status);
}

static void pack_checkpoint(const struct scene *scene) {
    static const struct packed files[] = {
        {.name = "m/model.safetensors", .from = MARIAN "/model.safetensors"},
        {.name = "m/config.json", .from = MARIAN "/config.json"},
        {.name = "m/vocab.json", .from = MARIAN "/vocab.json"},
        {.name = "m/source.spm", .from = MARIAN "/source.spm"},
        {.name = "m/target.spm", .from = MARIAN "/target.spm"},
        {.name = NULL},
    };
    pack_files(scene->tar, files);
}

static void write_lines(const char *path) {
    char lines[N_LINES * 40];
    size_t n = 0;
    for (int i = 0; i < N_LINES; i++)
        n += (size_t)sprintf(lines + n, "I have %d friends in this town.\n", i);
    write_bytes(path, lines, n);
}

static void fill_in(struct scene *scene) {
    for (size_t i = 0; i < 14 && scene->work->arguments[i]; i++) {
        const char *argument = scene->work->arguments[i];
        scene->arguments[i] = strcmp(argument, IN) == 0    ? scene->in
                              : strcmp(argument, OUT) == 0 ? scene->out
                              : strcmp(argument, TAR) == 0 ? scene->tar
                                                           : argument;
    }
}

static void scene_open(struct scene *scene, const struct work *work) {
    const char *seed = getenv("KILLS_SEED");
    *scene = (struct scene){.work = work, .folder = cli_folder()};
    snprintf(scene->in, sizeof scene->in, "%s", cli_path(&scene->folder, "in"));
    snprintf(scene->out, sizeof scene->out, "%s", cli_path(&scene->folder, "out.html"));
    snprintf(scene->tar, sizeof scene->tar, "%s", cli_path(&scene->folder, "m.tar"));
    snprintf(scene->scratch, sizeof scene->scratch, "%s", cli_path(&scene->folder, "scratch"));
    snprintf(scene->cache, sizeof scene->cache, "%s", cli_path(&scene->folder, "tolka"));
    snprintf(scene->unfinished, sizeof scene->unfinished, "%s",
             cli_path(&scene->folder, "out.html.unfinished"));
    setenv("XDG_CACHE_HOME", scene->folder.path, 1);
    setenv("TMPDIR", scene->scratch, 1);
    ck_assert_int_eq(mkdir(scene->scratch, 0700), 0);
    write_lines(scene->in);
    pack_checkpoint(scene);
    fill_in(scene);
    if (work->replaces) scene->before = read_whole_file(scene->in, &scene->n_before);
    finish_work(scene);
    scene->result = read_result(scene, &scene->n_result);
    ck_assert_ptr_nonnull(scene->result);
    scene->seed = seed ? strtoull(seed, NULL, 10) : (uint64_t)(now() * 1e9) | 1;
    scene->random = scene->seed;
}

static void scene_close(struct scene *scene) {
    free(scene->before);
    free(scene->result);
    rmdir(scene->scratch);
    rmdir(scene->cache);
    cli_remove(&scene->folder, (const char *const[]){"in", "out.html", "m.tar", NULL});
}

/* ---- what is left ---------------------------------------------------------------------------- */

/* The first lines of the result, whole ones. Who is killed at once has no say in where its last
 * write ends. */
static bool are_first_lines(const struct scene *scene, const char *bytes, size_t n, int number) {
    return n <= scene->n_result && memcmp(bytes, scene->result, n) == 0 &&
           (n == 0 || bytes[n - 1] == '\n' || number == SIGKILL);
}

static bool is_same(const char *a, size_t n_a, const char *b, size_t n_b) {
    return !a == !b && n_a == n_b && (!a || memcmp(a, b, n_a) == 0);
}

static bool may_be_left(const struct scene *scene, const char *bytes, size_t n, int number) {
    if (is_same(bytes, n, scene->result, scene->n_result)) return true;
    if (is_same(bytes, n, scene->before, scene->n_before)) return true;
    return bytes && scene->work->leaves == LINES && are_first_lines(scene, bytes, n, number);
}

/* Beside an input that was to be replaced. */
static void check_unfinished(const struct scene *scene, int number) {
    size_t n;
    char *bytes = read_whole_file(scene->unfinished, &n);
    ck_assert_msg(!bytes || are_first_lines(scene, bytes, n, number), "%s, signal %d, seed %llu",
                  scene->work->name, number, (unsigned long long)scene->seed);
    free(bytes);
    unlink(scene->unfinished);
}

static void check_left(const struct scene *scene, int status, int number) {
    size_t n, n_temporaries = take_temporaries(scene);
    char *bytes = read_result(scene, &n);
    bool ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == number;
    ck_assert_msg(ended || killed, "%s, signal %d, seed %llu: wait status %x", scene->work->name,
                  number, (unsigned long long)scene->seed, status);
    ck_assert_msg(may_be_left(scene, bytes, n, number) &&
                      (!ended || is_same(bytes, n, scene->result, scene->n_result)),
                  "%s, signal %d, seed %llu: %zu of %zu bytes", scene->work->name, number,
                  (unsigned long long)scene->seed, n, scene->n_result);
    ck_assert_msg(n_temporaries == 0 || number == SIGKILL,
                  "%s, signal %d, seed %llu: %zu temporary files", scene->work->name, number,
                  (unsigned long long)scene->seed, n_temporaries);
    check_unfinished(scene, number);
    free(bytes);
}

static void kill_once(struct scene *scene, int number) {
    double moment = draw(scene) * scene->seconds * 1.1;
    struct timespec pause = {(time_t)moment, (long)((moment - (double)(time_t)moment) * 1e9)};
    int status;
    lay_out(scene);
    pid_t child = start_work(scene);
    nanosleep(&pause, NULL);
    kill(child, number);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    scene->n_hit += WIFSIGNALED(status);
    check_left(scene, status, number);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static int kills_of_each(void) {
    const char *wanted = getenv("KILLS");
    return wanted ? (atoi(wanted) + N_WORKS - 1) / N_WORKS : 3;
}

START_TEST(killed_at_any_moment) {
    static const int signals[] = {SIGKILL, SIGTERM, SIGINT};
    struct scene scene;
    int n = kills_of_each();
    scene_open(&scene, &works[_i]);
    for (int i = 0; i < n; i++) kill_once(&scene, signals[i % 3]);
    if (getenv("KILLS"))
        fprintf(stderr, "%s: %d kills, %d of them at work\n", works[_i].name, n, scene.n_hit);
    finish_work(&scene); /* whatever was left is in nobody's way */
    check_left(&scene, 0, 0);
    scene_close(&scene);
}
END_TEST

TCase *faults_kills_case(void) {
    TCase *kills = tcase_create("kills");
    tcase_set_timeout(kills, getenv("KILLS") ? 3600 : 60);
    tcase_add_loop_test(kills, killed_at_any_moment, 0, N_WORKS);
    return kills;
}
