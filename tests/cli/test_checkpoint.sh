# SPDX-License-Identifier: Apache-2.0
# Checkpoints: saved, evaluated, inspected, resumed with the same bytes, refused; Ctrl-C.
. "$(dirname "$0")/lib.sh"
if ! has jansson; then
  refuses 1 'built without jansson' train mlp_bn --data synthetic --limit 100 --test-limit 10 \
    --epochs 1 --quiet --checkpoint a.safetensors
  holds 'nothing is left behind' [ "$(ls -A | grep -vcxE 'out|err')" -eq 0 ]
  finish
fi
small='--data synthetic --limit 300 --test-limit 100 --batch 50 --quiet'

run train lenet_bn $small --epochs 3 --checkpoint whole.safetensors
exits 0
cp out result
holds 'only the checkpoint is left' [ "$(ls -A | grep -vcxE 'out|err|result')" -eq 1 ]

run eval whole.safetensors --data synthetic --limit 100
exits 0
holds 'eval finds what training found' cmp -s out result
run eval whole.safetensors --limit 50 --json
exits 0
says out '"network": "lenet_bn"'
says out '"count": 50'
run eval whole.safetensors --limit 50 --training-data
matches out 'training accuracy .* of 50\)'

run inspect whole.safetensors
exits 0
says out 'format = tare.checkpoint'
says out 'network = lenet_bn'
says out 'tare.epoch = 3'
says out 'batch_normalization/moving_variance'
says out 'global_step'
run inspect whole.safetensors --numbers
exits 0
says out 'least'
run inspect whole.safetensors --json
exits 0
says out '"tare.epoch": "3"'

# One epoch, then two more: the schedule must be told of all three. Another batch is another training.
constant='--schedule constant --learning-rate 0.003'
run train lenet_bn $small $constant --epochs 3 --checkpoint three.safetensors
run train lenet_bn $small $constant --epochs 1 --checkpoint parts.safetensors
run train lenet_bn $small $constant --epochs 3 --checkpoint parts.safetensors --resume
exits 0
holds 'resumed training ends with the same bytes' cmp -s three.safetensors parts.safetensors
refuses 1 "go on with the same options" train lenet_bn $small $constant --epochs 4 --batch 60 \
  --checkpoint parts.safetensors --resume
refuses 1 "go on with the same options" train lenet_bn $small --epochs 3 --seed 2 $constant \
  --checkpoint parts.safetensors --resume
refuses 1 "was saved with network 'lenet_bn'" train mlp_bn $small --epochs 3 \
  --checkpoint parts.safetensors --resume
refuses 1 "did you mean" eval whole.safetensors --data synthetc
refuses 1 'got F32 [256, 120] in the file; needs F32 [784, 256]' eval whole.safetensors --network mlp_bn \
  --data synthetic --limit 10

# Where there is nothing to resume from, training begins and says so.
run train mlp_bn --data synthetic --limit 100 --test-limit 10 --epochs 1 --checkpoint new.safetensors --resume
exits 0
says err 'there is no checkpoint'
run train mlp_bn --data synthetic --limit 100 --test-limit 10 --epochs 1 --checkpoint new.safetensors --resume
exits 0
says err 'has done all its epochs'

# Ctrl-C: the step is finished, everything saved, and going on ends with the same bytes.
run train lenet_bn $small --epochs 40 --checkpoint long.safetensors
stop_one() {
  : >err # or what the run before said is taken for this one's
  "$tare" train lenet_bn --data synthetic --limit 300 --test-limit 100 --batch 50 --epochs 40 \
    --checkpoint stopped.safetensors --resume >out 2>err &
  stop_after "$1" "$2"
}
stop_one 'epoch 2/40' INT
exits 0
silent out
says err 'stopped in epoch'
says err '--resume goes on'
stop_one 'epoch [0-9]*/40' TERM
exits 0
says err 'going on in epoch'
run train lenet_bn $small --epochs 40 --checkpoint stopped.safetensors --resume
exits 0
holds 'stopped and resumed training ends with the same bytes' \
  cmp -s long.safetensors stopped.safetensors
finish
