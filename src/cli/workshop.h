/* SPDX-License-Identifier: Apache-2.0 */
/* What commands that work with a network of the zoo need: its options, its graph, a session, data.
 */
#ifndef TARE_SRC_CLI_WORKSHOP_H
#define TARE_SRC_CLI_WORKSHOP_H

#include "base/text.h"
#include "cli/arguments.h"
#include <tare/zoo.h>

/* A network being worked with. Zero at first; tare_workshop_end in any case. */
typedef struct tare_workshop {
    const char *name;
    const tare_option_table *table;
    void *options;  /* [table->size] */
    bool quantised; /* trained with fake quantisation */
    tare_quantise_training_options quantise;
    tare_graph *graph;
    tare_session *session;
    tare_network network;
} tare_workshop;

/* Finds the network and gives its options their defaults. -1: go on; else an exit status. */
int tare_workshop_begin(tare_workshop *workshop, const char *name);
/* Finds the network that a file names (or `named`, unless it is NULL) and gives it the options that
 * the file remembers. -1: go on; else an exit status. */
int tare_workshop_recall(tare_workshop *workshop, const tare_safetensors *file, const char *path,
                         const char *named, tare_error *error);
/* The key under which a checkpoint's metadata hold how it was trained with fake quantisation. */
#define TARE_QUANTISE_KEY "quantise"

/* Builds it; *error tells why not. */
tare_status tare_workshop_build(tare_workshop *workshop, int64_t seed, tare_error *error);
/* Makes a session over it, its variables without values. */
tare_status tare_workshop_open(tare_workshop *workshop, int64_t threads, tare_error *error);
/* Both, and what the checkpoint holds. */
tare_status tare_workshop_restore(tare_workshop *workshop, const char *path, int64_t threads,
                                  tare_error *error);
/* Saves the session with a file's own pairs of metadata, but for those that the library writes.
 * at: where training would go on; NULL: at the beginning. */
tare_status tare_workshop_save(const tare_workshop *workshop, const tare_safetensors *file,
                               const tare_checkpoint_facts *at, const char *path,
                               tare_error *error);
void tare_workshop_end(tare_workshop *workshop);

/* The data that were asked for, else those that the file (NULL: none) or the zoo names. */
const char *tare_workshop_data(const tare_workshop *workshop, const tare_safetensors *file,
                               const char *asked);
/* The batch that fit remembers in a checkpoint, "batch=8,seed=1,.."; 0: none. file: may be NULL. */
int64_t tare_workshop_batch(const tare_safetensors *file);

/* Where examples come from, and how many of them are wanted. */
typedef struct tare_data_request {
    const char *data, *label;
    const char *folder; /* NULL: TARE_FASHION_MNIST of the environment, or where Debian puts it */
    bool test;
    int64_t limit; /* the first so many; 0: all */
    int64_t size;  /* side of images that are drawn; 0: the data set's own */
} tare_data_request;
/* What the network's option `size` says of the images it takes; 0: it has none. */
int64_t tare_workshop_image_size(const tare_workshop *workshop);
tare_status tare_workshop_load(const tare_data_request *request, tare_dataset **dataset,
                               tare_error *error);
/* Replaces a data set by its first examples; 0: all of them. */
tare_status tare_workshop_limit(tare_dataset **dataset, int64_t count, tare_error *error);

/* "test accuracy 0.8812 (8812 of 10000)", or the mean loss where there are no classes. */
void tare_workshop_result(tare_text *text, const char *what, const tare_evaluation *found,
                          bool has_classes);

#endif
