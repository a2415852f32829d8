/* SPDX-License-Identifier: Apache-2.0 */
/* What tare quantise says of one model: its tensors' ranges, and how far its answers are off. */
#include "cli/quantise.h"
#include "cli/table.h"

#include <inttypes.h>

static void cell_number(tare_table *table, double number, bool known) {
    char text[TARE_NUMBER_TEXT];
    tare_table_cell(table, known ? tare_significant_text(text, number, 6) : "");
}

void tare_quantise_add_text(const tare_quantise_job *j, tare_text *text) {
    static const char *const heads[] = {"tensor", "min", "max", "scale", "zero"};
    tare_table table = {.columns = 5, .right = {false, true, true, true, true}};
    char a[TARE_NUMBER_TEXT], b[TARE_NUMBER_TEXT];
    for (int i = 0; i < 5; i++) tare_table_cell(&table, heads[i]);
    for (size_t i = 0; i < j->count; i++) {
        const tare_tflite_tensor *told = tare_tflite_tensor_at(j->quantised, i);
        if (told->constant || told->scale_count != 1) continue;
        tare_table_cell(&table, told->name);
        cell_number(&table, j->ranges[i].min, j->ranges[i].known);
        cell_number(&table, j->ranges[i].max, j->ranges[i].known);
        cell_number(&table, (double)told->scales[0], true);
        tare_table_integer(&table, told->zero_points[0]);
    }
    tare_table_end(&table, text);
    if (j->found.examples == 0) return;
    tare_text_format(text, "\n%" PRId64 " examples: worst difference %s, mean %s",
                     j->found.examples, tare_significant_text(a, j->found.worst, 3),
                     tare_significant_text(b, j->found.mean, 3));
    tare_text_format(
        text, ", of answers that span %s; the greatest answer stays in %s %%\n",
        tare_significant_text(a, j->found.range, 3),
        tare_fixed_text(b, 100. * (double)j->found.agreeing / (double)j->found.examples, 2));
}

void tare_quantise_add_json(const tare_quantise_job *j, tare_json *json) {
    tare_json_begin_object(json);
    tare_json_key(json, "tensors");
    tare_json_begin_array(json);
    for (size_t i = 0; i < j->count; i++) {
        const tare_tflite_tensor *told = tare_tflite_tensor_at(j->quantised, i);
        if (told->constant || told->scale_count != 1) continue;
        tare_json_begin_object(json);
        tare_json_member_text(json, "name", told->name);
        tare_json_member_boolean(json, "ranged", j->ranges[i].known);
        tare_json_member_double(json, "min", j->ranges[i].min);
        tare_json_member_double(json, "max", j->ranges[i].max);
        tare_json_key(json, "scale");
        tare_json_float(json, told->scales[0]);
        tare_json_member_integer(json, "zero_point", told->zero_points[0]);
        tare_json_end_object(json);
    }
    tare_json_end_array(json);
    tare_json_member_integer(json, "examples", j->found.examples);
    tare_json_member_double(json, "worst", j->found.worst);
    tare_json_member_double(json, "mean", j->found.mean);
    tare_json_member_double(json, "range", j->found.range);
    tare_json_member_integer(json, "agreeing", j->found.agreeing);
    tare_json_end_object(json);
    tare_text_add(&json->text, "\n");
}
