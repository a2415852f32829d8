# SPDX-License-Identifier: Apache-2.0
# Logs of trainings: what is written, going on, and what inspect shows of event files.
. "$(dirname "$0")/lib.sh"
small='--data synthetic --limit 300 --test-limit 100 --batch 50 --quiet'

if ! has protobuf; then
  run train mlp_bn $small --log runs
  exits 1
  says err 'this build has no protobuf-c'
  finish
fi

run train mlp_bn $small --epochs 2
cp out plain
run train mlp_bn $small --epochs 2 --log runs/a --log-histograms
exits 0
holds 'a log changes no result' cmp -s out plain
first=$(ls runs/a | head -n 1)
run inspect "runs/a/$first"
exits 0
says out 'learning_rate'
says out 'batch_normalization/moving_variance'
holds 'every step is there' grep -qE '^loss +scalar +12 +1 +12 ' out
holds 'every epoch is there' grep -qE '^epoch/loss +scalar +2 +6 +12 ' out
run inspect "runs/a/$first" --json
exits 0
says out '{"tag": "loss", "kind": "scalar", "steps": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], "values": ['
run inspect "runs/a/$(ls runs/a | tail -n 1)" --numbers
exits 0
says out 'test/accuracy'

run train mlp_bn $small --epochs 3 --held-back 50 --log runs/b --log-steps 4
exits 0
run inspect runs/b/events.out.tfevents.*
says out 'held_back/accuracy'
holds 'every fourth step is there' grep -qE '^loss +scalar +3 +4 +12 ' out

run inspect "$golden/tfevents/tf1.tfevents" "$golden/tfevents/torch.tfevents"
exits 0
says out "$golden/tfevents/tf1.tfevents:"
says out "$golden/tfevents/torch.tfevents:"
run inspect "$golden/tfevents/tf1.tfevents" none.tfevents
exits 1
says out "$golden/tfevents/tf1.tfevents:"
refuses 2 '--json: tells of one file, got 2' inspect "$golden/tfevents/tf1.tfevents" "$golden/tfevents/torch.tfevents" --json
run inspect "$golden/tfevents/tf1.tfevents" --numbers
exits 0
says out 'hidden1/batch_normalization/gamma_1'
says out '6 x 5 x 3'
says out '6 events, 13 tags'
run inspect "$golden/tfevents/torch.tfevents" --json
says out '{"tag": "note/text_summary", "kind": "text", "steps": [5]}'

# Half a file: what is whole is shown, then what is wrong.
head -c 2000 "$golden/tfevents/torch.tfevents" >cut
run inspect cut
exits 1
says out 'loss/train'
says err "'cut': ends"
echo "text of 24 letters here" >noise.tfevents
refuses 1 'does not match its checksum' inspect noise.tfevents
: >empty.tfevents
refuses 1 'no event file' inspect empty.tfevents

refuses 2 '--log-steps: needs 1 or more' train mlp_bn --log runs --log-steps 0
refuses 2 '--log-histograms: needs --log FOLDER' train mlp_bn --log-histograms
echo x >file
run train mlp_bn $small --log file
exits 1
says err "'file': cannot make the folder"
finish
