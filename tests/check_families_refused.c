/* Checkpoints that tolka does not run are refused by the name of what it does not do. */
#include "models/families.h"
#include "tests/check_families_native.h"

#include <string.h>

/* A checkpoint of named scalars without weights. */
struct stub {
    struct {
        const char *name;
        float value;
    } scalars[4];
};

static bool stub_tensor(const void *user, const char *name, uint32_t *rank, const uint64_t **dims) {
    const struct stub *stub = user;
    static const uint64_t one = 1;
    for (size_t i = 0; i < 4 && stub->scalars[i].name; i++)
        if (strcmp(stub->scalars[i].name, name) == 0) {
            *rank = 0;
            *dims = &one;
            return true;
        }
    return false;
}

static bool stub_row(const void *user, const char *name, uint64_t row, size_t n, float *out) {
    const struct stub *stub = user;
    (void)row;
    (void)n;
    for (size_t i = 0; i < 4 && stub->scalars[i].name; i++)
        if (strcmp(stub->scalars[i].name, name) == 0) return *out = stub->scalars[i].value, true;
    return false;
}

static bool stub_same(const void *user, const char *a, const char *b) {
    (void)user;
    return strcmp(a, b) == 0;
}

static bool stub_file(const void *user, const char *names) {
    (void)user;
    (void)names;
    return false;
}

static const char *stub_type(const void *user, const char *name) {
    (void)user;
    (void)name;
    return "float32";
}

static int32_t stub_token(const void *user, const char *vocabulary, const char *token) {
    (void)user;
    (void)vocabulary;
    (void)token;
    return -1;
}

static void __attribute__((format(printf, 2, 3)))
stub_warn(const void *user, const char *format, ...) {
    (void)user;
    (void)format;
}

static void expect_refusal(const struct family *family, const struct stub *stub, const char *yaml,
                           const char *expected) {
    struct settings *config, *empty;
    tolka_error err = {0};
    ck_assert(settings_parse_yaml(&config, yaml, strlen(yaml), "model.yml", &err) == TOLKA_OK);
    ck_assert(settings_parse(&empty, "{}", 2, "empty", &err) == TOLKA_OK);
    struct checkpoint checkpoint = {.name = "stub",
                                    .config = config,
                                    .generation = empty,
                                    .tokenizer = empty,
                                    .tensor = stub_tensor,
                                    .same = stub_same,
                                    .row = stub_row,
                                    .type = stub_type,
                                    .file = stub_file,
                                    .token = stub_token,
                                    .warn = stub_warn,
                                    .user = stub};
    struct config filled;
    struct tokenizer_plan plan;
    ck_assert_int_ne(family->configure(&checkpoint, &filled, &plan, &err), TOLKA_OK);
    ck_assert_msg(strstr(err.text, expected), "\"%s\" does not speak of %s", err.text, expected);
    settings_free(config);
    settings_free(empty);
}

START_TEST(marian_refusals_name_the_key) {
    static const struct {
        const char *line, *key;
    } cases[] = {
        {"type: s2s", "type"},
        {"type: transformer\nulr: true", "ulr"},
        {"type: transformer\nlemma-dim-emb: 8", "lemma-dim-emb"},
        {"type: transformer\nright-left: true", "right-left"},
        {"type: transformer\ntransformer-no-projection: true", "transformer-no-projection"},
        {"type: transformer\ntransformer-decoder-autoreg: average-attention",
         "transformer-decoder-autoreg"},
        {"type: transformer\ntransformer-decoder-autoreg: rnn\ndec-cell: gru", "dec-cell"},
        {"type: transformer\ntransformer-ffn-depth: 3", "transformer-ffn-depth"},
        {"type: transformer\ntransformer-ffn-activation: mish", "transformer-ffn-activation"},
        {"type: transformer\ntransformer-postprocess: dhn", "transformer-postprocess"},
        {"type: transformer\ntransformer-preprocess: n", "transformer-postprocess"},
        {"type: transformer\ntransformer-postprocess-top: a", "transformer-postprocess-top"},
        {"type: transformer\ntransformer-postprocess-emb: a", "transformer-postprocess-emb"},
        {"type: transformer\ntransformer-decoder-ffn-depth: 3", "transformer-decoder-ffn-depth"},
        {"type: transformer\ntransformer-attention-mask: alibi", "transformer-attention-mask"},
        {"type: transformer\ntransformer-decoder-autoreg: rnn\nlayer-normalization: true",
         "layer-normalization"},
        {"type: transformer\ndim-vocabs:\n- 10\n- 10\n- 10", "dim-vocabs"},
        {"type: transformer\ntransformer-tied-layers:\n- 1\n- 1", "transformer-tied-layers"},
        {"type: transformer\ntransformer-heads: many", "transformer-heads"},
        {"type: transformer\ntransformer-guided-alignment-layer: first",
         "transformer-guided-alignment-layer"},
        {"type: transformer\ntransformer-guided-alignment-layer: 0",
         "transformer-guided-alignment-layer is 0"},
        {"type: transformer\ndec-depth: 2\ntransformer-guided-alignment-layer: 3",
         "transformer-guided-alignment-layer is 3; the decoder has 2"},
    };
    static const struct stub nothing;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, "dim-emb: 64\n%s\n", cases[i].line);
        expect_refusal(&family_marian_native, &nothing, yaml, cases[i].key);
    }
    expect_refusal(&family_marian_native, &nothing, "dim-emb: 64\n", "special:model.yml");
}
END_TEST

START_TEST(ctranslate2_refusals_name_the_attribute) {
    static const char linear[] = "%s/layer_0/ffn/linear_1/weight";
    char encoder[64], decoder[64];
    snprintf(encoder, sizeof encoder, linear, "encoder");
    snprintf(decoder, sizeof decoder, linear, "decoder");
    static const char *const names[] = {"encoder/alibi",
                                        "decoder/multi_query_attention",
                                        "decoder/final_logit_softcapping",
                                        "encoder/layer_0/self_attention/rotary_dim",
                                        "decoder/layer_0/self_attention/relative_position_keys",
                                        "decoder/layer_0/attention/num_heads_kv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct stub stub = {{{encoder, 0}, {decoder, 0}, {names[i], 2}, {NULL, 0}}};
        expect_refusal(&family_ctranslate2, &stub, "a: b\n", names[i]);
    }
    static const struct stub nothing;
    expect_refusal(&family_ctranslate2, &nothing, "a: b\n", "encoder");
}
END_TEST

/* What tolka has once for both stacks, and numbers that are none. */
START_TEST(ctranslate2_contradictions_name_what_differs) {
    static const char encoder[] = "encoder/layer_0/ffn/linear_1/weight";
    static const char decoder[] = "decoder/layer_0/ffn/linear_1/weight";
    static const struct {
        const char *name;
        float value;
        const char *says;
    } cases[] = {
        {"encoder/layer_norm/gamma", 1, "encoder and decoder differ in their norms"},
        {"decoder/layernorm_embedding/gamma", 1, "differ in their norms"},
        {"encoder/layer_0/ffn/layer_norm/beta", 1, "differ in their norms"},
        {"decoder/pre_norm", 0, "differ in their norms"},
        {"encoder/activation", 2, "differ in their activation"},
        {"decoder/layer_0/ffn/linear_0_noact/weight", 1, "differ in their activation"},
        {"encoder/layer_0/ffn/linear_1/bias", 1, "differ in their biases"},
        {"encoder/layer_0/self_attention/queries_scale", 0.5f, "differ in their queries_scale"},
        {"decoder/layer_0/attention/queries_scale", 0.5f,
         "attribute decoder/layer_0/attention is set"},
        {"activation", 9, "attribute activation is set"},
        {"encoder/num_heads", 0, "attribute num_heads is 0; expected 1 to 1024"},
        {"num_heads", 2.5f, "attribute num_heads is 2.5; expected 1 to 1024"},
        {"num_heads", 2000, "attribute num_heads is 2000; expected 1 to 1024"},
        {"activation", 300, "attribute activation is 301; expected 1 to 256"},
        {"encoder/embeddings_1/weight", 1, "attribute encoder/embeddings_1 is set"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stub stub = {
            {{encoder, 0}, {decoder, 0}, {cases[i].name, cases[i].value}, {NULL, 0}}};
        expect_refusal(&family_ctranslate2, &stub, "a: b\n", cases[i].says);
    }
}
END_TEST

/* fairseq's options by the names that its command line gives them. */
START_TEST(fairseq_refusals_name_the_option) {
    static const struct {
        const char *options, *says;
    } cases[] = {
        {"adaptive_input: true", "option adaptive_input: tolka does not do this"},
        {"adaptive_softmax_cutoff: '1000,2000'", "option adaptive_softmax_cutoff"},
        {"adaptive_softmax_cutoff:\n- 1000", "option adaptive_softmax_cutoff"},
        {"cross_self_attention: true", "option cross_self_attention"},
        {"character_embeddings: true", "option character_embeddings"},
        {"moe_freq: 2", "option moe_freq"},
        {"adaptive_input: false", "option encoder_attention_heads is missing"},
        {"adaptive_softmax_cutoff: ''", "option encoder_attention_heads is missing"},
        {"adaptive_softmax_cutoff: []", "option encoder_attention_heads is missing"},
        {"moe_freq: 0", "option encoder_attention_heads is missing"},
        {"moe_freq: 0.0", "option encoder_attention_heads is missing"},
        {"adaptive_input: null", "option encoder_attention_heads is missing"},
        {"encoder_attention_heads: 2\nencoder_learned_pos: true",
         "option decoder_learned_pos: differs from the encoder's"},
        {"encoder_attention_heads: 2\nencoder_normalize_before: true",
         "option decoder_normalize_before: differs from the encoder's"},
        {"encoder_attention_heads: 2\nactivation_fn: mish", "no activation is called \"mish\""},
        {"encoder_attention_heads: 2\nactivation_fn: gelu_accurate", "no source embeddings"},
        {"encoder_attention_heads: 2\nactivation_fn: 3", "activation_fn is 3"},
    };
    static const struct stub nothing;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, "%s\n", cases[i].options);
        expect_refusal(&family_fairseq, &nothing, yaml, cases[i].says);
    }
}
END_TEST

/* Checkpoints that lack what every model of the family has. */
START_TEST(what_is_missing_is_named) {
    static const struct stub nothing;
    static const struct stub norm_alone = {{{"decoder.final_layer_norm.weight", 1}}};
    expect_refusal(&family_t5, &nothing, "a: b\n", "an encoder alone, which cannot translate");
    expect_refusal(&family_t5, &norm_alone, "a: b\n",
                   "no embedding table (shared.weight or encoder.embed_tokens.weight)");
    expect_refusal(&family_bart, &nothing, "a: b\n", "no embedding table (model.shared.weight");
    expect_refusal(&family_marian_native, &nothing, "type: transformer\ndim-emb: 64\n",
                   "no embedding table (Wemb or encoder_Wemb)");
    expect_refusal(&family_vaswani, &nothing, "a: b\n",
                   "no source embeddings (encoder.embed_tokens.weight, src_embed.weight or");
}
END_TEST

void add_refusal_tests(Suite *suite) {
    TCase *refused = tcase_create("refused");
    tcase_add_test(refused, marian_refusals_name_the_key);
    tcase_add_test(refused, ctranslate2_refusals_name_the_attribute);
    tcase_add_test(refused, ctranslate2_contradictions_name_what_differs);
    tcase_add_test(refused, fairseq_refusals_name_the_option);
    tcase_add_test(refused, what_is_missing_is_named);
    suite_add_tcase(suite, refused);
}
