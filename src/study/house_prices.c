/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare house_prices: prices from a table of mixed columns, by a linear model and by dense layers,
 * with batch normalisation and without, on standardised inputs and on raw ones, each judged by
 * k-fold cross-validation.
 */
#include "study/house_prices.h"
#include "base/status.h"
#include "cli/say.h"

#include <inttypes.h>
#include <math.h>

#define TARE_TABLE_STRUCT tare_prices_options
TARE_OPTION_TABLE(static, prices_table, TARE_PRICES_FIELDS);
#undef TARE_TABLE_STRUCT

static const tare_study_column columns[] = {
    {"training", "training log RMSE"},
    {"held_out", "held-out log RMSE"},
    {"worst_fold", "worst fold"},
    {NULL, NULL},
};
enum { TRAINING, HELD_OUT, WORST_FOLD, VALUES };
#define NOTABLE 1.1 /* a ratio of errors that is no accident of the seed */

static const tare_prices_variant variants[] = {
    {"linear", false, false, false},  {"mlp_bn", true, true, false},  {"mlp", true, false, false},
    {"mlp_bn_raw", true, true, true}, {"mlp_raw", true, false, true},
};
enum { LINEAR, MLP_BN, MLP, MLP_BN_RAW, MLP_RAW, VARIANTS };

typedef struct job {
    tare_prices prices;
    int64_t *rows;                  /* [rows of the frame] of the present fold */
    double found[VARIANTS][VALUES]; /* over the folds */
    int64_t features;               /* that all rows together make */
} job;

/* --------------------------------------------------------------------------------------- data */

/* Columns that number the rows tell nothing of houses yet to come. */
static const char *const numbering[] = {"rownames", "Id", "Order", "PID", "column 1"};

static tare_status choose_ignored(tare_prices *prices) {
    tare_text *ignored = &prices->ignored;
    tare_text_add(ignored, prices->options.ignore != NULL ? prices->options.ignore : "");
    for (size_t i = 0; i < sizeof numbering / sizeof *numbering; i++)
        if (prices->options.ignore == NULL &&
            tare_data_frame_find(prices->frame, numbering[i]) >= 0)
            tare_text_format(ignored, "%s%s", ignored->length > 0 ? "," : "", numbering[i]);
    return ignored->failed ? tare_fail_memory(&prices->study.error) : TARE_OK;
}

static tare_status load(job *j) {
    tare_prices *prices = &j->prices;
    tare_error *error = &prices->study.error;
    if (prices->options.data != NULL) {
        TARE_TRY(tare_data_frame_read_with(prices->options.data, NULL, &prices->frame, error));
    } else {
        TARE_TRY(tare_data_frame_houses(
            prices->options.houses, (uint64_t)prices->study.options.seed, &prices->frame, error));
    }
    const int64_t count = tare_data_frame_rows(prices->frame);
    j->rows = tare_allocate_array(NULL, count, sizeof *j->rows);
    if (j->rows == NULL) return tare_fail_memory(error);
    return choose_ignored(prices);
}

/* -------------------------------------------------------------------------------------- folds */

/* The rows of a fold; fold below 0: all of them, none held out. */
static tare_status choose_rows(job *j, int64_t fold, tare_prices_rows *rows) {
    const int64_t count = tare_data_frame_rows(j->prices.frame);
    *rows = (tare_prices_rows){.rows = j->rows, .training = count};
    if (fold < 0) {
        for (int64_t i = 0; i < count; i++) j->rows[i] = i;
        return TARE_OK;
    }
    TARE_TRY(tare_fold_rows(count, j->prices.options.folds, fold,
                            (uint64_t)j->prices.study.options.seed, j->rows, &rows->held,
                            &j->prices.study.error));
    rows->training -= rows->held;
    return TARE_OK;
}

static void show(const job *j, const char *name, const tare_prices_errors *errors) {
    char training[TARE_NUMBER_TEXT], held[TARE_NUMBER_TEXT];
    if (j->prices.study.options.quiet || j->prices.study.stopped) return;
    tare_study_number(training, errors->training);
    if (isnan(errors->held)) {
        tare_say_note("%s, all rows: log RMSE %s", name, training);
    } else {
        tare_say_note("%s: log RMSE %s, held out %s", name, training,
                      tare_study_number(held, errors->held));
    }
}

static void add_fold(double values[VALUES], const tare_prices_errors *errors, int64_t folds) {
    values[TRAINING] += errors->training / (double)folds;
    values[HELD_OUT] += errors->held / (double)folds;
    values[WORST_FOLD] = fmax(values[WORST_FOLD], errors->held);
}

/* A variant over all folds; NULL: the guess. */
static tare_status cross_validate(job *j, const tare_prices_variant *variant,
                                  double values[VALUES]) {
    const int64_t folds = j->prices.options.folds;
    for (int64_t fold = 0; fold < folds && !j->prices.study.stopped; fold++) {
        tare_prices_rows rows;
        tare_prices_errors errors;
        char name[64];
        TARE_TRY(choose_rows(j, fold, &rows));
        if (variant == NULL) {
            TARE_TRY(tare_prices_guess(&j->prices, &rows, &errors));
        } else {
            tare_print(name, sizeof name, "%s-fold-%" PRId64, variant->name, fold + 1);
            TARE_TRY(tare_prices_train(&j->prices, variant, name, &rows, &errors));
            show(j, name, &errors);
        }
        add_fold(values, &errors, folds);
    }
    if (j->prices.study.stopped) return TARE_OK;
    return tare_study_row_add(&j->prices.study, variant == NULL ? "mean price" : variant->name,
                              values);
}

/* The models to predict with learn from every row there is. */
static tare_status train_on_all(job *j) {
    tare_prices_rows rows;
    tare_prices_errors errors;
    TARE_TRY(choose_rows(j, -1, &rows));
    for (int v = 0; v < VARIANTS && !j->prices.study.stopped; v++) {
        TARE_TRY(tare_prices_train(&j->prices, &variants[v], variants[v].name, &rows, &errors));
        show(j, variants[v].name, &errors);
    }
    return TARE_OK;
}

/* ----------------------------------------------------------------------------------- findings */

/* The columns of numbers whose deviations are farthest apart; -1: there are none. */
static void find_extremes(const tare_standardizer *standardizer, int64_t *widest,
                          int64_t *narrowest) {
    *widest = *narrowest = -1;
    for (int64_t i = 0; i < tare_standardizer_columns(standardizer); i++) {
        const double deviation = tare_standardizer_deviation(standardizer, i);
        if (!(deviation > 0)) continue; /* names, constants */
        if (*widest < 0 || deviation > tare_standardizer_deviation(standardizer, *widest))
            *widest = i;
        if (*narrowest < 0 || deviation < tare_standardizer_deviation(standardizer, *narrowest))
            *narrowest = i;
    }
}

/* Raw inputs were the worse ones, as they are unless all columns happen to be alike. */
static bool raw_is_worse(const job *j, int raw, int scaled) {
    return j->found[raw][HELD_OUT] > NOTABLE * j->found[scaled][HELD_OUT];
}

static tare_status find_scales(job *j, const tare_standardizer *standardizer) {
    int64_t widest, narrowest;
    char wide[TARE_NUMBER_TEXT], narrow[TARE_NUMBER_TEXT], raw[TARE_NUMBER_TEXT],
        scaled[TARE_NUMBER_TEXT];
    find_extremes(standardizer, &widest, &narrowest);
    if (widest == narrowest || !raw_is_worse(j, MLP_RAW, MLP)) return TARE_OK;
    tare_study_number(wide, tare_standardizer_deviation(standardizer, widest));
    tare_study_number(narrow, tare_standardizer_deviation(standardizer, narrowest));
    tare_study_number(raw, j->found[MLP_RAW][HELD_OUT]);
    tare_study_number(scaled, j->found[MLP][HELD_OUT]);
    return tare_study_find(&j->prices.study, "mlp_raw", "input-scale",
                           "'%.40s' varies by %s, '%.40s' by %s, and one step size must do for "
                           "both: %s held out, %s when standardised",
                           tare_standardizer_name(standardizer, widest), wide,
                           tare_standardizer_name(standardizer, narrowest), narrow, raw, scaled);
}

static tare_status find_rescue(job *j) {
    char with[TARE_NUMBER_TEXT], without[TARE_NUMBER_TEXT], scaled[TARE_NUMBER_TEXT];
    if (!raw_is_worse(j, MLP_BN_RAW, MLP_BN)) return TARE_OK;
    tare_study_number(with, j->found[MLP_BN_RAW][HELD_OUT]);
    tare_study_number(without, j->found[MLP_RAW][HELD_OUT]);
    tare_study_number(scaled, j->found[MLP_BN][HELD_OUT]);
    return tare_study_find(
        &j->prices.study, "mlp_bn_raw", "hidden-not-inputs",
        "batch normalisation scales the sums of a layer, not the columns that go "
        "into them: %s held out against %s without it, but %s when standardised",
        with, without, scaled);
}

static tare_status find_gain(job *j) {
    char with[TARE_NUMBER_TEXT], without[TARE_NUMBER_TEXT];
    const bool gains = j->found[MLP_BN][HELD_OUT] < j->found[MLP][HELD_OUT];
    tare_study_number(with, j->found[MLP_BN][HELD_OUT]);
    tare_study_number(without, j->found[MLP][HELD_OUT]);
    return tare_study_find(&j->prices.study, "mlp", "no-batch-norm",
                           "%s held out without batch normalisation, %s with it%s", without, with,
                           gains ? ""
                                 : ": on standardised inputs so small a network can do without");
}

static tare_status find_best(job *j) {
    char linear[TARE_NUMBER_TEXT], network[TARE_NUMBER_TEXT];
    const bool network_wins = j->found[MLP_BN][HELD_OUT] < j->found[LINEAR][HELD_OUT];
    tare_study_number(linear, j->found[LINEAR][HELD_OUT]);
    tare_study_number(network, j->found[MLP_BN][HELD_OUT]);
    return tare_study_find(&j->prices.study, network_wins ? "mlp_bn" : "linear", "best",
                           "the better of linear (%s) and mlp_bn (%s) on rows it never saw", linear,
                           network);
}

static tare_status find_all(job *j) {
    tare_prices_rows rows;
    tare_standardizer *standardizer = NULL;
    TARE_TRY(choose_rows(j, -1, &rows));
    TARE_TRY(tare_prices_standardize(&j->prices, &rows, false, &standardizer));
    j->features = tare_standardizer_features(standardizer);
    tare_status status = find_best(j);
    if (status == TARE_OK) status = find_gain(j);
    if (status == TARE_OK) status = find_rescue(j);
    if (status == TARE_OK) status = find_scales(j, standardizer);
    tare_standardizer_free(standardizer);
    return status;
}

/* ------------------------------------------------------------------------------- what it is of */

static void add_text(tare_text *text, const void *user) {
    const job *j = user;
    tare_text_format(
        text, "%" PRId64 " rows, %" PRId64 " columns, %" PRId64 " features; %" PRId64 " folds\n\n",
        tare_data_frame_rows(j->prices.frame), tare_data_frame_columns(j->prices.frame),
        j->features, j->prices.options.folds);
}

static void add_json(tare_json *json, const void *user) {
    const job *j = user;
    tare_json_member_integer(json, "rows", tare_data_frame_rows(j->prices.frame));
    tare_json_member_integer(json, "columns", tare_data_frame_columns(j->prices.frame));
    tare_json_member_integer(json, "features", j->features);
    tare_json_member_integer(json, "folds", j->prices.options.folds);
}

/* ---------------------------------------------------------------------------------- the study */

static tare_status work(job *j) {
    double guess[VALUES] = {0};
    TARE_TRY(load(j));
    TARE_TRY(cross_validate(j, NULL, guess));
    for (int v = 0; v < VARIANTS && !j->prices.study.stopped; v++)
        TARE_TRY(cross_validate(j, &variants[v], j->found[v]));
    if (j->prices.study.options.save != NULL) TARE_TRY(train_on_all(j));
    return j->prices.study.stopped ? TARE_OK : find_all(j);
}

static int check(const tare_prices_options *options) {
    if (options->folds < 2) return tare_say_misuse("--folds: needs 2 or more");
    if (options->hidden < 1 || options->layers < 1)
        return tare_say_misuse("--hidden and --layers: need 1 or more");
    if (!(options->weight_decay >= 0) || !(options->dropout >= 0 && options->dropout < 1))
        return tare_say_misuse("--weight-decay: needs 0 or more; --dropout: 0 to below 1");
    return -1;
}

static int run(int count, char **texts) {
    job j = {.rows = NULL};
    tare_prices *prices = &j.prices;
    prices_table.set_defaults(&prices->options);
    tare_study_begin(&prices->study, &tare_command_house_prices, columns);
    prices->study.brief = true;
    prices->study.before = (tare_study_part){add_text, add_json, &j};
    prices->study.options.epochs = 60;
    prices->study.options.batch = 64;
    prices->study.options.learning_rate = 5e-3;
    int code = tare_study_parse(
        &prices->study,
        (tare_option_group){"Options of the study", &prices_table, &prices->options, NULL}, count,
        texts);
    if (code < 0) code = check(&prices->options);
    if (code < 0) code = tare_study_end(&prices->study, work(&j));
    if (j.rows != NULL)
        tare_release(NULL, j.rows, (size_t)tare_data_frame_rows(prices->frame) * sizeof *j.rows);
    tare_data_frame_free(prices->frame);
    tare_text_clear(&prices->ignored);
    return code;
}

const tare_command tare_command_house_prices = {
    .name = "house_prices",
    .summary = "prices from a table: linear and dense models, inputs standardised or raw",
    .usage = "[--data FILE] [options]",
    .examples = "  tare house_prices                              houses that are drawn\n"
                "  tare house_prices --data ames.csv --save models\n"
                "  tare predict models/linear.safetensors --data rows.csv\n",
    .run = run,
};
