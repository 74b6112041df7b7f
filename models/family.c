#include "models/family.h"

#include <stdio.h>
#include <string.h>

/* Fills pattern's "%u" with the layer. */
static void fill_layer(const char *pattern, uint32_t layer, char out[256]) {
    const char *place = strstr(pattern, "%u");
    if (!place)
        snprintf(out, 256, "%s", pattern);
    else
        snprintf(out, 256, "%.*s%u%s", (int)(place - pattern), pattern, layer, place + 2);
}

/* Does the rule speak of this role? If so, `name` is the tensor that it means; `number` is what
 * its "%u" stands for. */
static bool apply_rule(const struct tensor_rule *rule, const struct role *role, uint32_t number,
                       char name[256]) {
    char wanted[256];
    fill_layer(rule->role, role->layer, wanted);
    size_t length = strlen(wanted);
    if (length && wanted[length - 1] == '*') {
        if (strncmp(wanted, role->name, length - 1) != 0) return false;
        const char *suffix = role->name + length - 1;
        if (strchr(suffix, '.')) return false;
        fill_layer(rule->name, number, name);
        size_t end = strlen(name);
        if (end && name[end - 1] == '*') snprintf(name + end - 1, 256 - (end - 1), "%s", suffix);
        return true;
    }
    fill_layer(rule->name, number, name);
    return strcmp(wanted, role->name) == 0;
}

/* The name with the first of the prefixes that makes it a tensor's; false: none does. */
static bool find_prefixed(const struct checkpoint *checkpoint, const char *const *prefixes,
                          const char *name, char full[256]) {
    for (; *prefixes; prefixes++) {
        int n = snprintf(full, 256, "%s%s", *prefixes, name);
        if (n > 0 && n < 256 && has_tensor(checkpoint, full)) return true;
    }
    return false;
}

bool family_find(const struct family *family, const struct checkpoint *checkpoint,
                 const struct role *role, char name[256], const struct tensor_rule **found) {
    static const struct tensor_rule as_named = {NULL, NULL, 0, 0, false};
    if (!family->rules) {
        snprintf(name, 256, "%s", role->name);
        *found = &as_named;
        return has_tensor(checkpoint, name);
    }
    uint32_t number = family->layer_number ? family->layer_number(checkpoint, role) : role->layer;
    static const char *const whole[] = {"", NULL};
    const char *const *prefixes = family->prefixes ? family->prefixes : whole;
    for (const struct tensor_rule *rule = family->rules; rule->role; rule++) {
        char plain[256];
        if (!apply_rule(rule, role, number, plain) ||
            !find_prefixed(checkpoint, prefixes, plain, name))
            continue;
        *found = rule;
        return true;
    }
    return false;
}
