/* SPDX-License-Identifier: Apache-2.0 */
/** All of Tare. */
#ifndef TARE_TARE_H
#define TARE_TARE_H

#include <tare/array.h>
#include <tare/base.h>
#include <tare/batch_norm.h>
#include <tare/data.h>
#include <tare/data_frame.h>
#include <tare/event.h>
#include <tare/fit.h>
#include <tare/graph.h>
#include <tare/layer.h>
#include <tare/loss.h>
#include <tare/metric.h>
#include <tare/model.h>
#include <tare/norm.h>
#include <tare/normalization.h>
#include <tare/op.h>
#include <tare/profile.h>
#include <tare/quantise.h>
#include <tare/report.h>
#include <tare/schedule.h>
#include <tare/session.h>
#include <tare/summary.h>
#include <tare/tflite.h>
#include <tare/train.h>
#include <tare/zoo.h>

#endif
