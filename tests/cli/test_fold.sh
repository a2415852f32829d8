# SPDX-License-Identifier: Apache-2.0
# Folding: the report, the checkpoint for the same network, plain weights, refusals.
. "$(dirname "$0")/lib.sh"

refuses 2 'the checkpoint is missing' fold
refuses 2 '--examples and --threads' fold x --examples -1
if ! has jansson; then finish; fi
refuses 1 'nowhere' fold nowhere.safetensors

run train heatmap --limit 64 --test-limit 8 --width 4 --epochs 2 --quiet --checkpoint h.safetensors
exits 0
run fold h.safetensors --output folded.safetensors --weights plain.safetensors --threads 1
exits 0
silent err
says out "batch_normalization  into 'conv2d/Conv2D'"
says out '5 of 5 batch normalisations folded'
matches out "worst difference [0-9.e-]+, [0-9.]+e-0[678] of the outputs' range [0-9.e-]+ \(64 drawn examples\)"
run inspect plain.safetensors
says out 'conv2d/bias'
says_not out 'moving_mean'

run eval h.safetensors --limit 32
cp out before
run eval folded.safetensors --limit 32
exits 0
says out "$(cut -c 1-14 before)"
run fold folded.safetensors --data heatmap --examples 16 --json
exits 0
says out '"layer": "batch_normalization", "folded": true, "product": "conv2d/Conv2D"'
says out '"examples": 16, "drawn": false'
run fold h.safetensors --examples 0
says out 'difference not measured'
refuses 1 'nowhere' fold h.safetensors --data nowhere.npz
refuses 1 'no-such-folder' fold h.safetensors --output no-such-folder/x.safetensors
finish
