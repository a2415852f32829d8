# SPDX-License-Identifier: Apache-2.0
# Training with fake quantisation: from scratch, from a trained checkpoint, on to int8; what other
# commands make of such a checkpoint; refusals.
. "$(dirname "$0")/lib.sh"
small='--data synthetic --limit 500 --test-limit 200 --quiet'

if ! has jansson; then
  run train mlp_bn $small --quantise
  exits 0
  matches out 'test accuracy .* of 200\)'
  finish
  exit
fi

run train mlp_bn $small --epochs 2 --momentum 0.5 --checkpoint float.safetensors
exits 0
run train mlp_bn $small --epochs 1 --momentum 0.5 --from float.safetensors --quantise \
  --quantise-delay 1 --freeze-delay 3 --learning-rate 1e-4 --checkpoint quantised.safetensors
exits 0
silent err
matches out 'test accuracy .* of 200\)'
accuracy=$(sed 's/.*accuracy \([0-9.]*\) .*/\1/' out)
run inspect quantised.safetensors
says out 'delay=1,freeze_delay=3'
says out 'dense/act_quant/min'
says out 'logits/act_quant/count'

# Its ranges are enough for int8.
run export quantised.safetensors --output quantised.tflite
exits 0
run quantise quantised.tflite --output int8.tflite
exits 0
silent err
says out 'logits/BiasAdd'
run eval int8.tflite --data synthetic --limit 200
exits 0
whole=$(sed 's/.*accuracy \([0-9.]*\) .*/\1/' out)
holds 'int8 is as accurate, to two examples' \
  awk -v a="$accuracy" -v b="$whole" 'BEGIN { exit !(a - b <= .0101 && b - a <= .0101) }'
run quantise quantised.safetensors --output direct.tflite
exits 0
holds 'a checkpoint gives the same model' cmp -s int8.tflite direct.tflite

# Ranges are gathered before the delay is over.
run train mlp_bn $small --limit 1 --epochs 1 --quantise --quantise-delay 9 --checkpoint one.safetensors
exits 0
run quantise one.safetensors
exits 0

# Other commands.
run eval quantised.safetensors --data synthetic --limit 200
exits 0
says out "$accuracy"
run fold quantised.safetensors
exits 0
says out '2 of 2 batch normalisations folded'
run recalibrate quantised.safetensors --output again.safetensors
exits 0
says out 'batch_normalization_1'
run eval again.safetensors --data synthetic --limit 200
exits 0
run doctor quantised.safetensors
says_not out 'several-streams'
says_not out 'update-rhythm'
run doctor mlp_bn --data none
run train mlp_bn $small --epochs 2 --momentum 0.5 --quantise --quantise-delay 1 --freeze-delay 3 \
  --learning-rate 1e-4 --checkpoint quantised.safetensors --resume
exits 1
says err "was saved with options"
run train mlp_bn $small --epochs 1 --momentum 0.5 --learning-rate 1e-4 --checkpoint quantised.safetensors --resume
exits 1
run train mlp_bn $small --epochs 1 --quantise --per-tensor --from quantised.safetensors
exits 0

refuses 2 '--quantise-delay, --freeze-delay and --per-tensor: need --quantise' train mlp_bn --per-tensor
refuses 2 'need 0 or more' train mlp_bn --quantise --quantise-delay -1
refuses 2 'need 0 or more' train mlp_bn --quantise --freeze-delay -1
refuses 1 "'nowhere': cannot open" train mlp_bn $small --from nowhere
refuses 1 "float.safetensors': has no 'conv2d/kernel', which the network begins with" \
  train lenet_bn $small --from float.safetensors
refuses 1 'got a network with a training step of its own' train question --quantise --quiet
refuses 1 'learns from another loss than it tells' train heatmap --limit 8 --test-limit 8 --quantise --quiet
finish
