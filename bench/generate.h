/* SPDX-License-Identifier: Apache-2.0 */
/* Images of Fashion-MNIST's size for machines that lack it. */
#ifndef BENCH_GENERATE_H
#define BENCH_GENERATE_H

#include <tare/base.h>

/* Writes the data set `synthetic` into the folder as Fashion-MNIST's four idx files. */
tare_status bench_generate_images(const char *folder, tare_error *error);

#endif
