# The image of a release: one static binary and the certificates of authorities, no shell.
# scripts/image-root makes its files beforehand, so nothing runs while it is built:
#
#   scripts/image-root target/x86_64-unknown-linux-musl/release/jumpgate target/image/amd64
#   docker build --tag jumpgate .
#   docker run --rm --volume "$PWD:/work:ro" jumpgate check
FROM scratch
ARG TARGETARCH
COPY target/image/${TARGETARCH}/ /
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/usr/bin/jumpgate"]
