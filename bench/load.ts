import { connect, type Socket } from 'node:net'
import { runClient } from './processes.ts'

export interface Load {
  /** requests a second */
  readonly rate: number
  /** answers that were neither 2xx nor 3xx, and socket errors */
  readonly failures: number
}

/** wrk on one thread: `connections` clients that ask as fast as they can for `seconds`. */
export async function runWrk(
  url: string,
  options: {
    readonly connections: number
    readonly seconds: number
    readonly headers?: Readonly<Record<string, string>>
  },
): Promise<Load> {
  const headers = Object.entries(options.headers ?? {}).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const words = ['-t1', `-c${options.connections}`, `-d${options.seconds}s`, ...headers, url]
  const text = await runClient('wrk', words)
  const rate = Number(/^Requests\/sec:\s+([\d.]+)/m.exec(text)?.[1] ?? Number.NaN)
  const refused = Number(/^\s*Non-2xx or 3xx responses: (\d+)/m.exec(text)?.[1] ?? 0)
  const errors = /^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/m.exec(text)?.slice(1) ?? []
  return { rate, failures: errors.reduce((sum, count) => sum + Number(count), refused) }
}

/** Seconds that curl takes for a whole file. */
export async function timeDownload(url: string): Promise<number> {
  const text = await runClient('curl', ['-sS', '--fail', '-o', '/dev/null', '-w', '%{time_total}', url])
  return Number(text)
}

/** Readers that ask for a file and then take nothing. */
export async function stallReaders(url: string, count: number): Promise<readonly Socket[]> {
  const { hostname, port, pathname } = new URL(url)
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => {})
      await new Promise(resolve => socket.once('connect', resolve))
      socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`)
      return socket.pause()
    }),
  )
  return sockets
}
