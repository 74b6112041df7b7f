#include "models/convert/unread.h"

#include "models/convert/say.h"
#include "models/families.h"

#include <stdio.h>
#include <string.h>

/* Sorted by why they do not matter. */
static const char *const harmless[] = {
    /* Names, versions and types: the tensors have their own. */
    "_attn_implementation_autoset",
    "_commit_hash",
    "_from_model_config",
    "_name_or_path",
    "architectures",
    "auto_map",
    "dtype",
    "model_type",
    "name_or_path",
    "tokenizer_class",
    "torch_dtype",
    "torchscript",
    "transformers_version",
    "use_bfloat16",
    /* Only training looks at them. */
    "activation_dropout",
    "attention_dropout",
    "classif_dropout",
    "classifier_dropout",
    "decoder_layerdrop",
    "dropout",
    "dropout_rate",
    "encoder_layerdrop",
    "gradient_checkpointing",
    "init_std",
    "initializer_factor",
    "initializer_range",
    "save_step",
    "tf_legacy_loss",
    /* How Python hands results back, and what it keeps in memory meanwhile. */
    "cache_implementation",
    "chunk_size_feed_forward",
    "num_return_sequences",
    "output_attentions",
    "output_hidden_states",
    "output_logits",
    "output_past",
    "output_scores",
    "return_dict",
    "return_dict_in_generate",
    "use_cache",
    /* Heads for classification, and defaults of pipelines: nothing that generate() looks at. */
    "_num_labels",
    "finetuning_task",
    "id2label",
    "label2id",
    "num_labels",
    "prefix",
    "problem_type",
    "task_specific_params",
    /* What the tensors say better: sizes of tables, what is tied, which layers there are. */
    "add_cross_attention",
    "cross_attention_hidden_size",
    "decoder_vocab_size",
    "is_decoder",
    "is_encoder_decoder",
    "max_position_embeddings",
    "num_hidden_layers",
    "pruned_heads",
    "share_encoder_decoder_embeddings",
    "src_vocab_size",
    "tgt_vocab_size",
    "tie_encoder_decoder",
    "tie_word_embeddings",
    "vocab_size",
    /* What the family is, or another key says (feed_forward_proj; FSMT's whole decoder). */
    "decoder",
    "dense_act_fn",
    "is_gated_act",
    "langs",
    "scalable_attention",
    /* What transformers itself does not read any more. */
    "add_bias_logits",
    "add_final_layer_norm",
    "extra_pos_embeddings",
    "n_positions",
    "normalize_before",
    "normalize_embedding",
    "static_position_embeddings",
};

enum { MAX_KEYS = 1000, MAX_NAMED = 12 };

static bool is_harmless(const char *key) {
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (strcmp(harmless[i], key) == 0) return true;
    return false;
}

static size_t drop_harmless(const char **keys, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_harmless(keys[i])) keys[kept++] = keys[i];
    return kept;
}

static void warn_of(const struct import *import, const struct settings *settings) {
    const char *keys[MAX_KEYS];
    char list[1024] = "", more[32] = "";
    size_t n = settings_unread(settings, keys, MAX_KEYS), used = 0;
    n = drop_harmless(keys, n < MAX_KEYS ? n : MAX_KEYS);
    for (size_t i = 0; i < n && i < MAX_NAMED; i++)
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%.60s", i ? ", " : "", keys[i]);
    if (n > MAX_NAMED) snprintf(more, sizeof more, " and %zu more", n - MAX_NAMED);
    if (n > 0)
        import_warn(import, "%s: keys that tolka does not use: %s%s", settings_name(settings), list,
                    more);
}

/* GGUF files of these families say themselves what they are. Marian's YAML and fairseq's checkpoints
 * repeat every option of the training that made the model, a hundred and more: there tolka refuses
 * what it knows to be different, and passes over the rest. */
static bool reads_json(const struct family *family) {
    return family != &family_tolka && family != &family_t5_gguf &&
           family != &family_marian_native && family != &family_fairseq;
}

void warn_of_unread(const struct import *import) {
    if (!reads_json(import->family)) return;
    warn_of(import, import->config_json);
    warn_of(import, import->generation_json);
}
