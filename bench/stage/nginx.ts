import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, type Running, startServer, waitFor } from './processes.ts'

export interface Nginx extends Running {
  readonly url: string
  /** Puts a file where it is served. */
  serve(path: string, bytes: Buffer): void
}

export interface NginxOptions {
  readonly sendfile: 'on' | 'off'
  /** a gate that it stands in front of, and sends the stored files of: docker/nginx.conf */
  readonly front?: { readonly gate: string; readonly blobs: string }
}

/** Debian's nginx with Debian's settings (tcp_nopush, access log), one worker, the same files from disk. */
export async function startNginx(folder: string, options: NginxOptions): Promise<Nginx> {
  const root = join(folder, 'html')
  mkdirSync(root, { recursive: true })
  const config = join(folder, 'nginx.conf')
  const port = await freePort()
  writeFileSync(
    config,
    `daemon off;
${process.getuid?.() === 0 ? 'user root;\n' : ''}worker_processes 1;
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'error.log')};
events { worker_connections 4096; }
http {
  access_log ${join(folder, 'access.log')};
  client_body_temp_path ${join(folder, 'body')};
  proxy_temp_path ${join(folder, 'proxy')};
  fastcgi_temp_path ${join(folder, 'fastcgi')};
  uwsgi_temp_path ${join(folder, 'uwsgi')};
  scgi_temp_path ${join(folder, 'scgi')};
  sendfile ${options.sendfile};
  tcp_nopush on;
  keepalive_requests 1000000;
  default_type application/octet-stream;
  types { application/vnd.pypi.simple.v1+json json; }
${options.front === undefined ? '' : `  upstream gate { server ${new URL(options.front.gate).host}; keepalive 32; keepalive_requests 1000000; }\n`}
  server {
    listen 127.0.0.1:${port};
    location = /ready { root ${root}; }
${options.front === undefined ? `    root ${root};\n` : frontLocations(options.front.blobs)}  }
}
`,
  )
  writeFileSync(join(root, 'ready'), 'ready')
  const nginx = startServer('nginx', ['-p', folder, '-c', config], join(folder, 'nginx.log'))
  const url = `http://127.0.0.1:${port}`
  try {
    await waitFor(`${url}/ready`, 60, nginx)
  } catch (error) {
    await nginx.stop()
    throw error
  }
  return {
    ...nginx,
    url,
    serve(path, bytes) {
      mkdirSync(join(root, path, '..'), { recursive: true })
      writeFileSync(join(root, path), bytes)
    },
  }
}

/** As docker/nginx.conf has them. */
function frontLocations(blobs: string): string {
  return `    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Accel-Redirect "";
    proxy_buffering off;
    location / { proxy_pass http://gate; }
    location ~ "^/_blobs/([0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64})$" {
      internal;
      alias ${blobs}/$1;
      open_file_cache off;
      disable_symlinks on from=${blobs};
      etag off;
      if_modified_since off;
      add_header ETag $upstream_http_etag;
      max_ranges 1;
    }
`
}
