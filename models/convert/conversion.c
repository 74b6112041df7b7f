/* A checkpoint in, a model file out, one panel of weights in memory at a time. */
#define _POSIX_C_SOURCE 200809L
#include "models/convert/conversion.h"

#include "engine/model.h"
#include "models/checkpoint/lexical_shortlist.h"
#include "models/checkpoint/names.h"
#include "models/convert/beside.h"
#include "models/convert/config_meta.h"
#include "models/convert/gguf_writer.h"
#include "models/convert/import_roles.h"
#include "models/convert/license.h"
#include "models/convert/output_file.h"
#include "models/convert/pack.h"
#include "models/convert/references.h"
#include "models/convert/say.h"
#include "models/convert/tokenizer_meta.h"
#include "models/families.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct conversion {
    const struct convert_options *options;
    struct import *import;
    struct gguf_writer writer;
    struct lexical_shortlist shortlist;
    FILE *file;
    int reason; /* errno of the first write that failed */
    const char *output;
    uint64_t written; /* bytes of data so far */
};

/* ---- where it comes from ---------------------------------------------------------------------- */

/* A file made from a file of tolka's own still comes from where that one came from. */
static void write_origin(struct conversion *conversion, const char *key, const char *value) {
    const struct gguf_value *earlier = gguf_find(&conversion->import->source.gguf, key);
    if (earlier)
        write_value(&conversion->writer, earlier);
    else
        write_string(&conversion->writer, key, value);
}

static tolka_status write_license(struct conversion *conversion, tolka_error *err) {
    char *license;
    tolka_status status = license_of(&conversion->import->source, &license, err);
    if (license) write_string(&conversion->writer, "general.license", license);
    free(license);
    return status;
}

static tolka_status write_general(struct conversion *conversion, tolka_error *err) {
    struct gguf_writer *writer = &conversion->writer;
    char name[256];
    snprintf(name, sizeof name, "%s", file_name(conversion->output));
    char *dot = strrchr(name, '.');
    if (dot && dot > name) *dot = 0;
    write_string(writer, "general.architecture", "tolka");
    write_u32(writer, "general.alignment", GGUF_WRITE_ALIGNMENT);
    write_string(writer, "general.name", name);
    tolka_status status = write_license(conversion, err);
    write_string(writer, "tolka.version", TOLKA_VERSION);
    write_origin(conversion, "tolka.family", conversion->import->family->name);
    write_origin(conversion, "tolka.container", conversion->import->source.kind_name);
    return status;
}

/* ---- tensors --------------------------------------------------------------------------------- */

static void announce_companion(struct gguf_writer *writer, const struct role *role,
                               const char *what, uint32_t type, size_t n) {
    char name[80];
    if (role_companion(role->name, what, name, sizeof name))
        write_tensor_info(writer, name, type, n, 1, n * sizeof(uint32_t));
}

static tolka_status announce(void *user, const struct role *role, tolka_error *err) {
    struct conversion *conversion = user;
    struct gguf_writer *writer = &conversion->writer;
    enum dtype type = conversion->options->type;
    if (role->kind != ROLE_MATRIX) {
        bool vector = role->kind == ROLE_VECTOR;
        write_tensor_info(writer, role->name, DTYPE_F32, vector ? role->n_out : role->n_in,
                          vector ? 1 : role->n_out, role->n_out * role->n_in * sizeof(float));
        return TOLKA_OK;
    }
    write_tensor_info(writer, role->name, (uint32_t)type, matrix_panel_elements(type, role->n_in),
                      matrix_panels(role->n_out), packed_bytes(type, role->n_out, role->n_in));
    if (type != DTYPE_I8) return TOLKA_OK;
    announce_companion(writer, role, "scale", DTYPE_F32, matrix_padded(role->n_out));
    announce_companion(writer, role, "sum", DTYPE_I32, matrix_padded(role->n_out));
    struct role_source source;
    tolka_status status = import_find(conversion->import, role, &source, err);
    if (status == TOLKA_OK && source.tensor->input_multiplier > 0)
        announce_companion(writer, role, "input_multiplier", DTYPE_F32, 1);
    return status;
}

static void put(struct conversion *conversion, const void *bytes, size_t n) {
    if (fwrite(bytes, 1, n, conversion->file) != n && !conversion->reason)
        conversion->reason = errno ? errno : EIO;
    conversion->written += n;
}

static tolka_status check_written(const struct conversion *conversion, tolka_error *err) {
    if (!conversion->reason) return TOLKA_OK;
    return fail(err, TOLKA_IO, "cannot write %s: %s", conversion->output,
                strerror(conversion->reason));
}

static void pad(struct conversion *conversion) {
    static const uint8_t zeros[GGUF_WRITE_ALIGNMENT];
    size_t past = conversion->written % GGUF_WRITE_ALIGNMENT;
    if (past) put(conversion, zeros, GGUF_WRITE_ALIGNMENT - past);
}

static tolka_status write_rows(struct conversion *conversion, const struct role *role,
                               const struct role_source *source, tolka_error *err) {
    size_t n_rows = role->kind == ROLE_VECTOR ? 1 : role->n_out;
    size_t n = role->kind == ROLE_VECTOR ? role->n_out : role->n_in;
    float *row = malloc(n * sizeof *row);
    tolka_status status = row ? TOLKA_OK : fail(err, TOLKA_NOMEM, "out of memory");
    for (size_t r = 0; r < n_rows && status == TOLKA_OK; r++) {
        status = import_read(source, role, r, row, err);
        if (status == TOLKA_OK) put(conversion, row, n * sizeof *row);
    }
    free(row);
    pad(conversion);
    return status;
}

/* Int8 weights keep the scales that they came with, so that they come out as they were. */
static const float *fixed_scales(const struct role_source *source, size_t r, float scales[16]) {
    const struct source_tensor *tensor = source->tensor;
    if (tensor->type != SOURCE_I8 || !tensor->scale) return NULL;
    uint64_t rows = tensor->n_scales;
    for (size_t i = 0; i < PANEL_OUTPUTS; i++) {
        uint64_t row = source->first + r + i;
        scales[i] = rows == 1 ? tensor->scale[0] : row < rows ? tensor->scale[row] : 0;
    }
    return scales;
}

struct packing {
    float *rows, *scale;
    int32_t *sum;
    uint8_t *panel;
};

static void packing_free(struct packing *packing) {
    free(packing->rows);
    free(packing->scale);
    free(packing->sum);
    free(packing->panel);
}

static tolka_status check_fits(const struct role *role, const float *row, tolka_error *err) {
    for (size_t i = 0; i < role->n_in; i++)
        if (!(row[i] >= -Q4_0_MAX && row[i] <= Q4_0_MAX))
            return fail(err, TOLKA_UNSUPPORTED,
                        "%s has a weight of %g, which 4 bits with 16 bit scales do not hold; "
                        "convert to int8",
                        role->name, (double)row[i]);
    return TOLKA_OK;
}

static tolka_status write_panels(struct conversion *conversion, const struct role *role,
                                 const struct role_source *source, struct packing *packing,
                                 tolka_error *err) {
    enum dtype type = conversion->options->type;
    tolka_status status = TOLKA_OK;
    for (size_t first = 0; first < role->n_out && status == TOLKA_OK; first += PANEL_OUTPUTS) {
        size_t n = role->n_out - first < PANEL_OUTPUTS ? role->n_out - first : PANEL_OUTPUTS;
        float fixed[PANEL_OUTPUTS];
        for (size_t r = 0; r < n && status == TOLKA_OK; r++) {
            float *row = packing->rows + r * role->n_in;
            status = import_read(source, role, first + r, row, err);
            if (status == TOLKA_OK && type == DTYPE_Q4_0) status = check_fits(role, row, err);
        }
        if (status != TOLKA_OK) break;
        pack_panel(type, packing->rows, n, role->n_in, fixed_scales(source, first, fixed),
                   packing->panel, packing->scale + first, packing->sum + first);
        put(conversion, packing->panel, packed_bytes(type, PANEL_OUTPUTS, role->n_in));
    }
    pad(conversion);
    return status;
}

static tolka_status write_matrix(struct conversion *conversion, const struct role *role,
                                 const struct role_source *source, tolka_error *err) {
    enum dtype type = conversion->options->type;
    size_t padded = matrix_padded(role->n_out);
    struct packing packing = {.rows = calloc(PANEL_OUTPUTS * role->n_in, sizeof(float)),
                              .scale = calloc(padded, sizeof(float)),
                              .sum = calloc(padded, sizeof(int32_t)),
                              .panel = malloc(packed_bytes(type, PANEL_OUTPUTS, role->n_in))};
    tolka_status status = TOLKA_OK;
    if (!packing.rows || !packing.scale || !packing.sum || !packing.panel)
        status = fail(err, TOLKA_NOMEM, "out of memory for tensor %s", role->name);
    if (status == TOLKA_OK) status = write_panels(conversion, role, source, &packing, err);
    if (status == TOLKA_OK && type == DTYPE_I8) {
        put(conversion, packing.scale, padded * sizeof(float));
        pad(conversion);
        put(conversion, packing.sum, padded * sizeof(int32_t));
        pad(conversion);
        if (source->tensor->input_multiplier > 0) {
            put(conversion, &source->tensor->input_multiplier, sizeof(float));
            pad(conversion);
        }
    }
    packing_free(&packing);
    return status;
}

static void report_progress(const struct conversion *conversion, const char *tensor) {
    const struct convert_options *options = conversion->options;
    if (options->progress)
        options->progress(options->import.user,
                          (double)conversion->written / (double)conversion->writer.data_bytes,
                          tensor);
}

static tolka_status write_tensor(void *user, const struct role *role, tolka_error *err) {
    struct conversion *conversion = user;
    struct role_source source;
    tolka_status status = import_find(conversion->import, role, &source, err);
    if (status != TOLKA_OK) return status;
    report_progress(conversion, role->name);
    status = role->kind == ROLE_MATRIX ? write_matrix(conversion, role, &source, err)
                                       : write_rows(conversion, role, &source, err);
    map_release(source.tensor->data, source.tensor->n_bytes);
    return status == TOLKA_OK ? check_written(conversion, err) : status;
}

/* ---- shortlist ------------------------------------------------------------------------------- */

/* The one that a file of tolka's own has. */
static tolka_status copy_shortlist(struct conversion *conversion, tolka_error *err) {
    const struct import *import = conversion->import;
    struct lexical_shortlist *list = &conversion->shortlist;
    struct model model;
    tolka_status status = model_bind_gguf(&model, &import->config, &import->source.gguf, err);
    if (status != TOLKA_OK) return status;
    struct shortlist from = model.shortlist; /* points into the map */
    model_unbind(&model);
    if (from.n_offsets == 0) return TOLKA_OK;
    list->first = from.first;
    list->n_offsets = from.n_offsets;
    list->n_ids = (uint32_t)from.n_ids;
    list->offsets = malloc(from.n_offsets * sizeof *list->offsets);
    list->ids = malloc(from.n_ids * sizeof *list->ids + 1);
    if (!list->offsets || !list->ids) return fail(err, TOLKA_NOMEM, "out of memory");
    memcpy(list->offsets, from.offsets, from.n_offsets * sizeof *list->offsets);
    memcpy(list->ids, from.ids, from.n_ids * sizeof *list->ids);
    return TOLKA_OK;
}

/* The one that was asked for, or Marian's usual name beside the weights. */
static tolka_status read_shortlist(struct conversion *conversion, tolka_error *err) {
    const struct import *import = conversion->import;
    const struct config *config = &import->config;
    const char *path = conversion->options->shortlist;
    char *found = NULL;
    if (!path && import->family == &family_tolka) return copy_shortlist(conversion, err);
    if (!path) path = found = import_shortlist(import);
    if (!path) return import_was_searched(import, TOLKA_OK, err);
    tolka_status status = shortlist_read(&conversion->shortlist, path, config->source_vocab,
                                         config->target_vocab, err);
    if (found && status == TOLKA_OK) import_note(import, "with the lexical shortlist %s", found);
    free(found);
    return status;
}

static tolka_status open_shortlist(struct conversion *conversion, tolka_error *err) {
    tolka_status status = read_shortlist(conversion, err);
    if (status != TOLKA_OK || conversion->shortlist.n_offsets == 0) return status;
    const struct lexical_shortlist *list = &conversion->shortlist;
    write_u32(&conversion->writer, "tolka.shortlist.first", (uint32_t)list->first);
    write_tensor_info(&conversion->writer, "shortlist.offsets", DTYPE_I32, list->n_offsets, 1,
                      list->n_offsets * sizeof(int32_t));
    write_tensor_info(&conversion->writer, "shortlist.ids", DTYPE_I32, list->n_ids, 1,
                      list->n_ids * sizeof(int32_t));
    return TOLKA_OK;
}

static void write_shortlist(struct conversion *conversion) {
    const struct lexical_shortlist *list = &conversion->shortlist;
    if (list->n_offsets == 0) return;
    put(conversion, list->offsets, list->n_offsets * sizeof *list->offsets);
    pad(conversion);
    put(conversion, list->ids, list->n_ids * sizeof *list->ids);
    pad(conversion);
}

/* ---- the file -------------------------------------------------------------------------------- */

static tolka_status read_all(void *user, const struct role *role, tolka_error *err) {
    struct role_source source;
    tolka_status status = import_find(user, role, &source, err);
    size_t n_rows = role->kind == ROLE_VECTOR ? 1 : role->n_out;
    float *row = malloc((role->kind == ROLE_VECTOR ? role->n_out : role->n_in) * sizeof *row);
    if (status == TOLKA_OK && !row) status = fail(err, TOLKA_NOMEM, "out of memory");
    for (size_t r = 0; r < n_rows && status == TOLKA_OK; r++)
        status = import_read(&source, role, r, row, err);
    free(row);
    return status;
}

/* A checkpoint that does not translate may have a weight to blame, which says more. */
static tolka_status write_sentences(struct conversion *conversion, tolka_error *err) {
    struct import *import = conversion->import;
    tolka_error why;
    tolka_status status = write_references(&conversion->writer, import, err);
    if (status != TOLKA_INPUT) return status;
    tolka_status found = for_each_role(&import->config, read_all, import, &why);
    if (found != TOLKA_FORMAT) return status;
    return fail(err, found, "%s: %s", import->source.weights_path, why.text);
}

static tolka_status write_metadata(struct conversion *conversion, tolka_error *err) {
    tolka_status status = write_general(conversion, err);
    if (status == TOLKA_OK)
        status = write_tokenizer(&conversion->writer, conversion->import,
                                 conversion->options->vocab, err);
    if (status != TOLKA_OK) return status;
    write_config(&conversion->writer, &conversion->import->config);
    return write_sentences(conversion, err);
}

static tolka_status write_data(struct conversion *conversion, tolka_error *err) {
    struct buffer header = gguf_header(&conversion->writer);
    if (header.failed) return fail(err, TOLKA_NOMEM, "out of memory");
    put(conversion, header.bytes, header.n_bytes);
    conversion->written = 0; /* data begins here */
    buffer_free(&header);
    tolka_status status = for_each_role(&conversion->import->config, write_tensor, conversion, err);
    report_progress(conversion, NULL);
    if (status == TOLKA_OK) write_shortlist(conversion);
    return status;
}

/* A file of the output's name is whole or not there. */
static tolka_status write_file(struct conversion *conversion, tolka_error *err) {
    struct output_file output;
    unsigned flags = conversion->options->keep ? 0 : OUTPUT_REPLACE;
    tolka_status status = output_open(&output, conversion->output, flags, err);
    if (status != TOLKA_OK) return status;
    conversion->file = output_file_stream(&output);
    status = conversion->file
                 ? write_data(conversion, err)
                 : fail(err, TOLKA_IO, "cannot write %s: %s", conversion->output, strerror(errno));
    if (conversion->file && fclose(conversion->file) != 0 && !conversion->reason)
        conversion->reason = errno;
    if (status == TOLKA_OK) status = check_written(conversion, err);
    if (status == TOLKA_OK) return output_finish(&output, err);
    output_discard(&output);
    return status;
}

static tolka_status count_parameters(void *user, const struct role *role, tolka_error *err) {
    (void)err;
    *(uint64_t *)user += (uint64_t)role->n_out * (role->kind == ROLE_VECTOR ? 1 : role->n_in);
    return TOLKA_OK;
}

static void say_result(struct conversion_result *result, const struct import *import) {
    const struct gguf_value *origin = gguf_find(&import->source.gguf, "tolka.family");
    if (origin && origin->type == GGUF_STRING)
        snprintf(result->family, sizeof result->family, "%.*s", (int)origin->n_bytes,
                 (const char *)origin->data);
    else
        snprintf(result->family, sizeof result->family, "%s", import->family->name);
    for_each_role(&import->config, count_parameters, &result->parameters, NULL);
    for (size_t i = 0; i < import->source.n_maps; i++)
        result->bytes_before += import->source.maps[i].n_bytes;
}

tolka_status convert(const char *input, const char *output, const struct convert_options *options,
                     tolka_error *err) {
    return convert_with_result(input, output, options, NULL, err);
}

tolka_status convert_with_result(const char *input, const char *output,
                                 const struct convert_options *options,
                                 struct conversion_result *result, tolka_error *err) {
    struct import import;
    if (result) *result = (struct conversion_result){.parameters = 0};
    tolka_status status = import_open(&import, input, &options->import, err);
    if (status != TOLKA_OK) return status;
    if (options->begin) options->begin(options->import.user);
    import.config.max_source = options->max_source;
    struct conversion conversion = {.options = options, .import = &import, .output = output};
    status = write_metadata(&conversion, err);
    if (status == TOLKA_OK) status = for_each_role(&import.config, announce, &conversion, err);
    if (status == TOLKA_OK) status = open_shortlist(&conversion, err);
    if (status == TOLKA_OK && result) say_result(result, &import);
    if (status == TOLKA_OK) status = write_file(&conversion, err);
    if (result) result->reader_gone = conversion.reason == EPIPE;
    shortlist_free(&conversion.shortlist);
    gguf_writer_free(&conversion.writer);
    import_close(&import);
    return status;
}

bool parse_type(const char *name, enum dtype *type) {
    static const struct {
        const char *name;
        enum dtype type;
    } types[] = {{"f32", DTYPE_F32},
                 {"f16", DTYPE_F16},
                 {"bf16", DTYPE_BF16},
                 {"int8", DTYPE_I8},
                 {"q4", DTYPE_Q4_0}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(name, types[i].name) == 0) {
            *type = types[i].type;
            return true;
        }
    return false;
}
