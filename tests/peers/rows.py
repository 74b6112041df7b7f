"""What is measured: a row is one kind of work with one model."""

MODELS = ["shipped", "opus", "m2m100", "student"]
TYPES = ["int8", "f32"]

# Sentences a run: enough for a second or so of the slower engine. By model: in batches, alone.
COUNTS = {"shipped": (1000, 200), "opus": (64, 12), "m2m100": (32, 4), "student": (256, 64)}
LENGTH = 25  # of random sources, and of what is generated from them
LONG_LENGTHS = (50, 500, 2000)
LONG_TOKENS = 16000  # of a run of long sources, but at least a batch
LONG_BATCH = 8


class Row:
    def __init__(self, model, type, name, batch, beam, threads, source_length=None):
        self.model = model
        self.type = type
        self.work = name
        self.batch = batch
        self.beam = beam
        self.threads = threads
        self.source_length = source_length  # of sources that are encoded for one token

    @property
    def name(self):
        return "%s-%s-%s" % (self.model, self.type, self.work)

    @property
    def title(self):
        if self.source_length:
            return "sources of %s tokens, batches of %d, 1 token generated" % (
                "{:,}".format(self.source_length), self.batch)
        text = "one at a time" if self.batch == 1 else "batches of %d" % self.batch
        text += ", greedy" if self.beam == 1 else ", beam %d" % self.beam
        return text + (", %d threads" % self.threads if self.threads > 1 else "")

    def count(self, quick):
        if self.source_length:
            tokens = LONG_TOKENS // (4 if quick else 1)
            return max(LONG_BATCH, tokens // self.source_length // LONG_BATCH * LONG_BATCH)
        batched, alone = COUNTS[self.model]
        count = alone if self.batch == 1 else batched
        count = count // 2 if self.beam > 1 else count
        # So that every thread has two batches.
        least = 2 if self.batch == 1 else 2 * self.batch * self.threads
        return max(least, count // 4 if quick else count)

    @property
    def length(self):
        """Tokens that are generated; None: until the end token comes."""
        return 1 if self.source_length else None if self.model == "shipped" else LENGTH


def all_rows():
    rows = []
    for model in MODELS:
        for type in TYPES:
            for batch, beam, threads, name in (
                    (1, 1, 1, "single"), (32, 1, 1, "batch"), (32, 4, 1, "beam"),
                    (1, 4, 1, "single-beam"), (32, 1, 2, "threads")):
                rows.append(Row(model, type, name, batch, beam, threads))
    for type in TYPES:
        for length in LONG_LENGTHS:
            rows.append(Row("opus", type, "long%d" % length, LONG_BATCH, 1, 1, length))
    return rows
