#include "tests/fuzz/spm_change.h"

/* ---- reading, with nothing refused that can be skipped ----------------------------------------- */

struct field {
    size_t at, n;           /* of the whole field */
    unsigned type;          /* wire type */
    uint64_t number;        /* as written, however wide */
    size_t contents, inner; /* where the contents begin, and how many bytes they have */
};

static bool read_varint(const struct blob *blob, size_t *at, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; *at < blob->n && shift < 70; shift += 7) {
        uint8_t byte = blob->bytes[(*at)++];
        if (shift < 64) *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return true;
    }
    return false;
}

static bool read_field(const struct blob *blob, size_t at, struct field *field) {
    uint64_t tag, value;
    *field = (struct field){.at = at};
    if (!read_varint(blob, &at, &tag)) return false;
    field->type = tag & 7;
    field->number = tag >> 3;
    field->contents = at;
    if (field->type == 0) {
        if (!read_varint(blob, &at, &value)) return false;
    } else if (field->type == 2) {
        if (!read_varint(blob, &at, &value) || value > blob->n - at) return false;
        field->contents = at;
        at += (size_t)value;
    } else {
        size_t width = field->type == 1 ? 8 : 4;
        if ((field->type != 1 && field->type != 5) || width > blob->n - at) return false;
        at += width;
    }
    field->inner = at - field->contents;
    field->n = at - field->at;
    return true;
}

/* A field by chance (of many, a late one is as likely as an early one); false: there is none. */
static bool choose_field(struct chance *chance, const struct blob *blob, struct field *chosen) {
    struct field field;
    size_t n = 0;
    for (size_t at = 0; at < blob->n && read_field(blob, at, &field); at += field.n)
        if (chance_one_in(chance, ++n)) *chosen = field;
    return n > 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* In more bytes than it needs, now and then. */
static void put_varint(struct chance *chance, struct blob *out, uint64_t value) {
    size_t least = chance_one_in(chance, 20) ? chance_below(chance, 11) : 0;
    for (size_t n = 1; value > 127 || n < least; n++, value >>= 7)
        blob_put_integer(out, (value & 127) | 128, 1);
    blob_put_integer(out, value, 1);
}

static void put_tag(struct chance *chance, struct blob *out, struct field field) {
    uint64_t number = field.number;
    unsigned type = field.type;
    if (chance_one_in(chance, 30)) number = chance_below(chance, 50);
    if (chance_one_in(chance, 40)) number = chance_number(chance);
    if (chance_one_in(chance, 60)) number |= (uint64_t)1 << (29 + chance_below(chance, 35));
    if (chance_one_in(chance, 60)) type = (unsigned)chance_below(chance, 8);
    put_varint(chance, out, number << 3 | type);
}

/* Of pieces and strings in them; rules of normalization; anything. */
static void change_inner(struct chance *chance, struct blob *part) {
    struct field field;
    bool is_message = choose_field(chance, part, &field) && field.at + field.n <= part->n;
    if (is_message && !chance_one_in(chance, 4))
        change_spm(chance, part);
    else if (part->n >= 4 && chance_one_in(chance, 3))
        change_integer(chance, part->bytes + chance_below(chance, part->n / 4) * 4, 4);
    else if (chance_one_in(chance, 10))
        blob_put_text(part, "\xe2\x96\x81 a long piece of many letters");
    else
        change_blob(chance, part);
}

/* The field with other contents. */
static void rewrite(struct chance *chance, const struct blob *message, struct field field,
                    struct blob *out) {
    struct blob contents = {0};
    put_tag(chance, out, field);
    blob_put(&contents, message->bytes + field.contents, field.inner);
    if (field.type == 0) {
        size_t at = 0;
        uint64_t value = 0;
        read_varint(&contents, &at, &value);
        put_varint(chance, out,
                   chance_one_in(chance, 2) ? chance_number(chance)
                                            : value ^ chance_below(chance, 8));
    } else if (field.type == 2) {
        change_inner(chance, &contents);
        put_varint(chance, out,
                   chance_one_in(chance, 40) ? chance_number(chance) : (uint64_t)contents.n);
        blob_put(out, contents.bytes, contents.n);
    } else {
        change_integer(chance, contents.bytes, contents.n);
        blob_put(out, contents.bytes, contents.n);
    }
    blob_free(&contents);
}

void change_spm(struct chance *chance, struct blob *message) {
    struct field field, other;
    struct blob out = {0};
    if (!choose_field(chance, message, &field) || chance_one_in(chance, 30)) {
        change_blob(chance, message);
        return;
    }
    choose_field(chance, message, &other);
    if (chance_one_in(chance, 4)) {
        change_order(chance, message, field.at, field.n, other.at);
        return;
    }
    rewrite(chance, message, field, &out);
    blob_replace(message, field.at, field.n, out.bytes, out.n);
    blob_free(&out);
}
