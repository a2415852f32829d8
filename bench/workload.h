/* SPDX-License-Identifier: Apache-2.0 */
/* A workload of the benchmark: a network of the zoo, its batches in host memory, a session that
 * takes steps on them, and the check that the steps were really done. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "question_reference.h"
#include <tare/tare.h>

typedef struct bench_work bench_work;

/* One line of the table of workloads. */
typedef struct bench_workload {
    const char *name;     /* on the command line and in the result */
    const char *network;  /* of the zoo; NULL: `build` makes it */
    const char *recipe;   /* of that network: the options it is built with */
    int64_t batch;        /* unless asked otherwise */
    const char *modes;    /* in which it is measured: "train,infer,int8" */
    const char *threads;  /* unless asked otherwise: "1,2" */
    bool in_microseconds; /* the result is the time of a step, not images per second */
    bool same_start;      /* the first weights are given, not drawn */
    tare_status (*load)(bench_work *work, const char *folder, tare_error *error);
    /* Compares what was read back with a second computation. NULL: finite numbers will do. */
    tare_status (*check)(bench_work *work, tare_error *error);
    /* Makes work->network in work->graph. NULL: the zoo does. */
    tare_status (*build)(bench_work *work, bool no_bn, tare_error *error);
    bool ours; /* no peer knows it: for studies of Tare alone */
} bench_workload;

/* The workload of that name; NULL: there is none. */
const bench_workload *bench_workload_named(const char *name);
/* Name i of the workloads, NULL beyond the last. */
const char *bench_workload_name(size_t i);

typedef struct bench_batch {
    tare_array *inputs, *labels;
} bench_batch;

/* A number that a training step gave back. */
typedef struct bench_loss {
    int64_t step;
    float value;
} bench_loss;

/* A workload under way; zero at first. Ends with bench_work_end, also where beginning failed. */
struct bench_work {
    const bench_workload *workload;
    bool training, int8;
    int64_t batch; /* examples */
    tare_graph *graph;
    tare_session *session;
    tare_network network;

    /* What is fed: all batches one after the other, and each by itself, which is a part of them. */
    tare_array *all_inputs, *all_labels;
    bench_batch *batches;
    int64_t batch_count;
    double data_seconds; /* that making the batches took */

    tare_array *yes, *loss, *output; /* fed and fetched */
    int64_t steps;                   /* done so far */
    bench_loss *losses;              /* read back since the last check */
    size_t loss_count, loss_capacity;
    /* The loss of step 1000, the same in every program that begins with the same weights and takes
     * the same batches. NaN: not yet there, or weights are drawn. */
    double loss_at_1000;

    question_reference reference; /* workload seed: as far as checked_steps */
    int64_t checked_steps;
};

typedef struct bench_setup {
    bool training;
    bool int8;              /* infers with the int8 model */
    const char *model;      /* .tflite file that is to hold it; NULL: none */
    bool no_bn;             /* without batch normalisation: what it costs is the difference */
    int64_t threads, batch; /* batch 0: the workload's own */
    const char *folder;     /* of Fashion-MNIST; NULL: where Debian puts it */
} bench_setup;

tare_status bench_work_begin(bench_work *work, const bench_workload *workload,
                             const bench_setup *setup, tare_error *error);
void bench_work_end(bench_work *work);

/* Makes room for the losses of count steps, so that bench_work_run allocates nothing. */
tare_status bench_work_reserve(bench_work *work, int64_t count, tare_error *error);
/*
 * count steps, each on the next batch. Training reads the loss back in steps 1000, 2000, ... and in
 * the last; inference reads every output back.
 */
tare_status bench_work_run(bench_work *work, int64_t count, tare_error *error);
/* Checks what was read back since the last check. */
tare_status bench_work_check(bench_work *work, tare_error *error);

#endif
