# SPDX-License-Identifier: Apache-2.0
# What tare inspect shows of networks.
. "$(dirname "$0")/lib.sh"

run inspect lenet_bn
exits 0
says out 'conv2d_1/kernel'
says out '[5, 5, 6, 16]'
says out '44878 of them trained'
run inspect lenet_bn --json
exits 0
says out '"name": "conv2d/kernel", "dtype": "float32", "shape": [5, 5, 1, 6], "numbers": 150, "trained": true'
run inspect question --graph text
exits 0
says out 'hidden1/batch_normalization/gamma'
run inspect question --graph dot
exits 0
says out 'digraph'
run inspect lenet_bn --plan --batch 8
exits 0
cp out infer
run inspect lenet_bn --plan --mode train --batch 8
exits 0
says out 'moving_average'
says out 'apply_adam'
holds 'inference writes no moving average' [ "$(grep -c moving_average infer)" -eq 0 ]
run inspect lenet_bn --optimizer sgd --plan --mode train
exits 0
says_not out 'apply_adam'
refuses 2 '--batch: needs 1 or more' inspect lenet_bn --plan --batch 0
refuses 2 '--json: shows variables' inspect lenet_bn --graph text --json

# What steps read, write and compute: 2 x 8 x 24 x 24 x 6 x 5 x 5 operations of the first layer.
run inspect lenet_bn --plan --batch 8
says out '1.38 MFLOP'
says out 'memory: arena '
holds 'totals by op end with all' [ "$(grep -c '^all  *3[0-9]  ' out)" -eq 1 ]
holds 'no line ends with a blank' [ "$(grep -c ' $' out)" -eq 0 ]
run inspect lenet_bn --plan --mode train --batch 8
says out "gradient of 'conv2d_1/BiasAdd'"
run inspect lenet_bn --plan --batch 8 --json
exits 0
says out '"mode": "infer", "batch": 8, "arena_bytes": '
says out '"op": "finished_convolution", "node": "batch_normalization_1/cond/Merge", "bytes": '
says out '"flops": 1382400'
says out '"all": {"steps": 3'
if has jansson; then
  run train mlp_bn --data synthetic --limit 50 --test-limit 10 --quiet --checkpoint c.safetensors
  exits 0
  run inspect c.safetensors --plan
  exits 0
  says out 'fold_weights'
  refuses 2 '--batch: needs 1 or more' inspect c.safetensors --plan --batch 0
fi
finish
