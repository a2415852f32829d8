# SPDX-License-Identifier: Apache-2.0
# The doctor: findings of checkpoints and of networks, its exit status, what it leaves out, JSON.
. "$(dirname "$0")/lib.sh"

run doctor --checks
exits 0
says out 'P06  slow-momentum'
run doctor --checks --json
exits 0
says out '{"id": "P01", "check": "never-updated", "wants_data": false'

run doctor question
exits 0
says out 'warning P23 output-norm'
says out '0 errors, 1 warning, 0 remarks; '
run doctor question --suppress P23
exits 0
says_not out 'output-norm'
run doctor lenet_bn --data none
exits 0
says out 'remark P25 bias-before'
says out 'left out for want of data: mode-gap, label-scale, predicts-mean'
run doctor question --json
exits 0
says out '"check": "output-norm", "severity": "warning"'
TARE_FASHION_MNIST=nowhere run doctor mlp_bn
exits 0
says err 'tare: without data: '

refuses 2 'is missing' doctor
refuses 2 'no option' doctor question --nonsense
refuses 1 "did you mean 'bias-before'" doctor question --suppress bias-befor
refuses 1 'neither a file nor a network' doctor questio
refuses 2 'needs 1 or more' doctor question --batches 0
refuses 1 'nowhere' doctor mlp_bn --data nowhere.npz
if ! has jansson; then finish; fi

small='--limit 256 --test-limit 8 --width 8 --epochs 2 --quiet'
run train heatmap $small --momentum .999 --checkpoint slow.safetensors
exits 0
run doctor slow.safetensors
exits 1
silent err
says out 'error P06 slow-momentum'
says out 'updates = 64'
says out 'error P14 mode-gap'
run doctor slow.safetensors --suppress P06,P14
exits 0
run doctor slow.safetensors --data none
exits 1
says out 'error P06 slow-momentum'
says_not out 'mode-gap on'

run train heatmap $small --updates manual --checkpoint manual.safetensors
run doctor manual.safetensors --json
exits 1
says out '"id": "P01", "check": "never-updated", "severity": "error"'

run train heatmap $small --epochs 4 --checkpoint sound.safetensors
run doctor sound.safetensors
exits 0
says out '0 errors, 0 warnings, 0 remarks; '
says out '32 batches of 8 examples'
run doctor sound.safetensors --batch 16 --batches 4
says out '4 batches of 16 examples'
head -c 100 sound.safetensors >cut.safetensors
refuses 1 'cut.safetensors' doctor cut.safetensors
finish
