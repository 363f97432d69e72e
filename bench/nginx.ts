import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Running, startServer, waitFor } from './processes.ts'

export interface Nginx extends Running {
  readonly url: string
  /** Puts a file where it is served. */
  serve(path: string, bytes: Buffer): void
}

/** Debian's nginx with Debian's settings (sendfile, tcp_nopush, access log), one worker, the same files from disk. */
export async function startNginx(folder: string, port: number): Promise<Nginx> {
  const root = join(folder, 'html')
  mkdirSync(root, { recursive: true })
  const config = join(folder, 'nginx.conf')
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
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  default_type application/octet-stream;
  types { application/vnd.pypi.simple.v1+json json; }
  server { listen 127.0.0.1:${port}; root ${root}; }
}
`,
  )
  writeFileSync(join(root, 'ready'), 'ready')
  const running = startServer('nginx', ['-p', folder, '-c', config], join(folder, 'nginx.log'))
  const url = `http://127.0.0.1:${port}`
  try {
    await waitFor(`${url}/ready`, 10)
  } catch (error) {
    await running.stop()
    throw error
  }
  return {
    ...running,
    url,
    serve(path, bytes) {
      mkdirSync(join(root, path, '..'), { recursive: true })
      writeFileSync(join(root, path), bytes)
    },
  }
}
