#!/bin/sh
# Boston's requests of 2015, sent through a running Mendway: town, tokens, replay. See README.md beside this file.
#
#   sh docs/cities/boston/replay.sh FILES [OPTIONS OF mendway replay]
#
# FILES: the folder with wards.geojson, police_districts.shp.zip, neighborhoods.geojson and requests_2015.csv.gz.
# What is made on the way (a copy of the town with its files, tokens, figures) goes to <data>/boston.
set -eu
umask 077

files=$1
shift
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$here/../../..
work=${MENDWAY_DATA:-$root/.data}/boston

# The town's file names its layers beside itself.
mkdir -p "$work/tokens"
cp "$here/town.toml" "$here/mapping.toml" "$work/"
cp "$files/wards.geojson" "$files/police_districts.shp.zip" "$files/neighborhoods.geojson" "$work/"
"$root/mendway" apply "$work/town.toml"

# A token for each department's crew, and the key that lets reports say when they were received.
departments=$(sed -n 's/^\[departments\.\(.*\)\]$/\1/p' "$work/town.toml")
for department in $departments; do
    token=$work/tokens/$department
    [ -s "$token" ] || "$root/mendway" create-token --staff "crew-$department" > "$token"
    set -- --crew-token "$department=@$token" "$@"
done
key=$work/tokens/importer
[ -s "$key" ] || "$root/mendway" create-token --importer "Boston 2015" > "$key"

exec "$root/mendway" replay "$files/requests_2015.csv.gz" --mapping "$work/mapping.toml" --importer-key "@$key" \
    --json "$work/replay.json" --markdown "$work/replay.md" "$@"
