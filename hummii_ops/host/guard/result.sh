# shellcheck shell=sh disable=SC2154  # dir, home and value come from parts.sh
# What became of a guarded deploy, as one line of JSON: for the job that began it, and for whoever asks later.
text_or_null() { said=$(value "$1") && if [ -n "$said" ]; then json "$said"; else printf null; fi; } # KEY
number_or_null() { said=$(value "$1") && printf '%s' "${said:-null}"; }
time_or_null() { # KEY: milliseconds since 1970
    said=$(value "$1")
    if [ -n "$said" ]; then date -u -d "@${said%???}.${said#"${said%???}"}" '+"%FT%T.%3NZ"' | tr -d '\n'; else printf null; fi
}
result_line() { # running|ended|interrupted|refused
    touched=false
    [ ! -s "$dir/touched" ] || touched=true
    printf '{"schema":"hummii-ops/guarded-deploy/v1","state":"%s","run":%s,"version":%s,' "$1" "$(text_or_null run)" "$(text_or_null version)"
    printf '"touched":%s,"touched_what":[%s],"exit_code":%s,' $touched "$([ ! -s "$dir/touched" ] || LC_ALL=C sort -u "$dir/touched" | json_lines)" "$(number_or_null exit_code)"
    printf '"refused":%s,"why":%s,' "$(text_or_null refused)" "$(text_or_null why)"
    for key in release_before identity_before restore_point database_backup schema_head release_after identity_after; do
        printf '"%s":%s,' $key "$(text_or_null $key)"
    done
    printf '"marked_bad":%s,"stopped_by":%s,"left_behind":%s,' "$(number_or_null marked_bad)" "$(text_or_null stopped_by)" "$(number_or_null left_behind)"
    for key in who reason command; do printf '"%s":%s,' $key "$(text_or_null $key)"; done
    printf '"since":%s,"ended":%s}\n' "$(time_or_null since)" "$(time_or_null ended)"
}
tell_result() { # STATE: for the job, and, of a deploy that has a folder, for all who ask
    result_line "$1" >"$work/result"
    file=$(value result)
    [ -z "$file" ] || [ "$1" = running ] || put "$file" <"$work/result" || echo "! the result could not be written to $file" >&2
    [ "$dir" = "$work" ] || put "$home/last-deploy" <"$work/result"
}
