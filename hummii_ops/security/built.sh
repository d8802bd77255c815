#!/bin/sh
# What the containers of a project publish, and what their images say of themselves. It changes nothing; a container's
# environment, where secrets live, is not asked for.
#
# Arguments: PROJECT
# Prints `@hummii containers <docker's exit code> <base64>`, a JSON object for each running container; then `@hummii end 0`.
# shellcheck disable=SC2016  # dollars in single quotes are of docker's templates
export LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin
format='{"service":{{json (index .Config.Labels "com.docker.compose.service")}},"image_id":{{json .Image}},
"network":{{json .HostConfig.NetworkMode}},"privileged":{{json .HostConfig.Privileged}},
"ports":{{json .NetworkSettings.Ports}},
"version":{{json (index .Config.Labels "org.opencontainers.image.version")}},
"revision":{{json (index .Config.Labels "org.opencontainers.image.revision")}}}'
main() {
  code=0
  said=
  ids=$(timeout 10 docker ps -q --no-trunc --filter "label=com.docker.compose.project=$1" \
    --filter label=com.docker.compose.oneoff=False 2>&1) || code=$?
  # shellcheck disable=SC2086  # ids are hex words
  [ "$code" != 0 ] || [ -z "$ids" ] || said=$(timeout 10 docker inspect --type container --format "$format" $ids 2>&1) || code=$?
  printf '@hummii containers %s %s\n' "$code" "$(printf %s "$said" | base64 | tr -d '\n')"
  printf '@hummii end 0 \n'
}
# The script itself comes on stdin: nothing that it starts may read the rest of it.
main "$@" < /dev/null
