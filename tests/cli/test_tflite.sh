# SPDX-License-Identifier: Apache-2.0
# .tflite models: what inspect shows, what run answers, refusals.
. "$(dirname "$0")/lib.sh"
models=$golden/tflite

run inspect "$models/lenet_int8.tflite"
exits 0
says out '0  CONV_2D          0 9 8   10       padding=same, stride_w=1, stride_h=1, activation=relu'
says out '17  probabilities'
says out '0.00390625  -128'
says out '16 of axis 0'
run inspect "$models/depthwise_float.tflite" --json
exits 0
says out '"operator": "DEPTHWISE_CONV_2D", "code": 4, "inputs": [10, 4, 2], "outputs": [11]'
says out '"index": 0, "name": "image", "role": "in", "type": "FLOAT32", "shape": [1, 28, 28, 1]'
run inspect "$models/uint8_ranges_toco.tflite"
exits 0
says out 'UINT8  [1, 28, 28, 1]'
cp "$models/lenet_int8.tflite" model
run inspect model
exits 0
says out 'CONV_2D'

run run "$models/lenet_int8.tflite" --data synthetic --limit 3
exits 0
silent err
says out 'row,output 0,output 1'
holds 'a line for each example' [ "$(wc -l <out)" -eq 4 ]
cp out whole
run run "$models/lenet_int8.tflite" --data synthetic --limit 3 --output answers.csv --threads 1
exits 0
silent out
holds 'the same in a file' cmp -s whole answers.csv
run run "$models/lenet_float.tflite" --data synthetic --limit 5 --output answers.npy
exits 0
run inspect answers.npy
says out '[5, 10]'

refuses 2 'the data is missing' run "$models/lenet_int8.tflite"
refuses 2 "model's file is missing" run --data synthetic
refuses 1 'nowhere' run nowhere.tflite --data synthetic
refuses 1 'UINT8' run "$models/uint8_ranges_toco.tflite" --data synthetic
head -c 1000 "$models/lenet_int8.tflite" >cut.tflite
refuses 1 "cut.tflite': at byte" inspect cut.tflite
refuses 1 "cut.tflite': at byte" run cut.tflite --data synthetic
refuses 2 '--plan and --graph' inspect cut.tflite --plan
finish
