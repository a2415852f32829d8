/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of what readers, data sets and batches take, made from the lists in tare/data.h. */
#include "data/options.h"

#define TARE_TABLE_STRUCT tare_csv_options
TARE_OPTION_TABLE(, tare_csv_table, TARE_CSV_FIELDS);
#undef TARE_TABLE_STRUCT

#define TARE_TABLE_STRUCT tare_data_frame_options
TARE_OPTION_TABLE(, tare_data_frame_table, TARE_DATA_FRAME_FIELDS);
#undef TARE_TABLE_STRUCT

#define TARE_TABLE_STRUCT tare_standardizer_options
TARE_OPTION_TABLE(, tare_standardizer_table, TARE_STANDARDIZER_FIELDS);
#undef TARE_TABLE_STRUCT

#define TARE_TABLE_STRUCT tare_dataset_options
TARE_OPTION_TABLE(, tare_dataset_table, TARE_DATASET_FIELDS);
#undef TARE_TABLE_STRUCT

#define TARE_TABLE_STRUCT tare_batches_options
#define TARE_WORDS_last   TARE_LAST_BATCH_WORDS
TARE_OPTION_TABLE(, tare_batches_table, TARE_BATCHES_FIELDS);
#undef TARE_TABLE_STRUCT
