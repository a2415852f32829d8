/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an optimiser is: a rule of kernel/update.h, its numbers, its slots. An optimiser stands in
 * its graph as a hidden node that never runs: its inputs are the numbers, its options the form.
 */
#ifndef TARE_SRC_TRAIN_OPTIMIZER_H
#define TARE_SRC_TRAIN_OPTIMIZER_H

#include "graph/graph.h"
#include "kernel/update.h"

#include <tare/train.h>

/* clang-format off */
#define TARE_OPTIMIZER_FORM_FIELDS(field)                                                          \
    field(text, rule, NULL, "of kernel/update.h: adam")                                            \
    field(text, label, NULL, "TensorFlow's name, of train op and slots: Adam")                     \
    field(text, slots, NULL, "TensorFlow's keys of the slots: m,v")                                \
    field(real, initial_0, 0, "first value of the first slot")                                     \
    field(real, initial_1, 0, "of the second")                                                     \
    field(real, initial_2, 0, "of the third")                                                      \
    field(integer, powers, 0, "numbers, from the second on, whose powers are kept as variables")
/* clang-format on */
TARE_OPTIONS(tare_optimizer_form, TARE_OPTIMIZER_FORM_FIELDS);
#define TARE_OPTIMIZER_FORM(...)                                                                   \
    ((tare_optimizer_form){.struct_size = sizeof(tare_optimizer_form), __VA_ARGS__})

/* A number, under the name that an error gives it. */
typedef struct tare_optimizer_number {
    const char *name;
    tare_tensor value; /* a number, a floating scalar; not given: refused */
} tare_optimizer_number;

/*
 * An optimiser of that form. numbers: those of the rule but its powers, in the rule's order.
 * name: the user's, NULL for the form's label.
 */
tare_optimizer tare_optimizer_make(tare_graph *graph, const char *name,
                                   const tare_optimizer_form *form,
                                   const tare_optimizer_number *numbers, int32_t count);
/* A failed optimiser: "LABEL: got WHAT NUMBER; needs NEED". */
tare_optimizer tare_optimizer_refuse(tare_graph *graph, const char *label, const char *what,
                                     double number, const char *need);

/* Its node; NULL for a failed one. */
const tare_node *tare_optimizer_node(tare_optimizer optimizer);
const tare_optimizer_form *tare_optimizer_form_of(const tare_node *optimizer);

/* The variables that an update of one variable writes besides it. */
typedef struct tare_optimizer_slots {
    tare_tensor slots[TARE_UPDATE_MOST_SLOTS];
    tare_tensor powers[TARE_UPDATE_MOST_NUMBERS];
} tare_optimizer_slots;
/* Found where the optimiser was applied to the variable before; false: it was not. variable NULL
 * tensor: to any variable, whose powers are shared. */
bool tare_optimizer_find_slots(tare_optimizer optimizer, tare_tensor variable,
                               tare_optimizer_slots *slots);

/* A number as a tensor: float32 when it is an immediate. Sticky errors. */
tare_tensor tare_train_number(tare_graph *graph, tare_tensor number, const char *op,
                              const char *what);

/* One kind of optimiser, as tables and command lines see it. */
typedef struct tare_optimizer_kind_def {
    const char *name; /* "adam" */
    const tare_option_table *table;
    tare_optimizer (*make)(tare_graph *graph, const void *options);
} tare_optimizer_kind_def;

#endif
