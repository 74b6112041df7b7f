/* A model file is untrusted, and SentencePiece 0.1.97 trusts it: it builds its trie by recursion over
 * a piece's bytes, keeps prefix matches in arrays of fixed size and prints if a model's self-tests
 * fail. So what a model says is read here, checked, and written anew: the library sees our bytes
 * only, and cannot find another meaning in the file's. */
#include "tokenizer/spm_check.h"

#include "tokenizer/spm_build.h"
#include "tokenizer/spm_rules.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LONGEST_PIECE = 1024,      /* bytes: the depth of the trie builder's recursion */
    LONGEST_USER_DEFINED = 64, /* bytes: so at most as many are prefixes of one another */
};

static enum spm_status refuse(enum spm_status status, char why[SPM_WHY], const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(why, SPM_WHY, format, args);
    va_end(args);
    return status;
}

/* ---- messages, field by field ---------------------------------------------------------------- */

/* Which fields of a message are taken over; all others are left out. Of a field that comes twice
 * the last one holds, also across two messages that are one (protocol buffers merge those). */
struct known_field {
    uint32_t number;
    enum wire_type type;
    bool is_flag; /* any bit of 64 makes it true; of other numbers, 32 count */
};

enum { MOST_FIELDS = 12 };
struct message {
    const struct known_field *known;
    size_t n_known;
    bool has[MOST_FIELDS];
    struct wire_field fields[MOST_FIELDS];
};

static const struct known_field piece_fields[] = {{PIECE_TEXT, WIRE_BYTES, false},
                                                  {PIECE_SCORE, WIRE_32, false},
                                                  {PIECE_TYPE, WIRE_VARINT, false}};
static const struct known_field trainer_fields[] = {
    {TRAINER_KIND, WIRE_VARINT, false},         {TRAINER_BLANK_BEHIND, WIRE_VARINT, true},
    {TRAINER_BYTE_FALLBACK, WIRE_VARINT, true}, {TRAINER_UNK_ID, WIRE_VARINT, false},
    {TRAINER_BOS_ID, WIRE_VARINT, false},       {TRAINER_EOS_ID, WIRE_VARINT, false},
    {TRAINER_PAD_ID, WIRE_VARINT, false},       {TRAINER_UNK_SURFACE, WIRE_BYTES, false},
    {TRAINER_UNK_PIECE, WIRE_BYTES, false},     {TRAINER_BOS_PIECE, WIRE_BYTES, false},
    {TRAINER_EOS_PIECE, WIRE_BYTES, false},     {TRAINER_PAD_PIECE, WIRE_BYTES, false}};
static const struct known_field normalizer_fields[] = {{NORMALIZER_RULES, WIRE_BYTES, false},
                                                       {NORMALIZER_DUMMY_PREFIX, WIRE_VARINT, true},
                                                       {NORMALIZER_REMOVE_EXTRA, WIRE_VARINT, true},
                                                       {NORMALIZER_ESCAPE, WIRE_VARINT, true}};
_Static_assert(sizeof trainer_fields / sizeof *trainer_fields <= MOST_FIELDS, "room for fields");

static bool read_message(struct message *message, struct wire_span bytes) {
    struct wire_field field;
    while (bytes.n > 0) {
        if (!wire_take(&bytes, &field)) return false;
        for (size_t i = 0; i < message->n_known; i++) {
            if (message->known[i].number != field.number || message->known[i].type != field.type)
                continue;
            message->has[i] = true;
            message->fields[i] = field;
            if (message->known[i].is_flag) message->fields[i].value = field.value != 0;
        }
    }
    return true;
}

static const struct wire_field *find(const struct message *message, uint32_t number) {
    for (size_t i = 0; i < message->n_known; i++)
        if (message->known[i].number == number && message->has[i]) return &message->fields[i];
    return NULL;
}

static void write_message(struct wire_writer *out, uint32_t number, const struct message *message) {
    struct wire_writer inner = {0};
    for (size_t i = 0; i < message->n_known; i++) {
        const struct wire_field *field = &message->fields[i];
        if (!message->has[i]) continue;
        if (field->type == WIRE_BYTES)
            wire_put_bytes(&inner, field->number, field->contents.bytes, field->contents.n);
        else
            wire_put_integer(&inner, field->number, (int32_t)(uint32_t)field->value);
    }
    wire_put_message(out, number, &inner);
}

/* ---- a model --------------------------------------------------------------------------------- */

struct model_reader {
    enum spm_use use;
    size_t n_pieces;
    struct message trainer, normalizer, denormalizer;
    bool has_denormalizer;
    struct wire_writer out;
    char *why;
};

static enum spm_status read_type(const struct message *piece, size_t index, enum piece_type *type,
                                 char why[SPM_WHY]) {
    const struct wire_field *field = find(piece, PIECE_TYPE);
    uint64_t value = field ? field->value : PIECE_NORMAL;
    *type = (enum piece_type)value;
    if (value >= PIECE_NORMAL && value <= PIECE_BYTE) return SPM_OK;
    return refuse(SPM_REFUSED, why, "piece %zu has a type that is not known", index);
}

static enum spm_status check_length(size_t n, enum piece_type type, size_t index,
                                    char why[SPM_WHY]) {
    size_t limit = type == PIECE_USER_DEFINED ? LONGEST_USER_DEFINED : LONGEST_PIECE;
    if (n == 0) return refuse(SPM_REFUSED, why, "piece %zu is empty", index);
    if (n <= limit) return SPM_OK;
    return refuse(SPM_UNSUPPORTED, why, "piece %zu has %zu bytes, at most %zu are supported", index,
                  n, limit);
}

static enum spm_status read_score(const struct message *piece, size_t index, float *score,
                                  char why[SPM_WHY]) {
    const struct wire_field *field = find(piece, PIECE_SCORE);
    uint32_t bits = field ? (uint32_t)field->value : 0;
    memcpy(score, &bits, sizeof *score);
    if (isfinite(*score)) return SPM_OK;
    return refuse(SPM_REFUSED, why, "piece %zu has a score that is no number", index);
}

static enum spm_status read_piece(struct model_reader *reader, struct wire_span bytes) {
    struct message piece = {.known = piece_fields, .n_known = 3};
    size_t index = reader->n_pieces++;
    enum piece_type type;
    float score;
    if (!read_message(&piece, bytes))
        return refuse(SPM_REFUSED, reader->why, "piece %zu is damaged", index);
    const struct wire_field *text = find(&piece, PIECE_TEXT);
    enum spm_status status = read_type(&piece, index, &type, reader->why);
    if (status == SPM_OK)
        status = check_length(text ? text->contents.n : 0, type, index, reader->why);
    if (status == SPM_OK) status = read_score(&piece, index, &score, reader->why);
    if (status != SPM_OK) return status;
    spm_add_piece(&reader->out, (const char *)text->contents.bytes, text->contents.n, score, type);
    return SPM_OK;
}

static enum spm_status read_field(struct model_reader *reader, const struct wire_field *field) {
    struct message *message = NULL;
    if (field->type != WIRE_BYTES) return SPM_OK;
    switch (field->number) {
    case MODEL_PIECE:
        return read_piece(reader, field->contents);
    case MODEL_TRAINER:
        message = &reader->trainer;
        break;
    case MODEL_NORMALIZER:
        message = &reader->normalizer;
        break;
    case MODEL_DENORMALIZER:
        message = &reader->denormalizer;
        reader->has_denormalizer = true;
        break;
    default: /* self-tests among them */
        return SPM_OK;
    }
    if (read_message(message, field->contents)) return SPM_OK;
    return refuse(SPM_REFUSED, reader->why, "its settings are damaged");
}

/* ---- settings -------------------------------------------------------------------------------- */

static enum spm_status check_normalizer(const struct model_reader *reader,
                                        const struct message *normalizer) {
    const struct wire_field *rules = find(normalizer, NORMALIZER_RULES);
    if (!rules) return SPM_OK;
    return spm_check_rules(rules->contents.bytes, rules->contents.n, reader->why);
}

static enum spm_status check_trainer(const struct model_reader *reader) {
    const struct message *trainer = &reader->trainer;
    const struct wire_field *kind = find(trainer, TRAINER_KIND);
    if (kind && (kind->value < SPM_UNIGRAM || kind->value > SPM_CHAR))
        return refuse(SPM_REFUSED, reader->why, "its kind of model is not known");
    for (size_t i = 0; i < trainer->n_known; i++)
        if (trainer->has[i] && trainer->fields[i].contents.n > LONGEST_PIECE)
            return refuse(SPM_REFUSED, reader->why, "the name of a special piece is too long");
    return SPM_OK;
}

/* For decoding alone pieces are said to be whole words, for which nothing is built, and texts are
 * not normalised. */
static void forget_encoding(struct model_reader *reader) {
    reader->trainer.has[0] = true;
    reader->trainer.fields[0] =
        (struct wire_field){.number = TRAINER_KIND, .type = WIRE_VARINT, .value = SPM_WORD};
    reader->normalizer.has[0] = false;
}

static enum spm_status write_settings(struct model_reader *reader) {
    enum spm_status status = check_trainer(reader);
    if (reader->use == SPM_DECODE) forget_encoding(reader);
    if (status == SPM_OK) status = check_normalizer(reader, &reader->normalizer);
    if (status == SPM_OK) status = check_normalizer(reader, &reader->denormalizer);
    if (status != SPM_OK) return status;
    write_message(&reader->out, MODEL_TRAINER, &reader->trainer);
    write_message(&reader->out, MODEL_NORMALIZER, &reader->normalizer);
    if (reader->has_denormalizer)
        write_message(&reader->out, MODEL_DENORMALIZER, &reader->denormalizer);
    return reader->out.failed ? SPM_NOMEM : SPM_OK;
}

static enum spm_status read_model(struct model_reader *reader, struct wire_span bytes) {
    struct wire_field field;
    enum spm_status status = SPM_OK;
    while (status == SPM_OK && bytes.n > 0) {
        if (!wire_take(&bytes, &field))
            return refuse(SPM_REFUSED, reader->why, "not a SentencePiece model, or a damaged one");
        status = read_field(reader, &field);
    }
    if (status == SPM_OK && reader->n_pieces == 0)
        status = refuse(SPM_REFUSED, reader->why, "it has no pieces");
    return status == SPM_OK ? write_settings(reader) : status;
}

enum spm_status spm_check(const uint8_t *bytes, size_t n_bytes, enum spm_use use, uint8_t **out,
                          size_t *n_out, char why[SPM_WHY]) {
    enum { N_TRAINER = sizeof trainer_fields / sizeof *trainer_fields, N_NORMALIZER = 4 };
    struct model_reader reader = {
        .use = use,
        .trainer = {.known = trainer_fields, .n_known = N_TRAINER},
        .normalizer = {.known = normalizer_fields, .n_known = N_NORMALIZER},
        .denormalizer = {.known = normalizer_fields, .n_known = N_NORMALIZER},
        .why = why};
    *out = NULL;
    *n_out = 0;
    if (n_bytes > INT32_MAX / 2)
        return refuse(SPM_UNSUPPORTED, why, "%zu bytes are too many for SentencePiece", n_bytes);
    enum spm_status status = read_model(&reader, (struct wire_span){bytes, n_bytes});
    if (status != SPM_OK) {
        free(reader.out.bytes);
        return status;
    }
    *out = reader.out.bytes;
    *n_out = reader.out.n;
    return SPM_OK;
}
