# syntax=docker/dockerfile:1
# Builds with `make build`, the same as a machine without containers.

FROM rust:1.95-bookworm AS build
WORKDIR /src
ENV SERENO_CACHE_DIR=/cache CARGO_TARGET_DIR=/build

# Packages, Node.js and models change seldom: a layer of their own.
COPY Makefile ./
COPY config/setup config/setup
COPY models models
RUN make setup

COPY . .
RUN make build

FROM debian:bookworm-slim
# llama.cpp's threads need libgomp; HTTPS to configured hosts needs certificates.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libgomp1 libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/sereno --create-home sereno
COPY --from=build /build/release/sereno /usr/local/bin/sereno
COPY --from=build /cache/models /usr/share/sereno/models
COPY --from=build /src/LICENSE /src/NOTICE /usr/share/doc/sereno/
WORKDIR /opt/sereno
COPY --from=build /src/config config
COPY --from=build /src/policies policies
COPY --from=build /src/prompts prompts
COPY --from=build /src/models models

ENV SERENO_DATA_DIR=/var/lib/sereno SERENO_MODELS_DIR=/usr/share/sereno/models
USER sereno
VOLUME /var/lib/sereno
EXPOSE 8080
ENTRYPOINT ["sereno"]
CMD ["serve"]
