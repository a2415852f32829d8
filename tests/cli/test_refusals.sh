# SPDX-License-Identifier: Apache-2.0
# Bad input: a clear sentence on standard error, exit status 1, nothing half-written.
. "$(dirname "$0")/lib.sh"

refuses 1 'apt-get install dataset-fashion-mnist' train lenet_bn --folder "$folder"
says err "synthetic"
TARE_FASHION_MNIST=$folder
export TARE_FASHION_MNIST
refuses 1 "$folder/train-images-idx3-ubyte" train lenet_bn
unset TARE_FASHION_MNIST
refuses 1 "did you mean 'fashion-mnist'?" train lenet_bn --data fashion_mnist
refuses 1 'no.csv' train mlp_bn --data no.csv
refuses 1 'no.npz' train mlp_bn --data no.npz
refuses 1 "did you mean 'lenet_bn'?" inspect lenet_bm
refuses 1 'there is neither a file nor a network' inspect nothing.safetensors
refuses 1 "no.safetensors" eval no.safetensors

# Foreign, empty and damaged files.
: >empty.csv
refuses 1 'the file is empty' train mlp_bn --data empty.csv
printf 'label,a\n' >rows.csv
refuses 1 'there are no rows' train mlp_bn --data rows.csv
printf 'label,a\n1,x\n' >text.csv
refuses 1 "row 2, column 2 ('a'): got 'x'" train mlp_bn --data text.csv
printf 'label,a\n1,2\n1\n' >ragged.csv
refuses 1 'row 3 has 1 fields' train mlp_bn --data ragged.csv
printf 'label,a\n1,\n' >missing.csv
refuses 1 'has nan at element 0' train mlp_bn --data missing.csv
printf 'a,b\n1,2\n' >unnamed.csv
refuses 1 "there is no column 'label'" train mlp_bn --data unnamed.csv
head -c 300 /dev/urandom >noise.npz
refuses 1 'noise.npz' train mlp_bn --data noise.npz
refuses 1 'noise.npz' inspect noise.npz
mkdir folder.npy
refuses 1 'folder.npy' inspect folder.npy
for file in "$golden"/malformed/*.npy "$golden"/malformed/*.npz "$golden"/malformed/*.safetensors; do
  case $file in *.safetensors) has jansson || continue ;; esac
  refuses 1 "$(basename "$file")" inspect "$file" --numbers
done
for file in "$golden"/malformed/*.idx.gz; do
  mkdir -p broken
  cp "$file" broken/train-images-idx3-ubyte.gz
  cp "$file" broken/train-labels-idx1-ubyte.gz
  refuses 1 'broken/train-images-idx3-ubyte.gz' train mlp_bn --folder broken
done
if has jansson; then
  run inspect "$golden/checkpoint/dtypes.safetensors" --numbers
  exits 0
  says out 'F16'
  says out 'naïve/ключ'
fi

# A name that would steer the terminal is shown without its power.
printf 'label,\033[31mred\n1,x\n' >steer.csv
run train mlp_bn --data steer.csv
exits 1
holds 'no escape reaches the terminal' [ "$(tr -d -c '\033' <err | wc -c)" -eq 0 ]

# What cannot be written.
if [ -w /dev/full ]; then
  "$tare" list >/dev/full 2>err
  status=$?
  : >out
  command_line='tare list >/dev/full'
  exits 1
  says err 'cannot write to standard output'
fi
has jansson || finish
small='--data synthetic --limit 100 --test-limit 10 --epochs 1 --quiet'
refuses 1 'no/folder/x.safetensors' train mlp_bn $small --checkpoint no/folder/x.safetensors
refuses 1 '/dev/full' train mlp_bn $small --checkpoint /dev/full
printf 'precious' >old.safetensors
refuses 1 'old.safetensors' train mlp_bn $small --checkpoint old.safetensors --resume
holds 'a foreign file is not written over' [ "$(cat old.safetensors)" = precious ]

# A full disk: the old checkpoint stays whole, nothing is left beside it.
mkdir tiny
if mount -t tmpfs -o size=64k tmpfs tiny 2>mount; then
  printf 'precious' >tiny/old.safetensors
  refuses 1 'tiny/old.safetensors' train mlp_bn $small --checkpoint tiny/old.safetensors
  holds 'the old file is whole' [ "$(cat tiny/old.safetensors)" = precious ]
  holds 'nothing is left beside it' [ "$(ls -A tiny | wc -l)" -eq 1 ]
  umount tiny
else
  echo 'skipped: a full disk (no right to mount one)'
fi
finish
