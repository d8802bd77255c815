# shellcheck shell=sh disable=SC2154,SC2034  # the settings and $work come from door.sh
# What runs on this host, into files of $work, fields separated by tabs. It changes nothing, and writes no resolved
# configuration anywhere: that holds secrets.
#   containers   service number id image ref created hash status health restarts oom exit started policy compose wait_s
#   left         service ref image hashes|- runs|ill|stopped hand|- replicas   what runs, and how steadily; hand: someone stopped it
#   mounts       service path   what is bound into its containers
#   images       ref id|- created|- version|-
tab=$(printf '\t')
millis() { date -f - +%s%3N; } # times, one a line

containers_now() {
    ids=$(docker ps -aq --no-trunc --filter "label=com.docker.compose.project=$project" \
        --filter label=com.docker.compose.oneoff=False) || return 1
    : >"$work/inspected" && : >"$work/binds"
    check='{{with .Config.Healthcheck}}{{with .Test}}{{index . 0}}{{else}}NONE{{end}} {{printf "%d %d %d" .Interval .StartPeriod .Retries}}{{else}}NONE 0 0 0{{end}}'
    label='{{index .Config.Labels "com.docker.compose'
    # shellcheck disable=SC2086  # ids are hex words
    [ -z "$ids" ] || docker inspect --type container --format "$label.service\"}}	$label.container-number\"}}	{{.ID}}	{{.Image}}	{{.Config.Image}}	{{.Created}}	$label.config-hash\"}}	{{.State.Status}}	{{with .State.Health}}{{.Status}}{{else}}none{{end}}	{{.RestartCount}}	{{.State.OOMKilled}}	{{.State.ExitCode}}	{{.State.StartedAt}}	{{with .HostConfig.RestartPolicy.Name}}{{.}}{{else}}no{{end}}	$label.version\"}}	$check" $ids >"$work/inspected" || return 1
    # shellcheck disable=SC2016  # the dollar is the template's
    binds='{{$service := index .Config.Labels "com.docker.compose.service"}}{{range .Mounts}}{{if eq .Type "bind"}}{{$service}}	{{.Source}}{{println}}{{end}}{{end}}'
    # shellcheck disable=SC2086  # ids are hex words
    [ -z "$ids" ] || docker inspect --type container --format "$binds" $ids >"$work/binds" || return 1
    sed '/^$/d' "$work/binds" | LC_ALL=C sort -u >"$work/mounts"
    cut -f 6 "$work/inspected" | millis >"$work/created"
    cut -f 13 "$work/inspected" | millis >"$work/started"
    paste "$work/inspected" "$work/created" "$work/started" | awk -F '\t' -v OFS='\t' '{
        $6 = $17; $13 = $18; split($16, check, " ")
        # what Docker does when a healthcheck leaves a value open
        interval = check[2] ? check[2] / 1e9 : 30
        retries = check[4] ? check[4] : 3
        $16 = check[1] == "NONE" ? 0 : check[3] / 1e9 + interval * (retries + 2)
        print $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
    }' | sort -t "$tab" -k 1,1 -k 2,2n >"$work/containers"
}

# services_of <what `config` prints: "service NAME IMAGE|-" for each that `up` starts or that is there now, "mount PATH".
# Compose prints what it resolved in one fixed form: services at two blanks, their keys at four.
services_of() {
    here=" $(cut -f 1 "$work/containers" | tr '\n' ' ')" awk '
        function end() {
            if (name != "" && (!optional || index(ENVIRON["here"], " " name " "))) {
                print "service", name, image == "" ? "-" : image
                printf "%s", mounts
            }
            name = ""
        }
        /^[a-z]/ { end(); inside = $0 == "services:"; next }
        !inside { next }
        /^  [^ ]/ { end(); name = $1; sub(/:$/, "", name); gsub(/["\047]/, "", name); image = ""; mounts = ""; optional = bind = 0 }
        /^    image: / { image = $2; gsub(/["\047]/, "", image) }
        /^    profiles:/ || /^    scale: 0$/ || /^      replicas: 0$/ { optional = 1 }
        /^      - type: / { bind = $3 == "bind" }
        bind && /^        source: / { path = $0; sub(/^        source: /, "", path); mounts = mounts "mount " path "\n" }
        END { end() }'
}
config_of() ( # FILE COMPOSE_OPTION…: services_of it, and its replicas; 1 with the words of Compose when it cannot be
    file=$1
    shift
    # its warnings go to stderr, and so do the words of its refusal
    if said=$(timeout 20 docker compose -p "$project" --project-directory "$project_dir" -f "$file" --profile '*' "$@" config 2>"$work/words"); then
        printf '%s\n' "$said" | services_of
        printf '%s\n' "$said" | replicas
    else
        # it may quote the rest of an env file, or a value: only a quoted name stays, as in facts/reading/parse_docker.py
        grep -v 'level=warning' "$work/words" | tr '\t\n' '  ' |
            sed -E "s/(near|variable name|unterminated quoted value) *[\"'\`].*/\1 ***/; s/(with another [$][.]) *[^ ].*/\1 ***/; s/\"([A-Za-z][A-Za-z0-9._\/-]*)\"/\x01\1\x01/g
                s/\"[^\"]*(\"|$)/***/g; s/\x01/\"/g; s/\`[^\`]*\`?/***/g; s/(value: *)'[^']*'?/\1***/; s,://[^ /@]*@,://***@,g" |
            cut -c 1-300
        exit 1
    fi
)
hashes_of() { config_hashes "$project" "$project_dir" -f "$@" 2>/dev/null | grep -v '^replicas ' | LC_ALL=C sort -u; } # FILE COMPOSE_OPTION…: "service hash" lines; none if Compose refuses it
image_named() { # REF: learn of it, once
    ! ref=$1 awk -F '\t' '$1 "" == ENVIRON["ref"] "" { found = 1 } END { exit !found }' "$work/images" || return 0
    found=$(docker image inspect --format '{{.ID}}	{{.Created}}	{{with .Config}}{{with .Labels}}{{index . "org.opencontainers.image.version"}}{{end}}{{end}}' "$1" 2>/dev/null |
        head -n 1)
    image=${found%%"$tab"*} version=${found##*"$tab"} created=-
    if [ -n "$image" ]; then
        created=${found#*"$tab"}
        created=$(echo "${created%%"$tab"*}" | millis) || created=-
    fi
    printf '%s\t%s\t%s\t%s\n' "$1" "${image:--}" "$created" "${version:--}" >>"$work/images"
}

left_now() { # a service whose file on disk is not what runs is held to its image alone
    awk -F '\t' -v OFS='\t' -v now="$now" '
        FNR == NR { split($0, pair, " "); known[pair[1], pair[2]] = 1; every[pair[1]] = every[pair[1]] "," pair[2]; next }
        !($1 in ref) { order[++n] = $1; ref[$1] = $5; image[$1] = $4; hash[$1] = $7; over[$1] = well[$1] = shot[$1] = steady[$1] = hand[$1] = 1 }
        {
            if ($8 != "created") count[$1]++ # made and never started: what a cut `up` leaves
            if ($8 != "exited" && $8 != "created" && $8 != "dead") over[$1] = 0
            if ($8 == "running" || $8 == "restarting" || $8 == "paused") up = 1 # where nothing runs, nobody stopped one
            if ($8 != "exited" || $12 != 0) well[$1] = 0
            if ($14 != "no" && $14 != "on-failure") shot[$1] = 0
            # what `docker stop` leaves: the program ended by itself, or by INT, KILL or TERM
            if ($8 != "exited" || $11 == "true" || ($12 != 0 && $12 != 130 && $12 != 137 && $12 != 143)) hand[$1] = 0
            # a restart is a crash loop only if it is young: five minutes
            if ($8 != "running" || $9 == "unhealthy" || ($10 > 0 && now - $13 < 300000)) steady[$1] = 0
        }
        END {
            for (i = 1; i <= n; i++) {
                s = order[i]
                how = over[s] ? (well[s] && shot[s] ? "runs" : "stopped") : (steady[s] ? "runs" : "ill")
                from = "-"
                if ((s, hash[s]) in known) from = substr(every[s], 2)
                print s, ref[s], image[s], from, how, how == "stopped" && hand[s] && up ? "hand" : "-", count[s] ? count[s] : 1
            }
        }' "$work/disk.hashes" "$work/containers" >"$work/left"
}
disk_runs() { # is the compose file on disk what the containers were made from?
    [ -s "$work/running" ] && cmp -s "$work/disk.images" "$work/running" || return 1
    version=$(docker compose version --short 2>/dev/null)
    made=${version%%-*} awk -F '\t' '
        FNR == NR { split($0, pair, " "); known[pair[1], pair[2]] = named[pair[1]] = 1; next }
        $15 "" == ENVIRON["made"] "" && ($1 in named) && !(($1, $7) in known) { exit 1 }' "$work/disk.hashes" "$work/containers"
}
running_now() { # "service image" of what is deployed, sorted; empty when two replicas of a service differ
    cut -f 1,4 "$work/containers" | sort -u >"$work/running"
    [ "$(cut -f 1 "$work/running" | sort -u | wc -l)" = "$(wc -l <"$work/running")" ] || : >"$work/running"
}
look() { # everything; fails when docker does not answer
    now=$(date +%s%3N)
    : >"$work/images"
    containers_now || return 1
    running_now
    # the stack may have been started with env files of its own
    set --
    IFS=,
    one_id=$(docker ps -aq --filter "label=com.docker.compose.project=$project" | head -n 1)
    for one in $([ -z "$one_id" ] || docker inspect --format '{{index .Config.Labels "com.docker.compose.project.environment_file"}}' "$one_id"); do
        set -- "$@" --env-file "$one"
    done
    unset IFS
    hashes_of "$compose_path" "$@" >"$work/disk.hashes"
    config_of "$compose_path" "$@" >"$work/disk.config" || : >"$work/disk.config"
    images_of "$work/disk.config" | sort >"$work/disk.images"
    left_now
    disk=no
    ! disk_runs || disk=yes
}
images_of() { # CONFIG: "service<tab>image id|-" for each service, by what its name means now
    while read -r word service ref; do
        [ "$word" = service ] || continue
        image_named "$ref"
        printf '%s\t%s\n' "$service" "$(ref=$ref awk -F '\t' '$1 "" == ENVIRON["ref"] "" { print $2; exit }' "$work/images")"
    done <"$1"
}
