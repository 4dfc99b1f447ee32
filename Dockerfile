# The image of lockstep: one binary on distroless, as nobody, with nothing to write to.
#
#   docker build --build-arg VERSION=0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" --tag lockstep .
#
#   docker build --target sbom --output . .     # what it is made of: lockstep.cdx.json
#
# The same sources, images and tools make the same program: dependencies are locked, tools have versions, paths are the image's own, and nothing that is
# built looks at a clock (SOURCE_DATE_EPOCH stands in for the one in the list of what it is made of).
#
# A release pins both images by digest: --build-arg RUST_IMAGE=rust@sha256:… --build-arg RUNTIME_IMAGE=gcr.io/distroless/cc-debian12@sha256:….
# The build is for the platform it runs on; for another one, let `docker buildx build --platform` run it there.
#
# Both images are Debian 12, so that the binary finds the glibc it was linked with.
ARG RUST_IMAGE=rust:1-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

# The workspace with every source file emptied. What comes out changes only when a manifest, the lock file or the set of files does, and the layer
# below that is built from it is reused until then.
FROM ${RUST_IMAGE} AS skeleton
WORKDIR /src
COPY . .
RUN find . -name '*.rs' -exec sh -c 'for file; do echo "fn main() { }" > "$file"; done' sh {} +

# A C compiler and make are all that is needed besides Rust (for aws-lc and jemalloc), and the image has both: aws-lc-sys takes cmake, clang or Go only
# for targets without ready-made bindings, and x86-64 and aarch64 Linux have them.
FROM ${RUST_IMAGE} AS build
# With the first, the program carries the list of its dependencies, for scanners; the second writes that list down.
ARG CARGO_AUDITABLE=0.7.7
ARG CARGO_CYCLONEDX=0.5.9
ARG SOURCE_DATE_EPOCH=0
ENV CARGO_INCREMENTAL=0
WORKDIR /src
RUN cargo install --locked "cargo-auditable@$CARGO_AUDITABLE" "cargo-cyclonedx@$CARGO_CYCLONEDX"
COPY --from=skeleton /src .
RUN cargo auditable build --locked --release --package lockstep --bin lockstep
COPY . .
# Cargo goes by time stamps, and the sources that were just copied may be older than what was built of the empty ones.
RUN find . -name '*.rs' -exec touch {} + \
    && cargo auditable build --locked --release --package lockstep --bin lockstep
RUN cargo cyclonedx --quiet --format json --spec-version 1.5 --describe binaries --no-build-deps \
    && mv lockstep_bin.cdx.json lockstep.cdx.json

FROM scratch AS sbom
COPY --from=build /src/lockstep.cdx.json /

FROM ${RUNTIME_IMAGE}
ARG VERSION=
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="lockstep" \
      org.opencontainers.image.description="Keeps Kubernetes Secrets in step with the stores they come from" \
      org.opencontainers.image.url="https://github.com/lockstep-dev/lockstep" \
      org.opencontainers.image.source="https://github.com/lockstep-dev/lockstep" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=build /src/target/release/lockstep /lockstep
# As a number, because `runAsNonRoot` cannot look up a name.
USER 65532:65532
# Metrics, and probes.
EXPOSE 8080 8082
ENTRYPOINT ["/lockstep"]
