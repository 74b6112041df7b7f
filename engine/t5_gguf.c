/* T5 models as llama.cpp writes them: GGUF of architecture "t5", read in place. */
#include "engine/t5_gguf.h"

#include <math.h>
#include <string.h>

struct t5_reader {
    const struct gguf *gguf;
    tolka_status status;
    tolka_error *err;
};

static double read_number(struct t5_reader *reader, const char *key, double absent, double min,
                          double max) {
    const struct gguf_value *value = gguf_find(reader->gguf, key);
    double number = absent;
    if (reader->status != TOLKA_OK || (!value && absent >= min)) return absent;
    if (!value)
        reader->status =
            fail(reader->err, TOLKA_FORMAT, "%s: key %s is missing", reader->gguf->name, key);
    else if (!gguf_number(value, &number) || !(number >= min && number <= max))
        reader->status = fail(reader->err, TOLKA_FORMAT, "%s: key %s: expected %g to %g",
                              reader->gguf->name, key, min, max);
    return reader->status == TOLKA_OK ? number : absent; /* what is no int would not become one */
}

static uint32_t read_size(struct t5_reader *reader, const char *key, double absent, double max) {
    double number = read_number(reader, key, absent, 1, max);
    return number >= 1 ? (uint32_t)number : 1;
}

static void read_sizes(struct t5_reader *reader, struct config *config) {
    config->d_model = read_size(reader, "t5.embedding_length", 0, MAX_WIDTH);
    config->encoder_layers = read_size(reader, "t5.block_count", 0, MAX_LAYERS);
    config->decoder_layers =
        read_size(reader, "t5.decoder_block_count", config->encoder_layers, MAX_LAYERS);
    config->encoder_heads = config->decoder_heads =
        read_size(reader, "t5.attention.head_count", 0, MAX_HEADS);
    config->head_dim = read_size(reader, "t5.attention.key_length", 0, MAX_WIDTH);
    config->encoder_ffn = config->decoder_ffn =
        read_size(reader, "t5.feed_forward_length", 0, MAX_FFN);
    config->relative_buckets =
        read_size(reader, "t5.attention.relative_buckets_count", 32, MAX_BUCKETS);
    double epsilon = read_number(reader, "t5.attention.layer_norm_rms_epsilon", 1e-6, 0, 1);
    config->norm_epsilon =
        (float)read_number(reader, "t5.attention.layer_norm_epsilon", epsilon, 0, 1);
    uint32_t value_length =
        read_size(reader, "t5.attention.value_length", config->head_dim, MAX_WIDTH);
    if (reader->status == TOLKA_OK && value_length != config->head_dim)
        reader->status =
            fail(reader->err, TOLKA_UNSUPPORTED, "%s: keys of %u and values of %u per head",
                 reader->gguf->name, config->head_dim, value_length);
}

/* Which token is <unk> stands in the list of types only, unless config.json named it. */
static int32_t find_unknown(const struct gguf *gguf) {
    enum { UNKNOWN = 2 };
    const struct gguf_value *types = gguf_find(gguf, "tokenizer.ggml.token_type");
    uint64_t n = types && types->type == GGUF_ARRAY ? types->count : 0;
    for (uint64_t i = 0; i < n && i <= INT32_MAX; i++)
        if (gguf_array_integer(types, (size_t)i) == UNKNOWN) return (int32_t)i;
    return 2;
}

static void read_tokens(struct t5_reader *reader, struct config *config) {
    config->start_token =
        (int32_t)read_number(reader, "t5.decoder_start_token_id", 0, 0, MAX_VOCAB);
    config->end_token =
        (int32_t)read_number(reader, "tokenizer.ggml.eos_token_id", 1, 0, MAX_VOCAB);
    config->unknown_token = (int32_t)read_number(reader, "tokenizer.ggml.unknown_token_id",
                                                 find_unknown(reader->gguf), 0, MAX_VOCAB);
    config->pad_token =
        (int32_t)read_number(reader, "tokenizer.ggml.padding_token_id", 0, 0, MAX_VOCAB);
}

/* A converted pytorch_model.bin has the output matrix of a tied model, too. */
static bool has_own_output(const struct gguf *gguf) {
    const struct gguf_tensor *table = gguf_tensor(gguf, "token_embd.weight");
    const struct gguf_tensor *output = gguf_tensor(gguf, "output.weight");
    if (!output) return false;
    return output->type != table->type || output->n_bytes != table->n_bytes ||
           memcmp(output->data, table->data, table->n_bytes) != 0;
}

tolka_status t5_configure_gguf(struct config *config, const struct gguf *gguf, tolka_error *err) {
    struct t5_reader reader = {gguf, TOLKA_OK, err};
    if (read_number(&reader, "split.count", 0, 0, 65535) > 1)
        return fail(err, TOLKA_UNSUPPORTED, "%s: one part of a file that was split; join the parts",
                    gguf->name);
    config_init(config);
    read_sizes(&reader, config);
    read_tokens(&reader, config);
    if (reader.status != TOLKA_OK) return reader.status;
    const struct gguf_tensor *table = gguf_tensor(gguf, "token_embd.weight");
    if (!table || table->dims[1] > MAX_VOCAB)
        return fail(err, TOLKA_FORMAT, "%s: no tensor token_embd.weight for up to %d tokens",
                    gguf->name, MAX_VOCAB);
    config->source_vocab = config->target_vocab = (uint32_t)table->dims[1];
    config->norm_kind = NORM_RMS;
    config->norm_place = NORM_PRE;
    config->final_norm = true;
    config->linear_bias = false;
    config->gated_ffn = gguf_tensor(gguf, "enc.blk.0.ffn_gate.weight") != NULL;
    config->activation = config->gated_ffn ? ACTIVATION_GELU_TANH : ACTIVATION_RELU;
    config->position_kind = POSITION_RELATIVE;
    config->relative_max_distance = 128;
    config->relative_bias_per_layer = gguf_tensor(gguf, "enc.blk.1.attn_rel_b.weight") != NULL ||
                                      gguf_tensor(gguf, "dec.blk.1.attn_rel_b.weight") != NULL;
    config->attention_scale = 1;
    config->separate_output = has_own_output(gguf);
    /* llama.cpp leaves this factor out; it is part of the models that have no output matrix. */
    if (!config->separate_output) config->output_scale = 1 / sqrtf((float)config->d_model);
    return config_check(config, gguf->name, err);
}
