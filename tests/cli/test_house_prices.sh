# SPDX-License-Identifier: Apache-2.0
# tare house_prices and tare predict: the table, checkpoints, predictions, and bad files.
. "$(dirname "$0")/lib.sh"
small='--houses 200 --folds 2 --epochs 3 --threads 1 --quiet'

run house_prices $small
exits 0
silent err
says out 'held-out log RMSE'
says out '200 rows, 28 columns, '
for variant in 'mean price' linear mlp_bn mlp mlp_bn_raw mlp_raw; do
  holds "a row for $variant" [ "$(grep -c "^$variant  .*[0-9]  .*[0-9]  .*[0-9]" out)" -eq 1 ]
done
says out 'input-scale: '
cp out first
run house_prices $small
holds 'the same numbers again' cmp -s first out
run house_prices $small --seed 2
holds 'other numbers with another seed' [ "$(cmp -s first out; echo $?)" -eq 1 ]
run house_prices $small --json
exits 0
says out '"study": "house_prices"'
says out '"rows": 200, "columns": 28, "features": '
says out '"variant": "mlp_bn_raw", "training": '
run house_prices --houses 200 --folds 2 --epochs 1
exits 0
says err 'linear-fold-2: log RMSE'

# What is asked for wrongly.
refuses 2 '--folds: needs 2 or more' house_prices --folds 1
refuses 2 '--hidden and --layers' house_prices --hidden 0
refuses 2 '--dropout' house_prices --dropout 1
refuses 2 '--resume: needs --save' house_prices --resume
refuses 1 '1 to 1000000 houses' house_prices --houses 0 --quiet
refuses 1 'fold 0 of 5 over 3 rows' house_prices --houses 3 --quiet
refuses 2 "did you mean '--categories'" house_prices --categoris x

# A file of one's own: quotes, mixed line ends, missing values, a column that numbers the rows.
{
  printf 'Id,area,"zone, old",alley,price\r\n'
  i=1
  while [ $i -le 30 ]; do
    printf '%d,%d,%s,%s,%d\n' $i $((900 + i * 53 % 700)) "$([ $((i % 3)) -eq 0 ] && echo '"R""L"' || echo RM)" \
      "$([ $((i % 7)) -eq 0 ] && echo Grvl || echo NA)" $((100000 + i * 53 % 700 * 100))
    i=$((i + 1))
  done
} >own.csv
run house_prices --data own.csv --folds 3 --epochs 2 --batch 8 --quiet
exits 0
silent err
says out 'mlp_bn_raw'
refuses 1 "there is no column 'prize'; did you mean 'price'?" house_prices --data own.csv --target prize --quiet
refuses 1 "there is no column 'are'; did you mean 'area'?" house_prices --data own.csv --ignore are --quiet
printf 'area,price\n1,2\n2,3\n' >two.csv
refuses 1 'no column is left to learn from' house_prices --data two.csv --ignore area --folds 2 --quiet

# Files that must be refused, with row and column, nothing said or written beside.
bad() { # TEXT SAYS
  printf "$1" >bad.csv
  refuses 1 "$2" house_prices --data bad.csv --quiet --save models
  holds 'nothing is written' [ ! -e models ]
}
refuses 1 'no.csv' house_prices --data no.csv --quiet
bad '' 'the file is empty'
bad 'area,price\n' 'there are no rows'
bad 'area,price\n1,2\n1\n' 'row 3 has 1 fields, row 1 has 2: the rows differ at column 2'
bad 'area,price\r\n1,2\r3,4,5\n' 'row 3 has more than 2 fields'
bad '100,RL\n200,RM\n' "row 1, column 1: got '100'; needs the name of the column (is the header missing?)"
bad 'area,price\n1,2\nx,3\n4,5\n6,7\n8,9\n' "row 3, column 1 ('area'): got 'x'; needs a number, as in 4 other rows"
bad 'area,price\n1,2\n2,\n4,5\n6,7\n8,9\n' "row 3, column 2 ('price'): got nothing; needs a number"
bad 'area,price\n1,2\n2,0\n4,5\n6,7\n8,9\n' "row 3, column 2 ('price'): got '0'; needs a number above 0"
bad 'area,price\n1,"2\n' 'row 2, column 2: the quote is never closed'
bad 'area,price\n1,"2"x\n' 'row 2, column 2: there is text behind the closing quote'
bad 'price,price\n1,2\n' "columns 1 and 2 are both called 'price'"
awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "c%d,", i; print "price"
             for (i = 0; i < 1000000; i++) printf "1,"; print "2" }' >wide.csv
refuses 1 'row 1 has more than 1000000 fields' house_prices --data wide.csv --quiet
awk 'BEGIN { for (i = 0; i < 999999; i++) printf "c%d,", i; print "price"
             for (k = 0; k < 2; k++) { for (i = 0; i < 999999; i++) printf "1,"; print "2" } }' >wide.csv
refuses 1 'features; needs at most 65536' house_prices --data wide.csv --folds 2 --quiet
rm -f wide.csv

# Without jansson there is no checkpoint, and saying so is right.
if ! has jansson; then
  refuses 1 jansson house_prices $small --save models
  finish
fi

run house_prices $small --save models
exits 0
holds 'the table is the same with checkpoints' cmp -s first out
holds 'a model of all rows and one of every fold' [ "$(ls models | wc -l)" -eq 15 ]
run house_prices $small --save models --resume
exits 0
holds 'the same table from checkpoints that are done' cmp -s first out
refuses 1 'was saved with' house_prices $small --save models --resume --lr 0.1

# Predictions: columns by name, in the unit of the price; what is new counts as nothing, and is told.
printf 'quality,area,neighborhood,zoning,more\n6,1500,Eastham,RL,x\n9,3000,Highview,"RL",\n,,,,\n' >rows.csv
run predict models/mlp_bn.safetensors --data rows.csv
exits 0
says err 'columns of training that the file has not: 23'
says_not err 'never saw'
holds 'a line for every row' [ "$(wc -l <out)" -eq 4 ]
holds 'the header names the target' [ "$(head -n 1 out)" = row,price ]
holds 'prices, not their logarithms' awk -F, 'NR > 1 && !($2 > 20000 && $2 < 2000000) { exit 1 }' out
cp out first
run predict models/mlp_bn.safetensors --data rows.csv --output answers.csv --quiet
exits 0
silent out
silent err
holds 'the same in a file' cmp -s first answers.csv
run predict models/mlp_bn.safetensors --data rows.csv --limit 2 --batch 1 --quiet
holds 'the first two alone are the same but for roundings' awk -F, '
  NR == FNR { price[$1] = $2; next } FNR > 1 { n++; if ($2 / price[$1] > 1.00001 || $2 / price[$1] < .99999) exit 1 }
  END { if (n != 2) exit 1 }' first out
run house_prices --houses 300 --folds 2 --epochs 20 --quiet --save trained
exits 0
for model in linear mlp_bn mlp; do
  run predict trained/$model.safetensors --data rows.csv --quiet
  holds "what is larger and better costs more, says $model" \
    [ "$(awk -F, 'NR == 2 { a = $2 } NR == 3 { print ($2 > 1.2 * a) }' out)" = 1 ]
done
printf 'zoning,area\nQQ,1500\nRL,1200\nQX,1200\n' >rows.csv
run predict models/linear.safetensors --data rows.csv
exits 0
says err "values that training never saw: 2, the first is 'QQ' in row 2, column 'zoning'; they count as none"

# Refused: nothing half-written, what was there stays.
cp answers.csv before
printf 'area,zoning\n1500,RL\nbig,RL\n' >rows.csv
refuses 1 "row 3, column 1 ('area'): got 'big'; needs a number, as in training" \
  predict models/linear.safetensors --data rows.csv --output answers.csv
holds 'the old answers stay' cmp -s before answers.csv
printf 'area,zoning\n1500,RL\n1,2,3\n' >rows.csv
refuses 1 'row 3 has more than 2 fields' predict models/linear.safetensors --data rows.csv
printf 'length\n1\n' >rows.csv
refuses 1 'none of the columns of training' predict models/linear.safetensors --data rows.csv
printf 'area\n1500\n' >rows.csv
refuses 1 'no/folder/x.csv' predict models/linear.safetensors --data rows.csv --output no/folder/x.csv --quiet
refuses 1 'no.safetensors' predict no.safetensors --data rows.csv
refuses 2 'the data is missing' predict models/linear.safetensors
refuses 2 "the model's file is missing" predict --data rows.csv
refuses 1 'rows.csv' predict rows.csv --data rows.csv
holds 'no part of a file is left' [ "$(ls -A . | grep -c part)" -eq 0 ]

# Other networks tell classes.
run train mlp_bn --data synthetic --limit 500 --test-limit 10 --epochs 1 --quiet --checkpoint mlp.safetensors
exits 0
run predict mlp.safetensors --data synthetic --limit 20
exits 0
holds 'a class for every image' awk -F, 'NR == 1 { if ($0 != "row,class") exit 1 }
  NR > 1 && $2 !~ /^[0-9]$/ { exit 1 } END { exit NR != 21 }' out
refuses 1 'did you mean' predict mlp.safetensors --data syntetic
refuses 1 'no.npy' predict mlp.safetensors --data no.npy
finish
