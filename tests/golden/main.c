/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The golden driver: walks a directory of TensorFlow's answers (index .json beside .npz), builds
 * each case through the public interface, compares every array within the case's tolerance.
 *
 *     golden [OPTION...] ROOT [GROUP...]
 *
 * GROUP is a file of ROOT without its ending (op_conv) or the kind of group a file names (op); none
 * given: all. Ends with `N passed, N failed`; exit status 0 when nothing failed, 1 when something
 * did, 2 for misuse, 77 when --optional was given and there is no such directory. A case that
 * cannot be expressed has failed.
 */
#include "golden.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAMES 64

/* What is asked for on the command line. */
typedef struct wish {
    const char *root;
    const char *groups[MAX_NAMES], *cases[MAX_NAMES], *except[MAX_NAMES];
    bool found[MAX_NAMES]; /* which groups there were */
    size_t group_count, case_count, except_count;
    bool list, verbose, existing, optional, wide;
    int threads;
} wish;

/* Something a case needs and the library does not have. */
typedef struct lack {
    char name[GOLDEN_NAME];
    int cases;
} lack;

typedef struct tally {
    int passed, failed, lacking, left_out;
    lack lacks[256];
    size_t lack_count;
} tally;

/* Kinds of groups and their drivers. */
static void drive_unknown(golden_case *c) {
    golden_lack(c, golden_text(c->spec, "op", "a driver"));
}
static const struct {
    const char *group;
    golden_driver drive;
} drivers[] = {
    {"seed_program", golden_seed_program},
    {"batch_norm", golden_batch_norm},
    {"slim_batch_norm", golden_batch_norm},
    {"nn", golden_op},
    {"op", golden_op},
    {"loss", golden_op},
    {"metric", golden_metric},
    {"optimizer", golden_optimizer},
    {"program", golden_program},
    {"initializer", golden_initializer},
    {"names", golden_names},
};

static golden_driver driver_of(const char *group) {
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (!strcmp(drivers[i].group, group)) return drivers[i].drive;
    return drive_unknown;
}

static bool named(const char *const *names, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(names[i], name)) return true;
    return false;
}

/* --------------------------------------------------------------------------------- command line */

static int misuse(const char *what) {
    fprintf(stderr,
            "golden: %s\n"
            "usage: golden [OPTION...] ROOT [GROUP...]\n"
            "  --list          name the cases, run none\n"
            "  --verbose       name every array and case and what it came to\n"
            "  --case NAME     run this case only (may be repeated)\n"
            "  --except NAME   leave this case out, and say so (may be repeated)\n"
            "  --existing-ops  count cases whose op is lacking apart from those that failed\n"
            "  --float64       compute in float64 what is float32, round, then compare (programs)\n"
            "  --optional      exit with 77 when ROOT does not exist\n"
            "  --threads N     threads of each session (1)\n",
            what);
    return 2;
}

/* Takes an option with a value; false when it is another one or has no value. */
static bool take_value(int count, char **words, int *at, const char *option, const char **value) {
    if (strcmp(words[*at], option) || *at + 1 >= count) return false;
    *value = words[++*at];
    return true;
}

static bool take_flag(wish *w, const char *word) {
    struct {
        const char *name;
        bool *flag;
    } flags[] = {{"--list", &w->list},
                 {"--verbose", &w->verbose},
                 {"--existing-ops", &w->existing},
                 {"--float64", &w->wide},
                 {"--optional", &w->optional}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (!strcmp(word, flags[i].name)) return *flags[i].flag = true;
    return false;
}

/* NULL, or what is wrong. */
static const char *parse(int count, char **words, wish *w) {
    const char *value;
    for (int i = 1; i < count; i++) {
        if (w->case_count == MAX_NAMES || w->except_count == MAX_NAMES ||
            w->group_count == MAX_NAMES)
            return "too many names";
        if (take_flag(w, words[i])) continue;
        if (take_value(count, words, &i, "--case", &value))
            w->cases[w->case_count++] = value;
        else if (take_value(count, words, &i, "--except", &value))
            w->except[w->except_count++] = value;
        else if (take_value(count, words, &i, "--threads", &value))
            w->threads = atoi(value);
        else if (words[i][0] == '-')
            return "unknown option";
        else if (!w->root)
            w->root = words[i];
        else
            w->groups[w->group_count++] = words[i];
    }
    if (!w->root) return "no directory given";
    return w->threads > 0 ? NULL : "--threads needs a number above 0";
}

/* ---------------------------------------------------------------------------------------- cases */

static void count_lack(tally *t, const char *what) {
    size_t i = 0;
    while (i < t->lack_count && strcmp(t->lacks[i].name, what)) i++;
    if (i == sizeof t->lacks / sizeof *t->lacks) return;
    if (i == t->lack_count) snprintf(t->lacks[t->lack_count++].name, GOLDEN_NAME, "%s", what);
    t->lacks[i].cases++;
}

static void run_case(const wish *w, const char *file, const json_t *spec, tare_npz *npz,
                     golden_driver drive, tally *t) {
    golden_case c = {.file = file,
                     .name = golden_text(spec, "name", ""),
                     .spec = spec,
                     .npz = npz,
                     .threads = w->threads,
                     .verbose = w->verbose,
                     .wide = w->wide};
    bool passed = golden_run_case(&c, drive);
    const char *verdict = passed ? "passed" : "failed";
    if (c.lacks[0]) {
        verdict = "cannot be expressed";
        count_lack(t, c.lacks);
    }
    if (w->verbose)
        printf("%s/%s: %s (%d compared)%s%s\n", file, c.name, verdict, c.judgements,
               c.lacks[0] ? ": lacks " : "", c.lacks);
    if (passed)
        t->passed++;
    else if (c.lacks[0] && w->existing && !c.failures)
        t->lacking++;
    else
        t->failed++;
}

static void run_index(const wish *w, const char *file, const json_t *index, tare_npz *npz,
                      tally *all) {
    golden_driver drive = driver_of(golden_text(index, "group", ""));
    const json_t *cases = json_object_get(index, "cases");
    tally t = *all;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *spec = json_array_get(cases, i);
        const char *name = golden_text(spec, "name", "");
        if (w->case_count && !named(w->cases, w->case_count, name)) continue;
        if (w->list)
            printf("%s/%s\n", file, name);
        else if (named(w->except, w->except_count, name))
            t.left_out++;
        else
            run_case(w, file, spec, npz, drive, &t);
    }
    if (!w->list)
        printf("%-16s %4zu cases: %d passed, %d failed, %d lack their op, %d left out on request\n",
               file, json_array_size(cases), t.passed - all->passed, t.failed - all->failed,
               t.lacking - all->lacking, t.left_out - all->left_out);
    *all = t;
}

/* --------------------------------------------------------------------------------------- walking
 */

static bool wanted(wish *w, const char *file, const char *group) {
    bool hit = w->group_count == 0;
    for (size_t i = 0; i < w->group_count; i++)
        if (!strcmp(w->groups[i], file) || !strcmp(w->groups[i], group)) hit = w->found[i] = true;
    return hit;
}

/* Counts as a failure, so that no broken file passes unseen. */
static void broken(tally *t, const char *path, const char *why) {
    printf("FAIL %s: %s\n", path, why);
    t->failed++;
}

static void walk_file(wish *w, const char *file_name, tally *t) {
    char path[4096], file[256];
    snprintf(path, sizeof path, "%s/%s", w->root, file_name);
    snprintf(file, sizeof file, "%.*s", (int)(strlen(file_name) - strlen(".json")), file_name);
    json_error_t json_error;
    json_t *index = json_load_file(path, JSON_REJECT_DUPLICATES, &json_error);
    if (!index) {
        broken(t, path, json_error.text);
        return;
    }
    const char *arrays = golden_text(index, "npz", NULL);
    if (wanted(w, file, golden_text(index, "group", ""))) {
        tare_npz *npz = NULL;
        tare_error error = {.status = TARE_OK};
        if (arrays) snprintf(path, sizeof path, "%s/%s", w->root, arrays);
        if (golden_integer(index, "format", 0) != 1)
            broken(t, path, "is not an index of format 1");
        else if (arrays && tare_npz_open(path, &npz, &error) != TARE_OK)
            broken(t, path, error.message);
        else
            run_index(w, file, index, npz, t);
        tare_npz_close(npz);
    }
    json_decref(index);
}

static int only_json(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return length > 5 && !strcmp(entry->d_name + length - 5, ".json");
}

static void report(const wish *w, tally *t) {
    for (size_t i = 0; i < w->group_count; i++)
        if (!w->found[i]) broken(t, w->groups[i], "no such group in the directory");
    if (w->list) return;
    for (size_t i = 0; i < t->lack_count; i++)
        printf("%s %s (%d cases)", i ? "," : "lacking:", t->lacks[i].name, t->lacks[i].cases);
    if (t->lack_count) printf("\n");
    if (t->lacking) printf("%d cases lack their op and are not counted below\n", t->lacking);
    for (size_t i = 0; i < w->except_count; i++) printf("left out: %s\n", w->except[i]);
    printf("%d passed, %d failed\n", t->passed, t->failed);
}

int main(int count, char **words) {
    wish w = {.threads = 1};
    const char *wrong = parse(count, words, &w);
    if (wrong) return misuse(wrong);
    struct dirent **files = NULL;
    int file_count = scandir(w.root, &files, only_json, alphasort);
    if (file_count < 0) {
        fprintf(stderr, "golden: %s: %s\n", w.root, strerror(errno));
        return w.optional && errno == ENOENT ? 77 : 2;
    }
    static tally t; /* large, and zero to begin with */
    for (int i = 0; i < file_count; i++) {
        walk_file(&w, files[i]->d_name, &t);
        free(files[i]);
    }
    free(files);
    report(&w, &t);
    return t.failed || (!w.list && !t.passed) ? 1 : 0;
}
