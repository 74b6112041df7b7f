/* Checkpoints in tests/fixtures with a reference.json beside them: what another implementation
 * computed from the same weights. A fixture is converted with tolka convert's own code, opened, and
 * compared value by value. All functions fail the running test where something differs. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "engine/decoder.h"
#include "engine/encoder.h"
#include "engine/kernels/kernels.h"
#include "engine/open.h"
#include "engine/worker.h"
#include "models/convert/conversion.h"

#include <check.h>
#include <jansson.h>

#define FIXTURES "tests/fixtures/"

struct fixture {
    const char *folder;
    json_t *reference; /* NULL: there is no reference.json */
    json_t *cases;     /* borrowed */
    tolka_model *model;
};

/* Converts tests/fixtures/FOLDER at a type and opens the result. */
struct fixture fixture_open(const char *folder, enum dtype type);
/* The same for a checkpoint (a path under tests/fixtures) that needs options of its own, with the
 * reference.json of FOLDER. */
struct fixture fixture_open_with(const char *folder, const char *checkpoint,
                                 const struct convert_options *options);
void fixture_close(struct fixture *fixture);

/* ---- comparisons: for every case of the reference -------------------------------------------- */

enum { LENGTH_IN_REFERENCES = 39 }; /* max_length 40 there counts the start token */

/* Values of the encoder's output. */
void check_encoder(const struct fixture *fixture, const char *isa, double tolerance);
/* Greatest logits and logsumexp of first_step, first_free_step and forced_step, from the decoder.
 */
void check_logits(const struct fixture *fixture, const char *isa, double tolerance);
/* tolka_score of the forced target: log-probability = logit - logsumexp at each position. */
void check_forced_scores(const struct fixture *fixture, const char *isa, double tolerance);
/* Ids of "greedy" or "beam4", equal; beam scores within the tolerance. */
void check_search(const struct fixture *fixture, const char *isa, const char *search,
                  double tolerance);
void check_nbest(const struct fixture *fixture, const char *isa, double tolerance);
/* Text to source ids, and generated ids to text. */
void check_texts(const struct fixture *fixture);
/* All of it, on every instruction set that this machine has. */
void check_fixture(const struct fixture *fixture, double tolerance);

/* ---- pieces of it, for other tests ----------------------------------------------------------- */

/* Calls visit for each level of this machine, best first. */
void for_each_level(void (*visit)(void *user, const char *isa), void *user);

/* Ids of a JSON array; the caller frees them. */
int32_t *json_id_list(const json_t *list, size_t *n);
/* The tokenizer for a case's languages. */
tolka_tokenizer *case_tokenizer(const struct fixture *fixture, const json_t *entry);
/* An input with the case's source_ids and target language; free .ids. */
tolka_input case_input(const struct fixture *fixture, const json_t *entry);

tolka_translator *open_translator(const tolka_model *model, const tolka_options *options);
/* Translates or scores; results in the order of the inputs. free_results afterwards. */
tolka_result **run_inputs(tolka_translator *translator, const tolka_input *inputs, size_t n,
                          bool scoring);
void free_results(tolka_result **results, size_t n);

/* Makes a worker and leaves the encoder's output of one sentence in its activations.x; worker_free
 * it. */
void encode_one(struct worker *worker, const struct model *model, const char *isa,
                const int32_t *ids, size_t n_ids, size_t n_steps);
/* Logits [n_inputs][target_vocab] of a worker that encode_one made, step by step through the
 * cache; free them. */
float *decode_all(struct worker *worker, const int32_t *inputs, size_t n_inputs);

#endif
