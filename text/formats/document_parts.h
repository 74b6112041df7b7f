/* What a document is taken apart into, whatever its format: texts, and in them pieces.
 *
 * A text is what is translated at once: a paragraph, a heading, a table cell, a message. It covers
 * a range of the document's bytes, and its pieces lie in that range without gaps. All other bytes
 * are written as they were read. */
#ifndef DOCUMENT_PARTS_H
#define DOCUMENT_PARTS_H

#include "engine/tolka.h"
#include "text/growing.h"

#include <stdbool.h>

enum piece_kind {
    PIECE_TEXT,      /* bytes that the translator sees as they are */
    PIECE_CHARACTER, /* a character spelled otherwise: an entity, an escape */
    PIECE_BLANK,     /* a blank for the translator: white space, perhaps a line's end and the next
                        line's beginning */
    PIECE_OPEN,      /* marks: an inline tag that begins, */
    PIECE_CLOSE,     /* ends, */
    PIECE_SINGLE,    /* or stands alone */
    PIECE_PROTECTED, /* bytes that come out as they are: a placeholder, an address, code */
    PIECE_BREAK,     /* a blank for the translator, kept in its order and share of the text: the
                        next subtitle */
};

/* A piece that needs a line of its own: how text that follows without a blank is written behind it. */
enum line_end {
    LINE_NONE,          /* it is a piece of a line, as others */
    LINE_GROWS,         /* at its end, */
    LINE_NEXT_ARGUMENT, /* behind a blank, which is none in what a reader sees, */
    LINE_INTERRUPTED,   /* or on the next line, behind \c */
};

struct piece {
    enum piece_kind kind;
    size_t begin, end; /* of the document's bytes */
    char spelled[5];   /* PIECE_CHARACTER: in UTF-8 */
    size_t partner;    /* marks: the other tag, counted from the text's first piece */
    size_t rows;       /* PIECE_BREAK: lines of what follows */
    /* where it is in what the translator sees */
    size_t at, length;
    enum line_end line_end;
    bool left_out; /* PIECE_PROTECTED: the translator does not see it */
};

/* How the translation is laid out in lines. */
enum layout_kind {
    LAYOUT_LINE, /* one line */
    LAYOUT_WRAP, /* as many as it takes, none wider than the widest was */
    LAYOUT_ROWS, /* as many as there were, about equally long */
};

struct layout {
    enum layout_kind kind;
    size_t width, first_column;
    size_t rows;
    size_t turn, turn_end; /* bytes between two lines, newline included */
};

struct text {
    size_t begin, end;
    size_t first_piece, n_pieces;
    size_t line; /* from 1 */
    struct layout layout;
    bool attribute; /* its quotes are markup, too */
    char *seen;     /* what the translator sees; NULL before somebody asks */
    size_t n_seen;
    bool same;     /* its translation is the text itself */
    bool tried;    /* a stand-in was lost before */
    char *problem; /* why it has no translation; NULL: it has, or nobody put one */
    char *target;  /* its translation; NULL: it is written as it was */
    size_t n_target;
    struct growing placed; /* struct placed: the pieces that stand in the translation */
};

/* Of pieces at one place: what ends comes first, then what stands alone, then what begins, then what
 * replaces a stand-in there. */
enum placed_turn { PLACED_ENDS, PLACED_ALONE, PLACED_BEGINS, PLACED_REPLACES };

/* A piece that stands in a translation: before byte `at` of it, instead of `length` bytes. */
struct placed {
    size_t piece;
    size_t at, length;
    enum placed_turn turn;
    size_t order; /* of those with the same turn */
};

/* A place where something is written that is not there, or replaces what is: a translated message.
 * It is made of a range of bytes behind the file's own, which its texts lie in. */
struct insertion {
    size_t begin, end; /* of the file */
    size_t from, to;   /* of the bytes behind */
};

struct format;

struct tolka_document {
    const struct format *format;
    struct growing bytes; /* of the file, and what a format keeps behind them */
    size_t n_file;
    struct growing pieces, texts, insertions; /* struct piece, struct text, struct insertion */
    bool crlf;
    bool ascii;  /* html: bytes above 0x7f would not be understood */
    long column; /* tsv */
};

struct format {
    const char *name;
    const char *endings; /* of files: ".html .htm" */
    tolka_status (*parse)(struct tolka_document *document, tolka_error *err);
    /* Text as the format writes it; `starts_line`: nothing but blanks is before it. */
    void (*encode)(const struct tolka_document *document, const struct text *text,
                   struct growing *out, const char *bytes, size_t n, bool starts_line);
    /* An insertion's content as the format writes it; NULL if it has none. */
    void (*insert)(const struct tolka_document *document, const struct insertion *insertion,
                   struct growing *out, const char *bytes, size_t n);
    bool requests; /* a line that begins with . or ' is none of the text */
};

static inline struct text *document_texts(const struct tolka_document *document) {
    return (struct text *)(void *)document->texts.bytes;
}
static inline size_t document_n_texts(const struct tolka_document *document) {
    return document->texts.n / sizeof(struct text);
}
static inline struct piece *text_pieces(const struct tolka_document *document,
                                        const struct text *text) {
    return (struct piece *)(void *)document->pieces.bytes + text->first_piece;
}

#endif
