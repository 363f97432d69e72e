# The gate as an image: what `npm run build` makes of the source, and Node. No package manager and no node_modules is in it.
#
#   docker build -t portcullis .
#   docker run --rm -p 127.0.0.1:8080:8080 -v portcullis:/data --read-only --tmpfs /tmp --cap-drop ALL portcullis
#
# Both bases can be replaced by your own copies; they must share one glibc, since the second gets the first one's Node:
#   --build-arg NODE_IMAGE=…      has Node 24 and npm, builds
#   --build-arg RUNTIME_IMAGE=…   has libstdc++ and a POSIX shell, runs; npm and yarn stay behind
ARG NODE_IMAGE=node:24-bookworm-slim
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No script of any package runs.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# Of SQLite's binaries this platform's stays. What V8 makes of the modules of a gate is made here, for the user that runs it (Node names
# the folder after who made it), where nobody can change it afterwards. Readable by every user and writable by root alone, whatever the
# umask was that the checkout was made with.
RUN mkdir -p /empty /image/usr/local/bin /image/opt/portcullis/policies \
 && cp "$(command -v node)" /image/usr/local/bin/node \
 && ln -s ../../../opt/portcullis/bin/portcullis /image/usr/local/bin/portcullis \
 && node scripts/build.ts \
 && find dist/prebuilds -type f ! -name "linux-$(node -p process.arch).node" -delete \
 && cp -r bin dist LICENSE package.json /image/opt/portcullis/ \
 && cp policies/starter.yaml /image/opt/portcullis/policies/ \
 && mkdir /image/opt/portcullis/dist/cache \
 && { timeout -s TERM 10 env PORTCULLIS_TRUST_ROOT=embedded PORTCULLIS_LISTEN=127.0.0.1:0 PORTCULLIS_DATA=/tmp/data \
      /image/opt/portcullis/bin/portcullis serve >/dev/null || [ $? = 124 ]; } \
 && for made in /image/opt/portcullis/dist/cache/*-0; do mv "$made" "${made%-0}-10001"; done \
 && chmod -R u=rwX,go=rX /image

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="Portcullis" \
      org.opencontainers.image.description="A fail-closed PyPI mirror proxy: verifies PEP 740 attestations before the bytes leave" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/ /
# A new volume takes owner and mode from here; the rest of the image belongs to root, and the gate writes nowhere else.
COPY --from=build --chown=10001:10001 /empty/ /data/

# Every key of the configuration has such a name. A portcullis.yaml in /etc/portcullis is read as well; these two beat it.
ENV NODE_ENV=production \
    PORTCULLIS_LISTEN=0.0.0.0:8080 \
    PORTCULLIS_DATA=/data
WORKDIR /etc/portcullis
VOLUME ["/data"]
EXPOSE 8080
USER 10001:10001
STOPSIGNAL SIGTERM

# Alive, not ready: a gate without a trust root says 503 on /readyz and must not be restarted for it.
HEALTHCHECK --interval=15s --timeout=5s --start-period=15s --retries=3 \
  CMD ["node", "-e", "const port = process.env.PORTCULLIS_LISTEN.split(':').pop(); require('node:http').get({ host: '127.0.0.1', port, path: '/healthz', agent: false }, answer => process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', error => { console.error(error.message); process.exit(1) })"]

ENTRYPOINT ["/usr/local/bin/portcullis"]
CMD ["serve"]
