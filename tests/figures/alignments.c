/* Prints the table of docs/alignment.md: alignment error rates of the shipped model. */
#include "tests/aer.h"

#include <stdio.h>

static void print_row(const tolka_model *model, const struct gold *gold, int layer, int head) {
    struct aer aer = aer_measure(model, gold, layer, head);
    char name[16] = "average";
    if (head > 0) snprintf(name, sizeof name, "%d", head);
    printf("| %d | %s | %.3f | %.3f | %.3f | %.3f | %.3f |\n", layer, name, aer.forward,
           aer.reverse, aer.joined[TOLKA_INTERSECTION], aer.joined[TOLKA_UNION],
           aer.joined[TOLKA_GROW_DIAG_FINAL_AND]);
}

int main(int argc, char **argv) {
    tolka_model *model;
    tolka_error err;
    if (argc != 2 || tolka_model_open(&model, argv[1], &err) != TOLKA_OK) {
        fprintf(stderr, "usage: alignments MODEL%s%s\n", argc == 2 ? ": " : "",
                argc == 2 ? err.text : "");
        return 1;
    }
    struct gold *gold = gold_open(GOLD);
    puts("| layer | head | forward | reverse | intersection | union | grow-diag-final-and |\n"
         "| --- | --- | --- | --- | --- | --- | --- |");
    for (int layer = 1; layer <= 2; layer++)
        for (int head = 0; head <= 8; head++) print_row(model, gold, layer, head ? head : -1);
    gold_free(gold);
    tolka_model_free(model);
    return 0;
}
