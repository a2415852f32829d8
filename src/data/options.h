/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of what readers, data sets and batches take. */
#ifndef TARE_SRC_DATA_OPTIONS_H
#define TARE_SRC_DATA_OPTIONS_H

#include "graph/op.h"
#include <tare/data.h>
#include <tare/data_frame.h>

extern const tare_option_table tare_csv_table;          /* tare_csv_options */
extern const tare_option_table tare_data_frame_table;   /* tare_data_frame_options */
extern const tare_option_table tare_standardizer_table; /* tare_standardizer_options */
extern const tare_option_table tare_dataset_table;      /* tare_dataset_options */
extern const tare_option_table tare_batches_table;      /* tare_batches_options */

#endif
