# The image holds the program, the C library and CA certificates: no shell, no package manager, nothing set-uid.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked \
 && mkdir -p /out/data /out/keys /out/trust \
 && cp target/release/dockpass /out/

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/dockpass /usr/bin/dockpass
# A volume takes over the owner of the directory it is mounted on, and the program is not root.
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/keys /keys
COPY --from=build --chown=65532:65532 /out/trust /trust
ENV DOCKPASS_LISTEN=0.0.0.0:8480 \
    DOCKPASS_DATABASE_URL=sqlite:/data/dockpass.db \
    DOCKPASS_KEYS_DIR=/keys
USER 65532:65532
VOLUME ["/data", "/keys"]
EXPOSE 8480
ENTRYPOINT ["/usr/bin/dockpass"]
CMD ["serve"]
