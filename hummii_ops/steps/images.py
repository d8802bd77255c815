"""Steps on images: present, named as the release names them, and pinned against pruning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hummii_ops.steps.step import Effect, Step, step_id


def present(service: str, image_id: str, digest: str) -> Step:
    """The image is on the host, pulled by digest if it was not."""
    return Step(
        id=step_id("pull", service),
        title=f"the image of {service} is on the host",
        effect=Effect.PREPARES,
        limit_s=600,
        holds=("image_is", image_id, image_id),
        act=("pull_image", digest),
    )


def named(refs: Mapping[str, str], *, back: bool = False) -> Step:
    """Each name that the compose file uses means that image id."""
    words = tuple(word for ref, image_id in sorted(refs.items()) for word in (ref, image_id))
    meaning = "what they named before" if back else "the images of the release"
    return Step(
        id="return-images" if back else "restore-images",
        title=f"{', '.join(sorted(refs))}: {meaning}",
        effect=Effect.CHANGES,
        limit_s=30,
        holds=("images_are", *words),
        act=("tag_images", *words),
    )


def pinned(image_ids: Sequence[str]) -> Step:
    """No prune takes these images: each has a tag of ours."""
    return Step(
        id="pin-images",
        title=f"pin {len(image_ids)} images, so that no prune takes them",
        effect=Effect.PREPARES,
        limit_s=30,
        holds=("images_pinned", *image_ids),
        act=("pin_images", *image_ids),
    )
