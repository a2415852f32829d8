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

run run "$models/uint8_ranges_toco.tflite" --data synthetic --limit 2
exits 0
silent err
matches out '2(,[0-9.]+){10}'

refuses 2 'the data is missing' run "$models/lenet_int8.tflite"
refuses 2 "model's file is missing" run --data synthetic
refuses 1 'nowhere' run nowhere.tflite --data synthetic
head -c 1000 "$models/lenet_int8.tflite" >cut.tflite
refuses 1 "cut.tflite': at byte" inspect cut.tflite
refuses 1 "cut.tflite': at byte" run cut.tflite --data synthetic
run quantise "$models/depthwise_float.tflite"
exits 1
silent out
says err 'Array image, which is an input to the Conv operator producing the output array net/Relu6;'
says err 'pass --default_ranges_min= and --default_ranges_max= for easy experimentation.'
says err "array image: the model's input, read by CONV_2D"
says err 'the result of MEAN, read by FULLY_CONNECTED'
says err "array logits: the result of FULLY_CONNECTED, the model's output"
says err 'no range reached 6 of 6 arrays: the file holds none for them, and neither --data nor --default-ranges was given'
says err "tare quantise $models/depthwise_float.tflite --data x.npy --output int8.tflite"
says err 'tare train NETWORK --quantise --checkpoint c.safetensors; tare export c.safetensors --output model.tflite'
says err "tare quantise $models/depthwise_float.tflite --default-ranges 0,6"
holds 'two sentences for each array, why, and three ways out' [ "$(wc -l <err)" -eq 16 ]
if has zlib; then
  run quantise "$models/depthwise_float.tflite" --data "$models/samples.npz" --output ours.tflite
  exits 0
  silent err
  says out 'net/Mean'
  says out '64 examples: worst difference 0.0999'
  run inspect ours.tflite
  says out 'INT8   [1, 28, 28, 1]'
  run run ours.tflite --data synthetic --limit 5
  cp out ours
  run run "$models/depthwise_int8.tflite" --data synthetic --limit 5
  holds 'the answers of the file that TensorFlow wrote' cmp -s out ours
  run quantise "$models/depthwise_float.tflite" --data "$models/samples.npz" --default-ranges 0,6 --json
  exits 0
  says err 'the default range clips array logits by up to 10.7: 60.6 % of its numbers lie beyond 0 to 6'
  says out '"name": "logits", "ranged": true, "min": 0, "max": 6'
  run quantise "$models/depthwise_float.tflite" --uint8 --default-ranges 0,6 --output u8.tflite
  exits 0
  says out 'net/Mean'
  run inspect u8.tflite
  says out 'UINT8  [1, 28, 28, 1]'
  run run u8.tflite --data synthetic --limit 2
  exits 0
  run quantise "$models/depthwise_float.tflite" --data "$models/samples.npz" --default-ranges 0,6 --uint8
  exits 0
  says err 'the default range clips array logits by up to 10.7: 60.6 % of its numbers lie beyond 0 to 6'
  refuses 1 'quantised already' quantise "$models/lenet_int8.tflite" --default-ranges 0,6
  refuses 1 'a model of float numbers' quantise "$models/lenet_int8.tflite" --data "$models/samples.npz"
fi
refuses 2 'the checkpoint or the output is missing' export x.safetensors
if has jansson && has zlib; then
  run train mlp_bn --data synthetic --limit 256 --test-limit 16 --epochs 1 --quiet --checkpoint mlp.safetensors
  exits 0
  run export mlp.safetensors --output mlp.tflite
  exits 0
  silent err
  run inspect mlp.tflite
  says out 'FULLY_CONNECTED'
  says_not out 'moving_mean'
  run quantise mlp.tflite --data synthetic --limit 64 --output mlp8.tflite
  exits 0
  says out '64 examples: worst difference'
  run run mlp8.tflite --data synthetic --limit 2
  exits 0
  run eval mlp.tflite --data synthetic --limit 200
  exits 0
  matches out 'test accuracy [0-9.]+ \([0-9]+ of 200\)'
  run eval mlp.safetensors --data synthetic --limit 200
  cp out checkpoint
  run eval mlp.tflite --data synthetic --limit 200
  holds 'the accuracy of the checkpoint' cmp -s out checkpoint
  run eval mlp8.tflite --data synthetic --limit 200 --json
  exits 0
  says out '"count": 200, "loss": null'
  refuses 2 'the data is missing' eval mlp8.tflite
  run quantise mlp.safetensors --data synthetic --limit 64 --output again.tflite
  exits 0
  holds 'the same model from the checkpoint itself' cmp -s mlp8.tflite again.tflite
  run quantise mlp.safetensors --compare --data synthetic --limit 64 --test-limit 200 --trained mlp.safetensors
  exits 0
  silent err
  says out 'mlp_bn on 200 test examples of synthetic; ranges from 64 training examples'
  holds 'the float row has no file' grep -qE '^float  +[0-9.]+ +[0-9.]+$' out
  holds 'the folded row has one' grep -qE '^folded  +[0-9.]+ +-?0.00 +[0-9.e-]+ +[0-9.e-]+ +[0-9]{7} +[0-9.]+$' out
  holds 'int8 per tensor' grep -qE '^int8 per tensor  +[0-9.]+ +-?[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9]{6} +[0-9.]+$' out
  holds 'default ranges' grep -qE '^default ranges 0,6  +[0-9.]+ +-?[0-9.]+ +[0-9.]+' out
  holds 'the trained row' grep -qE '^trained for int8  +[0-9.]+ +-?[0-9.]+ +[0-9.]+' out
  says out "default ranges 0,6  'logits/BiasAdd' loses most:"
  run quantise mlp.safetensors --compare --data synthetic --limit 64 --test-limit 20 --default-ranges -1,6 --json
  exits 0
  says out '"name": "default ranges -1,6"'
  says out '"range_examples": 64'
  holds 'decibels in JSON' grep -qE '"decibels": [0-9.]+' out
  run quantise mlp.safetensors --data synthetic --limit 64 --plot weights.svg
  exits 0
  holds 'a picture of every layer' [ "$(grep -c 'channel, after folding' weights.svg)" -eq 3 ]
  holds 'its title' grep -q 'Weights of mlp_bn by channel, before and after folding' weights.svg
  refuses 1 'nowhere/weights.svg' quantise mlp.safetensors --data synthetic --limit 64 --plot nowhere/weights.svg
  run quantise mlp.tflite --compare --data synthetic --limit 64 --test-limit 20
  exits 0
  says out 'mlp.tflite on 20 test examples'
  says_not out 'folded'
  refuses 2 'the data is missing' quantise mlp.tflite --compare
  refuses 2 'leave --output, --per-tensor and --uint8 out' quantise mlp.tflite --compare --per-tensor
  refuses 2 'need --compare' quantise mlp.tflite --test-limit 7
  refuses 1 'nowhere' quantise mlp.safetensors --compare --data synthetic --limit 64 --test-limit 20 --trained nowhere.safetensors
  run train mlp_bn --from mlp.safetensors --quantise --data synthetic --limit 256 --test-limit 16 --epochs 1 --quiet --checkpoint q.safetensors
  exits 0
  run quantise mlp.safetensors --compare --data synthetic --limit 64 --test-limit 40 --trained q.safetensors --json
  exits 0
  says out '"name": "trained for int8"'
  run train mobilenet --classes 12 --width 4 --data synthetic --limit 16 --test-limit 8 --epochs 1 --quiet --checkpoint other.safetensors
  exits 0
  refuses 1 "compare 'trained for int8': got answers of another shape than the float network's" quantise mlp.safetensors --compare --data synthetic --limit 64 --test-limit 40 --trained other.safetensors
  run train heatmap --limit 16 --test-limit 8 --width 4 --epochs 1 --quiet --checkpoint h.safetensors
  run export h.safetensors --output h.tflite
  exits 0
  run inspect h.tflite
  says out 'RESIZE_NEAREST_NEIGHBOR'
  run train conv3d --limit 16 --test-limit 8 --epochs 1 --quiet --checkpoint v.safetensors
  refuses 1 "nn_max_pool3d 'max_pooling3d/MaxPool3D': got an op without a form" export v.safetensors --output v.tflite
fi
refuses 2 'MIN no more than MAX' quantise x.tflite --default-ranges 6,0
refuses 2 'MIN no more than MAX' quantise x.tflite --default-ranges nan,6
refuses 2 'MIN no more than MAX' quantise x.tflite --default-ranges 6
refuses 2 "model's file is missing" quantise

refuses 2 '--plan and --graph' inspect cut.tflite --plan
finish
