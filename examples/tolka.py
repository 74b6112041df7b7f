"""tolka from Python: one file, nothing but the standard library and libtolka (ctypes).

    import tolka

    with tolka.Model("en-de.gguf") as model, model.translator(to="de") as translator:
        print(translator.translate("Good morning."))
        for result in translator.translate_all(["One.", "Two."]):
            print(result.text)
        for piece in translator.stream("The weather is nice today."):
            print(piece, end="", flush=True)

Copy it, or install the wheel (make wheel), which has it with the library and a model. The library is
looked for in $TOLKA_LIBRARY, beside this file, and where the system has its libraries. numpy is
needed for attention and alignment weights alone.

A model serves any number of threads. A translator does one thing at a time: calls from several
threads wait for each other, except stop().
"""

from __future__ import annotations

import ctypes
import ctypes.util
import logging
import os
import pathlib
import queue
import threading
from ctypes import POINTER, byref, c_char, c_char_p, c_float, c_int, c_int32, c_size_t
from ctypes import c_uint32, c_uint64, c_void_p
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence

if TYPE_CHECKING:
    import numpy

# ---- errors ------------------------------------------------------------------------------------


class TolkaError(Exception):
    """What went wrong, in one line."""


class ArgumentError(TolkaError, ValueError):
    """The caller asked for something impossible: a language, an option."""


class FileError(TolkaError, OSError):
    """A file cannot be opened, read or mapped."""


class FormatError(TolkaError):
    """A file is not what it claims to be."""


class UnsupportedError(TolkaError):
    """A valid file needs something that tolka does not do."""


class InputError(TolkaError, ValueError):
    """This text cannot be translated by this model."""


class OutOfMemory(TolkaError, MemoryError):
    """There is no memory for it."""


class Stopped(TolkaError):
    """stop() was called."""


_ERRORS = {1: ArgumentError, 2: FileError, 3: FormatError, 4: UnsupportedError, 5: InputError,
           6: OutOfMemory, 7: Stopped}

# ---- tolka.h: structs, as far as this file knows them --------------------------------------------


_LOG = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p)


class _Error(ctypes.Structure):
    _fields_ = [("status", c_int), ("text", c_char * 500)]


class _Sequence(ctypes.Structure):
    _fields_ = [("ids", POINTER(c_int32)), ("n", c_size_t), ("bias", c_float)]


class _Generation(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t), ("min_length", c_int), ("min_new_tokens", c_int),
        ("max_new_tokens", c_int), ("repetition_penalty", c_float),
        ("no_repeat_ngram_size", c_int), ("encoder_repetition_penalty", c_float),
        ("encoder_no_repeat_ngram_size", c_int), ("sequence_bias", POINTER(_Sequence)),
        ("n_sequence_bias", c_size_t), ("bad_words", POINTER(_Sequence)),
        ("n_bad_words", c_size_t), ("suppress_tokens", POINTER(c_int32)),
        ("n_suppress_tokens", c_size_t), ("begin_suppress_tokens", POINTER(c_int32)),
        ("n_begin_suppress_tokens", c_size_t), ("forced_bos_token_id", c_int32),
        ("forced_eos_token_id", c_int32), ("decay_start", c_int), ("decay_factor", c_float),
        ("renormalize_logits", c_int), ("do_sample", c_int), ("temperature", c_float),
        ("top_k", c_int), ("top_p", c_float), ("min_p", c_float), ("typical_p", c_float),
        ("epsilon_cutoff", c_float), ("eta_cutoff", c_float), ("seed", c_uint64),
        ("max_length_ratio", c_float), ("min_length_ratio", c_float),
        ("num_beam_groups", c_int), ("diversity_penalty", c_float), ("coverage_penalty", c_float),
    ]


class _Options(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t), ("beam", c_int), ("n_best", c_int), ("max_length", c_int),
        ("length_penalty", c_float), ("want_scores", c_int), ("threads", c_int), ("batch", c_int),
        ("no_shortlist", c_int), ("stop", c_int), ("isa", c_char_p),
        ("generation", POINTER(_Generation)), ("alternatives", c_int), ("want_alignments", c_int),
        ("align_layer", c_int), ("align_head", c_int), ("split", c_int), ("max_source", c_int),
        ("no_guards", c_int), ("unknown", c_int), ("max_memory", c_size_t), ("allocator", c_void_p),
        ("log", _LOG), ("log_user", c_void_p),
    ]


class _Token(ctypes.Structure):
    _fields_ = [("id", c_int32), ("log_prob", c_float)]


class _Input(ctypes.Structure):
    _fields_ = [("ids", POINTER(c_int32)), ("n_ids", c_size_t), ("start", c_int32),
                ("forced_first", c_int32), ("target", POINTER(c_int32)), ("n_target", c_size_t)]


class _Text(ctypes.Structure):
    _fields_ = [("source", c_char_p), ("source_length", c_size_t), ("target", c_char_p),
                ("target_length", c_size_t)]


class _Link(ctypes.Structure):
    _fields_ = [("source", c_uint32), ("target", c_uint32)]


class _Span(ctypes.Structure):
    _fields_ = [("start", c_size_t), ("length", c_size_t)]


class _Languages(ctypes.Structure):
    _fields_ = [("n", c_size_t), ("names", POINTER(c_char_p)), ("default_from", c_char_p),
                ("default_to", c_char_p), ("are_sources", c_int), ("parsed", c_void_p)]


class _Pieces(ctypes.Structure):
    _fields_ = [("n", c_size_t), ("pieces", POINTER(c_char_p)), ("word", POINTER(c_size_t)),
                ("n_words", c_size_t), ("words", POINTER(c_char_p)), ("special", c_void_p)]


_DONE = ctypes.CFUNCTYPE(None, c_void_p, c_size_t, c_void_p)
_EMIT = ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(c_char), c_size_t)
_PROGRESS = ctypes.CFUNCTYPE(c_int, c_void_p, c_size_t, c_size_t)

# Name, result and arguments of each call; "s" is a tolka_status, which is followed by an error.
_OUT, _P, _N, _SIZE = POINTER(c_void_p), c_void_p, POINTER(c_size_t), c_size_t
_CALLS: dict[str, tuple[Any, ...]] = {
    "version": (c_char_p,), "free": (None, _P), "available_threads": (c_int,),
    "model_open": ("s", _OUT, c_char_p), "model_free": (None, _P),
    "model_languages": ("s", _P, POINTER(POINTER(_Languages))),
    "model_generation_sized": (None, _P, POINTER(_Generation), _SIZE),
    "translator_new": ("s", _OUT, _P, POINTER(_Options)), "translator_free": (None, _P),
    "translator_stop": (None, _P), "translator_isa": (c_char_p, _P),
    "translator_threads": (c_int, _P),
    "tokenizer_new": ("s", _OUT, _P, c_char_p, c_char_p), "tokenizer_free": (None, _P),
    "tokenizer_start": (c_int32, _P), "tokenizer_forced_first": (c_int32, _P),
    "tokenize": ("s", _P, c_char_p, _SIZE, POINTER(POINTER(c_int32)), _N),
    "tokenize_target": ("s", _P, c_char_p, _SIZE, POINTER(POINTER(c_int32)), _N),
    "detokenize": ("s", _P, POINTER(c_int32), _SIZE, _OUT, _N),
    "token_pieces": ("s", _P, POINTER(c_int32), _SIZE, c_int, POINTER(POINTER(_Pieces))),
    "translate_texts": ("s", _P, _P, POINTER(_Text), _SIZE, _DONE, _P),
    "score_texts": ("s", _P, _P, POINTER(_Text), _SIZE, _DONE, _P),
    "stream_text": ("s", _P, _P, POINTER(_Text), _EMIT, _P, _OUT),
    "result_status": (c_int, _P, POINTER(c_char_p)), "result_count": (_SIZE, _P),
    "result_warning": (c_char_p, _P),
    "result_tokens": (POINTER(_Token), _P, _SIZE, _N), "result_score": (c_float, _P, _SIZE),
    "result_text": (c_void_p, _P, _SIZE, _N), "result_source": (POINTER(c_int32), _P, _N),
    "result_alignment": (POINTER(_Link), _P, _SIZE, _N),
    "result_word_alignment": (POINTER(_Link), _P, _SIZE, _N),
    "result_soft_alignment": (c_void_p, _P, _SIZE, _N, _N), "result_free": (None, _P),
    "attention_new": ("s", _OUT, _P, POINTER(_Input)), "attention_free": (None, _P),
    "attention_layers": (_SIZE, _P, c_int), "attention_heads": (_SIZE, _P, c_int),
    "attention_weights": (c_void_p, _P, c_int, _SIZE, _SIZE, _N, _N),
    "split_text": ("s", c_char_p, _SIZE, c_char_p, POINTER(POINTER(_Span)), _N),
    "language_name": (c_void_p, c_char_p, c_char_p),
}
# Calls that libraries before documents do not have.
_DOCUMENT_CALLS: dict[str, tuple[Any, ...]] = {
    "document_new": ("s", _OUT, c_char_p, c_char_p, _SIZE), "document_free": (None, _P),
    "document_format": (c_char_p, c_char_p), "document_count": (_SIZE, _P),
    "document_has_marks": (c_int, _P), "document_problem": (c_char_p, _P, _SIZE),
    "document_line": (_SIZE, _P, _SIZE), "document_write": ("s", _P, _OUT, _N),
    "translate_document": ("s", _P, _P, _P, _PROGRESS, _P),
}

# ---- the library -------------------------------------------------------------------------------


def _checked(function: Any) -> Callable[..., None]:
    """A call that fills an error becomes one that raises it."""

    def call(*arguments: Any) -> None:
        error = _Error()
        status = function(*arguments, byref(error))
        if status != 0:
            raise _ERRORS.get(status, TolkaError)(error.text.decode("utf-8", "replace"))

    return call


class _Library:
    """Every call by its name without tolka_."""

    def __init__(self, path: str) -> None:
        self._shared = ctypes.CDLL(path)
        for name, types in _CALLS.items():
            self._declare(name, types)
        self.has_documents = hasattr(self._shared, "tolka_document_new")
        for name, types in _DOCUMENT_CALLS.items() if self.has_documents else ():
            self._declare(name, types)

    def _declare(self, name: str, types: tuple[Any, ...]) -> None:
        function = getattr(self._shared, "tolka_" + name)
        fills_error = types[0] == "s"
        function.restype = c_int if fills_error else types[0]
        function.argtypes = types[1:] + ((POINTER(_Error),) if fills_error else ())
        setattr(self, name, _checked(function) if fills_error else function)


_NAME = "libtolka.so.0"
_HERE = pathlib.Path(__file__).resolve().parent


def _candidates() -> Iterator[str]:
    if "TOLKA_LIBRARY" in os.environ:
        yield os.environ["TOLKA_LIBRARY"]
        return
    if (_HERE / _NAME).exists():
        yield str(_HERE / _NAME)
    yield _NAME
    found = ctypes.util.find_library("tolka")
    if found:
        yield found


def _load() -> Any:
    problems = []
    for path in _candidates():
        try:
            return _Library(path)
        except OSError as problem:
            problems.append(str(problem))
    raise ImportError("tolka's library is not found (make install, or TOLKA_LIBRARY=path): "
                      + "; ".join(problems))


_lib: Any = _load()


def version() -> str:
    """The library's version."""
    return _lib.version().decode()


def available_threads() -> int:
    """Cores that this process may use."""
    return _lib.available_threads()


def _bytes(text: str) -> bytes:
    """Lone surrogates are no UTF-8; the library makes U+FFFD of them."""
    if not isinstance(text, str):
        raise TypeError(f"expected a str, found {type(text).__name__}")
    return text.encode("utf-8", "surrogatepass")


def _optional(text: str | None) -> bytes | None:
    return None if text is None else _bytes(text)


def _string(address: int | None, length: int = -1) -> str:
    return ctypes.string_at(address, length).decode("utf-8", "replace") if address else ""


def _owned(address: int | None, length: int = -1) -> str:
    """A string that was allocated for us."""
    try:
        return _string(address, length)
    finally:
        _lib.free(address)


def split_sentences(text: str, language: str | None = None) -> list[str]:
    """The sentences of a text, by Unicode's rules and a language's abbreviations."""
    source = _bytes(text)
    spans, n = POINTER(_Span)(), c_size_t()
    _lib.split_text(source, len(source), _optional(language), byref(spans), byref(n))
    try:
        return [source[s.start:s.start + s.length].decode("utf-8", "replace")
                for s in spans[:n.value]]
    finally:
        _lib.free(spans)


def language_name(language: str, within: str | None = None) -> str | None:
    """What a language is called: ("de", "en") is "German"; by default in itself, "Deutsch"."""
    address = _lib.language_name(_bytes(language), _optional(within))
    return _owned(address) if address else None


def shipped_model() -> str | None:
    """The model that comes with the wheel or an installation, if it does."""
    name = "tolka-en-de-fr.gguf"
    places = [_HERE, "/usr/local/share/tolka", "/usr/share/tolka"]
    found = [str(pathlib.Path(place) / name) for place in places]
    return next((path for path in found if os.path.exists(path)), None)


# ---- results -----------------------------------------------------------------------------------


def _array(address: int | None, *shape: int) -> "numpy.ndarray":
    """A copy of floats that belong to the library."""
    import numpy

    n = 1
    for side in shape:
        n *= side
    floats = ctypes.cast(address, POINTER(c_float)) if address and n else None
    flat = numpy.ctypeslib.as_array(floats, (n,)).copy() if floats else numpy.zeros(n, "f4")
    return flat.reshape(shape)


@dataclass
class Token:
    id: int
    log_prob: float  # natural logarithm; NaN where it was not computed


@dataclass
class Hypothesis:
    text: str
    score: float  # NaN where it was not computed: see want_scores
    tokens: list[Token]
    links: list[tuple[int, int]]  # (source token, target token), if alignments are wanted
    word_links: list[tuple[int, int]]  # the same between words
    _weights: tuple[bytes, int, int] | None = field(default=None, repr=False)

    @property
    def weights(self) -> "numpy.ndarray":
        """[target token][source token]: what each target token looked at."""
        if self._weights is None:
            raise ArgumentError("no weights: alignments=True asks for them, and texts that were "
                                "translated in parts have none of their own")
        import numpy

        floats, n_target, n_source = self._weights
        return numpy.frombuffer(floats, "f4").reshape(n_target, n_source)


@dataclass
class Result:
    """What became of one text."""

    hypotheses: list[Hypothesis]  # best first
    source_ids: list[int]
    error: TolkaError | None
    warning: str | None = None  # what is wrong with a translation that was found all the same

    @property
    def text(self) -> str:
        """The best translation; raises why there is none."""
        return self._best().text

    @property
    def score(self) -> float:
        return self._best().score

    def _best(self) -> Hypothesis:
        if self.error:
            raise self.error
        return self.hypotheses[0]


def _links(links: Any, n: c_size_t) -> list[tuple[int, int]]:
    return [(link.source, link.target) for link in links[:n.value]] if links else []


def _weights_of(result: int, k: int) -> tuple[bytes, int, int] | None:
    rows, columns = c_size_t(), c_size_t()
    address = _lib.result_soft_alignment(result, k, byref(rows), byref(columns))
    if not address:
        return None
    floats = ctypes.string_at(address, 4 * rows.value * columns.value)
    return floats, rows.value, columns.value


def _hypothesis(result: int, k: int) -> Hypothesis:
    n = c_size_t()
    tokens = _lib.result_tokens(result, k, byref(n))
    listed = [Token(token.id, token.log_prob) for token in tokens[:n.value]] if tokens else []
    address = _lib.result_text(result, k, byref(n))
    text = _string(address, n.value)
    links = _links(_lib.result_alignment(result, k, byref(n)), n)
    word_links = _links(_lib.result_word_alignment(result, k, byref(n)), n)
    return Hypothesis(text, _lib.result_score(result, k), listed, links, word_links,
                      _weights_of(result, k))


def _take(result: int | None) -> Result:
    """A result becomes Python's own, and is freed."""
    reason, n = c_char_p(), c_size_t()
    try:
        status = _lib.result_status(result, byref(reason))
        error = None
        if status != 0:
            said = (reason.value or b"").decode("utf-8", "replace")
            error = _ERRORS.get(status, TolkaError)(said)
        hypotheses = [_hypothesis(result, k) for k in range(_lib.result_count(result))]
        ids = _lib.result_source(result, byref(n))
        warning = _lib.result_warning(result)
        return Result(hypotheses, list(ids[:n.value]) if ids else [], error,
                      warning.decode("utf-8", "replace") if warning else None)
    finally:
        _lib.result_free(result)


# ---- models ------------------------------------------------------------------------------------


class _Closing:
    """Something that is freed once, at the end of a `with` or with the object."""

    _free: Callable[[int], None]
    _handle: int | None = None

    def close(self) -> None:
        handle, self._handle = self._handle, None
        if handle:
            self._free(handle)

    def _open(self) -> int:
        if not self._handle:
            raise ArgumentError(f"this {type(self).__name__} is closed")
        return self._handle

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # the interpreter may be half gone
            pass


@dataclass
class Languages:
    names: list[str]
    default_from: str | None
    default_to: str | None


class Model(_Closing):
    """A model file (.gguf); without a path, the one that ships with tolka."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._free = _lib.model_free
        self._users = 0
        self._is_wanted = True
        self._lock = threading.Lock()
        path = path if path is not None else shipped_model()
        if path is None:
            raise FileError("no path, and no model beside tolka: give the path of a .gguf file")
        handle = c_void_p()
        _lib.model_open(byref(handle), os.fsencode(path))
        self._handle = handle.value

    def translator(self, to: str | None = None, from_: str | None = None,
                   **options: Any) -> "Translator":
        """See Translator."""
        return Translator(self, to, from_, **options)

    @property
    def languages(self) -> Languages:
        listed = POINTER(_Languages)()
        _lib.model_languages(self._open(), byref(listed))
        if not listed:
            return Languages([], None, None)
        try:
            found = listed.contents
            names = [name.decode() for name in found.names[:found.n]]
            defaults = [name.decode() if name else None
                        for name in (found.default_from, found.default_to)]
            return Languages(names, *defaults)
        finally:
            _lib.free(listed)

    def close(self) -> None:
        """Frees the model, once its translators are closed, too."""
        with self._lock:
            in_use = self._users > 0
            self._is_wanted = False
        if not in_use:
            super().close()

    def _use(self) -> int:
        with self._lock:
            handle = self._open()
            if not self._is_wanted:
                raise ArgumentError("this Model is closed")
            self._users += 1
            return handle

    def _release(self) -> None:
        with self._lock:
            self._users -= 1
            last = self._users == 0 and not self._is_wanted
        if last:
            super().close()


_SPLITS = {None: 0, True: 1, False: 2}
_OPTION_NAMES = {"beam", "n_best", "max_length", "length_penalty", "want_scores", "threads",
                 "batch", "no_shortlist", "alternatives", "align_layer", "align_head",
                 "max_source", "no_guards", "max_memory"}
_UNKNOWN = {"copy": 0, "drop": 1, "mark": 2}
_GENERATION_NAMES = {name for name, kind in _Generation._fields_  # lists and their lengths aside
                     if kind in (c_int, c_int32, c_float) or name == "seed"}


_LEVELS = {1: logging.WARNING, 2: logging.INFO, 3: logging.DEBUG}


def _log_to(logger: logging.Logger) -> Any:
    def line(_: Any, level: int, text: bytes) -> None:
        logger.log(_LEVELS[level], "%s", text.decode())

    return _LOG(line)


def _known(name: str) -> TypeError:
    names = ", ".join(sorted(_OPTION_NAMES | _GENERATION_NAMES | {"alignments", "isa", "log", "split", "unknown"}))
    return TypeError(f"no option {name}; there are: {names}")


class Translator(_Closing):
    """Translates from one language to another; None where the model needs none to be told.

    Options are those of tolka_options (beam, n_best, threads, max_length, length_penalty,
    want_scores, batch, alternatives, no_shortlist, no_guards, isa, align_layer, align_head,
    max_source, max_memory), where alignments=True is want_alignments, split=True or False is always
    or never, unknown is "copy", "drop" or "mark", and log is a logging.Logger; and the numbers of tolka_generation (do_sample, temperature,
    top_k, top_p, seed, repetition_penalty, no_repeat_ngram_size, min_new_tokens, ...).
    """

    def __init__(self, model: Model, to: str | None = None, from_: str | None = None,
                 **options: Any) -> None:
        self._lock = threading.Lock()
        self._model = model
        self._tokenizer: int | None = None
        handle = model._use()
        try:
            tokenizer, translator = c_void_p(), c_void_p()
            _lib.tokenizer_new(byref(tokenizer), handle, _optional(from_), _optional(to))
            self._tokenizer = tokenizer.value
            self._given = self._options(handle, options)  # whose log is called for as long as it is
            _lib.translator_new(byref(translator), handle, byref(self._given))
            self._handle = translator.value
        except BaseException:
            self._free_parts(None)
            raise

    def _free(self, handle: int) -> None:  # type: ignore[override]
        with self._lock:
            self._free_parts(handle)

    def _free_parts(self, handle: int | None) -> None:
        _lib.translator_free(handle)
        _lib.tokenizer_free(self._tokenizer)
        self._tokenizer = None
        self._model._release()

    @staticmethod
    def _options(model: int, given: dict[str, Any]) -> _Options:
        options = _Options(ctypes.sizeof(_Options), 0, 1, 0, -1.0, 0, 1, 32)
        generation = _Generation()
        _lib.model_generation_sized(model, byref(generation), ctypes.sizeof(generation))
        options.generation = ctypes.pointer(generation)
        for name, value in given.items():
            if name == "alignments":
                options.want_alignments = bool(value)
            elif name == "split":
                options.split = _SPLITS[value]
            elif name == "unknown":
                options.unknown = _UNKNOWN[value]
            elif name == "isa":
                options.isa = _optional(value)
            elif name == "log":
                options.log = _log_to(value)
            elif name in _OPTION_NAMES:
                setattr(options, name, value)
            elif name in _GENERATION_NAMES:
                setattr(generation, name, value)
            else:
                raise _known(name)
        return options

    @property
    def isa(self) -> str:
        """The instruction set in use."""
        return _lib.translator_isa(self._open()).decode()

    # ---- translating ----

    def translate(self, text: str, prefix: str | None = None) -> str:
        """The best translation of a text, or of what follows a given beginning of it."""
        return self.translate_all([text], None if prefix is None else [prefix])[0].text

    def translate_all(self, texts: Sequence[str],
                      prefixes: Sequence[str | None] | None = None) -> list[Result]:
        """Results in the order of the texts; a text that fails has an error and stops no other."""
        if isinstance(texts, str):
            raise TypeError("translate_all takes a list of texts; translate takes one")
        if prefixes is not None and len(prefixes) != len(texts):
            raise ArgumentError(f"{len(texts)} texts, but {len(prefixes)} prefixes")
        return self._run(_lib.translate_texts, texts, prefixes or [None] * len(texts))

    def score(self, source: str, target: str) -> Hypothesis:
        """How likely the model finds a given translation: its score, and each token's."""
        result = self.score_all([(source, target)])[0]
        return result._best()

    def score_all(self, pairs: Sequence[tuple[str, str]]) -> list[Result]:
        return self._run(_lib.score_texts, [pair[0] for pair in pairs],
                         [pair[1] for pair in pairs])

    def _run(self, call: Any, sources: Sequence[str],
             targets: Sequence[str | None]) -> list[Result]:
        each = [_text(source, target) for source, target in zip(sources, targets)]
        texts = (_Text * len(each))(*each)
        results: list[Result | None] = [None] * len(sources)
        raised: list[BaseException] = []

        def done(_: Any, index: int, result: int | None) -> None:
            # What is raised here cannot pass through C: it waits until the call ends.
            try:
                results[index] = _take(result)
            except BaseException as problem:
                raised.append(problem)
                _lib.translator_stop(self._handle)

        def run() -> None:
            with self._lock:
                call(self._open(), self._tokenizer, texts, len(texts), _DONE(done), None)

        self._interruptibly(run)
        if raised:
            raise raised[0]
        return results  # type: ignore[return-value]

    def _interruptibly(self, run: Callable[[], None]) -> None:
        """Python heeds Ctrl-C in its main thread alone, and not within C: so that waits."""
        if threading.current_thread() is not threading.main_thread():
            run()
            return
        raised: list[BaseException] = []

        def work() -> None:
            try:
                run()
            except BaseException as problem:
                raised.append(problem)
            finally:
                is_over.set()

        # An interrupted join() takes the thread for dead; an event is as it is.
        is_over = threading.Event()
        threading.Thread(target=work, daemon=True).start()
        try:
            while not is_over.wait(0.1):  # not for ever: the signal may reach another thread
                pass
        except BaseException:
            self.stop()
            while not is_over.wait(0.05):  # it may not have begun when it was stopped
                self.stop()
            raise
        if raised:
            raise raised[0]

    def stream(self, text: str, prefix: str | None = None) -> Iterator[str]:
        """The translation piece by piece. Whoever stops to iterate stops the translation."""
        source = _text(text, prefix)
        pieces: queue.SimpleQueue[Any] = queue.SimpleQueue()
        unwanted = threading.Event()

        def emit(_: Any, piece: Any, length: int) -> int:
            pieces.put(ctypes.string_at(piece, length).decode("utf-8", "replace"))
            return unwanted.is_set()

        def work() -> None:
            result = c_void_p()
            try:
                with self._lock:
                    _lib.stream_text(self._open(), self._tokenizer, byref(source), _EMIT(emit),
                                     None, byref(result))
                pieces.put(_take(result.value).error)
            except BaseException as problem:
                pieces.put(problem)

        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        try:
            while isinstance(piece := pieces.get(), str):
                yield piece
            if piece is not None:
                raise piece
        finally:
            unwanted.set()
            worker.join()

    def stop(self) -> None:
        """Ends what the translator is doing, from any thread: what is not done is Stopped."""
        _lib.translator_stop(self._handle)

    # ---- documents ----

    def translate_document(self, content: str | bytes, format: str,
                           progress: Callable[[int, int], bool] | None = None) -> "Document":
        """Translates a document ("markdown", "html", "srt", "po", ...), its layout untouched. Make
        the translator with alignments=True if the format has tags. `progress` gets numbers of
        texts done and in all; False: no more is wanted."""
        if not _lib.has_documents:
            raise UnsupportedError(f"libtolka {version()} has no documents")
        return _translate_document(self, content, format, progress)

    # ---- tokens and attention ----

    def tokenize(self, text: str, target: bool = False) -> list[int]:
        """Ids as the model gets them, special tokens included."""
        source = _bytes(text)
        ids, n = POINTER(c_int32)(), c_size_t()
        call = _lib.tokenize_target if target else _lib.tokenize
        with self._lock:
            self._open()
            call(self._tokenizer, source, len(source), byref(ids), byref(n))
        try:
            return list(ids[:n.value])
        finally:
            _lib.free(ids)

    def detokenize(self, ids: Sequence[int]) -> str:
        text, n = c_void_p(), c_size_t()
        with self._lock:
            self._open()
            _lib.detokenize(self._tokenizer, _ids(ids), len(ids), byref(text), byref(n))
        return _owned(text.value, n.value)

    def pieces(self, ids: Sequence[int], target: bool = False) -> list[str]:
        """Tokens as the vocabulary writes them."""
        listed = POINTER(_Pieces)()
        with self._lock:
            self._open()
            _lib.token_pieces(self._tokenizer, _ids(ids), len(ids), target, byref(listed))
        try:
            return [piece.decode("utf-8", "replace")
                    for piece in listed.contents.pieces[:len(ids)]]
        finally:
            _lib.free(listed)

    def attention(self, source: str, target: str) -> "Attention":
        """What each word of a translation looks at, in every layer and head."""
        source_ids, target_ids = self.tokenize(source), self.tokenize(target, target=True)
        start = _lib.tokenizer_start(self._tokenizer)
        first = _lib.tokenizer_forced_first(self._tokenizer)
        if first >= 0 and target_ids[:1] != [first]:
            target_ids.insert(0, first)
        wanted = _Input(_ids(source_ids), len(source_ids), start, first, _ids(target_ids),
                        len(target_ids))
        handle = c_void_p()
        with self._lock:
            _lib.attention_new(byref(handle), self._open(), byref(wanted))
        try:
            return Attention(self.pieces(source_ids), self.pieces(target_ids, target=True),
                             *(_attention_maps(handle.value, kind) for kind in range(3)))
        finally:
            _lib.attention_free(handle)


def _text(source: str, target: str | None) -> _Text:
    source_bytes, target_bytes = _bytes(source), _optional(target)
    return _Text(source_bytes, len(source_bytes), target_bytes, len(target_bytes or b""))


def _ids(ids: Sequence[int]) -> Any:
    return (c_int32 * len(ids))(*ids)


@dataclass
class Attention:
    """Weights [layer][head][query][key], each row summing to one. Decoder inputs are the start token
    and the target's tokens: input i decides target token i."""

    source_pieces: list[str]
    target_pieces: list[str]
    encoder: "numpy.ndarray"
    decoder: "numpy.ndarray"
    cross: "numpy.ndarray"


def _attention_maps(attention: int | None, kind: int) -> "numpy.ndarray":
    import numpy

    n_queries, n_keys = c_size_t(), c_size_t()
    layers = []
    for layer in range(_lib.attention_layers(attention, kind)):
        heads = []
        for head in range(_lib.attention_heads(attention, kind)):
            address = _lib.attention_weights(attention, kind, layer, head, byref(n_queries),
                                             byref(n_keys))
            heads.append(_array(address, n_queries.value, n_keys.value))
        layers.append(heads)
    return numpy.array(layers, dtype="f4")


@dataclass
class Document:
    """A translated document, and what was left as it was: (line, why)."""

    content: bytes
    problems: list[tuple[int, str]]


def _translate_document(translator: Translator, content: str | bytes, format: str,
                        progress: Callable[[int, int], bool] | None) -> Document:
    bytes_ = content if isinstance(content, bytes) else _bytes(content)
    raised: list[BaseException] = []

    def tell(_: Any, n_done: int, n_texts: int) -> int:
        try:
            return progress is not None and progress(n_done, n_texts) is False
        except BaseException as problem:
            raised.append(problem)
            return 1

    def run() -> None:
        with translator._lock:
            _lib.translate_document(translator._open(), translator._tokenizer, document,
                                    _PROGRESS(tell), None)

    document, written, n = c_void_p(), c_void_p(), c_size_t()
    _lib.document_new(byref(document), _bytes(format), bytes_, len(bytes_))
    try:
        try:
            translator._interruptibly(run)
        except Stopped:
            if raised:
                raise raised[0]
        _lib.document_write(document, byref(written), byref(n))
        try:
            translated = ctypes.string_at(written, n.value)
        finally:
            _lib.free(written)
        problems = [(_lib.document_line(document, i), why.decode("utf-8", "replace"))
                    for i in range(_lib.document_count(document))
                    if (why := _lib.document_problem(document, i))]
        return Document(translated, problems)
    finally:
        _lib.document_free(document)
