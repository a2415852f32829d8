# SPDX-License-Identifier: Apache-2.0
# The study of a heat-map network: its table, what the doctor finds in each variant, resuming,
# refusals.
. "$(dirname "$0")/lib.sh"
small='--images 64 --test-images 16 --epochs 2 --quiet'

run heatmap $small
exits 0
silent err
holds 'six variants have a row' [ "$(grep -cE '^[a-z-]+( +[0-9.e-]+){5}$' out)" -eq 6 ]
says out "output-norm: The network's answer is a batch normalisation"
says out 'never-updated: The moving averages of 5 of 5 layers were never updated'
says out 'slow-momentum: After 16 updates with momentum 0.9999 the moving averages are still 99.8 %'
says out 'label-scale: The last layer must answer with a deviation of'
cp out whole

run heatmap $small --only no-updates,cured --json --threads 3
exits 0
says out '{"study": "heatmap", "seed": 1, "variants": [{"variant": "no-updates", "training_loss": '
says out '"id": "never-updated"'
holds 'two variants' [ "$(grep -o '"inference_loss"' out | wc -l)" -eq 2 ]

refuses 2 '--size: needs a multiple of 4, 24 or more' heatmap --size 30
refuses 2 '--only: got' heatmap --only cured,nothing
refuses 2 '--images and --test-images: need 1 or more' heatmap --images 0

has jansson || finish

# Kept and taken up again: the same row.
run heatmap --images 64 --test-images 16 --quiet --epochs 2 --only cured
exits 0
cp out once
run heatmap --images 64 --test-images 16 --quiet --epochs 2 --only cured --save runs
exits 0
holds 'saving changes nothing' cmp -s out once
holds 'the checkpoint is there' [ -s runs/cured.safetensors ]
run heatmap --images 64 --test-images 16 --quiet --epochs 2 --only cured --save runs --resume
exits 0
column() { awk -v at="$2" '$1 == "cured" && NF == 6 { print $at }' "$1"; }
holds 'what is read again predicts as before' [ "$(column out 3)" = "$(column once 3)" ]
finish
