# read FOLDER: what status.json says. write FOLDER SHA256: the page's files, if status.json still is what was read.
# Sent along: a function payload (the files, as a base64 tar). Each file is written beside and renamed.
set -eu
cd "$2" 2>/dev/null && [ -w . ] || exit 66
case $1 in
read) [ ! -e status.json ] || head -c 1000000 status.json ;; # ours is far smaller; what is cut is none of ours
write)
    exec 9>.status.lock
    flock -w 5 9 || exit 75
    now=none
    [ ! -e status.json ] || now=$(sha256sum <status.json | cut -c 1-64)
    [ "$now" = "$3" ] || exit 73
    rm -rf .status.new
    mkdir .status.new
    payload | base64 -d | tar -xzf - -C .status.new
    chmod 644 .status.new/*
    sync .status.new/*
    for name in index.html feed.xml status.json; do # the document last: it is what the next message starts from
        mv -f ".status.new/$name" "$name"
    done
    rmdir .status.new
    ;;
esac
