# SPDX-License-Identifier: Apache-2.0
# Statistics estimated anew: the table, the checkpoint in which nothing else changed, refusals.
. "$(dirname "$0")/lib.sh"

refuses 2 'the checkpoint is missing' recalibrate
refuses 2 '--batch, --batches, --limit and --threads' recalibrate x --batches -1
refuses 2 '--debias: looks at no data' recalibrate x --debias --data heatmap
if ! has jansson; then finish; fi
refuses 1 'nowhere' recalibrate nowhere.safetensors

# All tensors of a file but the moving statistics, and the metadata but those that must differ.
rest_of() {
  run inspect "$1" --numbers
  grep -v 'moving_\|tare.crc32c\|tare.facts\|^file\|safetensors' out
}

run train heatmap --limit 256 --test-limit 8 --width 8 --epochs 2 --momentum .9995 --quiet \
  --checkpoint slow.safetensors
exits 0
run recalibrate slow.safetensors --limit 256
exits 0
silent err
says out 'layer                  channels  mean shift  variance ratio'
says out 'batch_normalization_4'
says out " by the batch's statistics (32 batches of 8 examples)"
matches out 'nothing was written; --output FILE writes the checkpoint'
cp slow.safetensors before
run recalibrate slow.safetensors --limit 256 --output healed.safetensors --threads 1
exits 0
says_not out 'nothing was written'
holds 'the input stays as it was' cmp -s slow.safetensors before
rest_of slow.safetensors >slow.rest
rest_of healed.safetensors >healed.rest
holds 'there is a rest' test "$(wc -l <slow.rest)" -gt 20
holds 'nothing but the statistics differs' cmp -s slow.rest healed.rest
holds 'the statistics differ' test "$(cmp -s slow.safetensors healed.safetensors; echo $?)" = 1

run doctor slow.safetensors
exits 1
says out 'error P14 mode-gap'
says out 'tare recalibrate FILE'
run doctor healed.safetensors
exits 0
run eval healed.safetensors --limit 32
exits 0
cp healed.safetensors before.resume
run train heatmap --limit 256 --test-limit 8 --width 8 --epochs 2 --momentum .9995 --quiet \
  --checkpoint healed.safetensors --resume
exits 0
holds 'training goes on behind its end: nowhere' cmp -s healed.safetensors before.resume

# In its place, for some batches of another size, as JSON; again, where nothing is far any more.
run recalibrate slow.safetensors --batch 16 --batches 4 --json --output slow.safetensors
exits 0
says out '"layer": "batch_normalization", "channels": 8, "reason": null'
says out '"batches": 4, "batch": 16, "loss": {"by_batch": '
run recalibrate slow.safetensors --batch 16 --batches 4 --json
holds 'the statistics are where they were' grep -q '"mean_shift": [0-9.]*e-0[78], ' out
refuses 1 'nowhere' recalibrate slow.safetensors --data nowhere.npz
refuses 1 'no-such-folder' recalibrate slow.safetensors --limit 8 --output no-such-folder/x.safetensors

# Without data.
run recalibrate before --debias --output debiased.safetensors
exits 0
says out 'batch_normalization_4'
says_not out 'loss'
rest_of debiased.safetensors >debiased.rest
holds 'nothing but the statistics differs' cmp -s slow.rest debiased.rest
refuses 1 'came from outside without their counters' recalibrate debiased.safetensors --debias

# Classes: accuracies too.
run train mlp_bn --data synthetic --limit 512 --test-limit 8 --momentum .999 --quiet --checkpoint c
exits 0
run recalibrate c --limit 512
exits 0
says out 'accuracy 0.'
run recalibrate c --limit 512 --json
says out '"correct": {"before": '

# A file without any statistics, which no strict load takes: zeros, by the names and shapes of q.list.
without_statistics() {
  awk '/ (F32|I64) / && !/moving_/ {
      bytes = $2 == "I64" ? 8 : 4
      match($0, /\[[0-9, ]*\]/)
      printf "%s\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}", at ? "," : "{",
        $1, $2, substr($0, RSTART, RLENGTH), at, at + bytes
      at += bytes
    } END { printf "}"; print at > "bytes" }' q.list >header
  length=$(wc -c <header)
  printf "\\$(printf %o $((length % 256)))\\$(printf %o $((length / 256)))\\0\\0\\0\\0\\0\\0"
  cat header
  head -c "$(cat bytes)" /dev/zero
}
run train question --quiet --checkpoint q.safetensors
exits 0
run inspect q.safetensors
cp out q.list
without_statistics >bare.safetensors
refuses 1 '4 of the variables have no tensor here' eval bare.safetensors --network question
refuses 1 'averages that were never updated' recalibrate bare.safetensors --network question --debias
run recalibrate bare.safetensors --network question --output whole.safetensors
exits 0
says out 'hidden1/batch_normalization'
run eval whole.safetensors --network question
exits 0
refuses 1 'have no tensor here' recalibrate bare.safetensors --network heatmap
finish
