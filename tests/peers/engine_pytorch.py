"""PyTorch in float32: transformers' Marian model with the weights of a tolka model file."""

import torch
import transformers

import tolka_model

POSITIONS = 2304


def state_of(model):
    """Weights by the names that transformers gives them. The last row is <pad>'s, zeros."""
    state = {}

    def put(name, arrays):
        for ending, array in zip(("weight", "bias"), arrays):
            state["model.%s.%s" % (name, ending)] = torch.from_numpy(array)

    for stack, long in (("enc", "encoder"), ("dec", "decoder")):
        for layer in range(model.layers[stack == "dec"]):
            ours, theirs = "%s.blk.%d." % (stack, layer), "%s.layers.%d." % (long, layer)
            for part, name in (("attn", "self_attn"), ("cross_attn", "encoder_attn")):
                if not model.has(ours + part + "_q"):
                    continue
                for which in "qkvo":
                    end = "out_proj" if which == "o" else which + "_proj"
                    put(theirs + name + "." + end, model.linear(ours + part + "_" + which))
                put(theirs + name + "_layer_norm", model.norm(ours + part + "_norm"))
            put(theirs + "fc1", model.linear(ours + "ffn_up"))
            put(theirs + "fc2", model.linear(ours + "ffn_down"))
            put(theirs + "final_layer_norm", model.norm(ours + "ffn_norm"))
        state["model.%s.embed_positions.weight" % long] = torch.from_numpy(
            model.positions(POSITIONS))
    table = torch.from_numpy(model.embeddings())
    table = torch.cat([table, torch.zeros(1, model.width)])
    for name in ("model.shared", "model.encoder.embed_tokens", "model.decoder.embed_tokens",
                 "lm_head"):
        state[name + ".weight"] = table
    bias = torch.from_numpy(model.output_bias())
    state["final_logits_bias"] = torch.cat([bias, torch.tensor([-1e9])])[None]
    return state


class Engine:
    def __init__(self, threads, model):
        torch.set_num_threads(threads)
        transformers.logging.set_verbosity_error()
        source = tolka_model.Model(model)
        if source.is_pre_norm or source.is_ssru:
            raise ValueError("transformers' Marian model has no such layers")
        self.pad = source.tokens
        config = transformers.MarianConfig(
            vocab_size=source.tokens + 1, d_model=source.width,
            encoder_layers=source.layers[0], decoder_layers=source.layers[1],
            encoder_attention_heads=source.heads, decoder_attention_heads=source.heads,
            encoder_ffn_dim=source.ffn, decoder_ffn_dim=source.ffn,
            activation_function=source.activation, scale_embedding=True,
            max_position_embeddings=POSITIONS, pad_token_id=self.pad, eos_token_id=source.end,
            decoder_start_token_id=self.pad, forced_eos_token_id=None, bos_token_id=None)
        self.model = transformers.MarianMTModel(config).eval()
        self.model.load_state_dict(state_of(source))
        self.version = "PyTorch %s, transformers %s" % (
            torch.__version__, transformers.__version__)

    def prepare(self, sources, work):
        order = sorted(range(len(sources)), key=lambda i: len(sources[i]))
        batches = []
        for at in range(0, len(order), work.batch):
            rows = [torch.tensor(sources[i]) for i in order[at:at + work.batch]]
            ids = torch.nn.utils.rnn.pad_sequence(rows, True, self.pad)
            batches.append((ids, (ids != self.pad).long()))
        options = {"num_beams": work.beam, "do_sample": False, "max_new_tokens": 511}
        if work.length:
            options["max_new_tokens"] = work.length
        return order, batches, options

    @torch.inference_mode()
    def run(self, prepared):
        order, batches, options = prepared
        outputs = [self.model.generate(input_ids=ids, attention_mask=mask, **options)
                   for ids, mask in batches]
        return order, outputs

    def ids(self, results):
        order, outputs = results
        rows = [row for output in outputs for row in output.tolist()]
        lists = [[]] * len(rows)
        for place, row in zip(order, rows):
            lists[place] = [i for i in row[1:] if i not in (self.pad, 0)]
        return lists
